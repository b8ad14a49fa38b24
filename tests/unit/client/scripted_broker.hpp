#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <catch2/catch.hpp>

#include <gate/loop.hpp>
#include <gate/protocol.hpp>
#include <gate/task.hpp>
#include <gate/task_group.hpp>
#include <gate/timeout.hpp>
#include <gate/value.hpp>

#include "common/protocol/gate2_own.hpp"
#include "common/transport/socket.hpp"
#include "common/transport/zmq_context.hpp"
#include "common/wire/gate2.hpp"
#include "tests/support/patient_bind.hpp"

namespace gate::test {

// A message that owns those of its texts that the tests read.
struct heard {
  explicit heard(const message& m, std::string_view from)
      : peer(from),
        type(m.type),
        flags(m.flags),
        call(m.call),
        service(m.service),
        method(m.method),
        payload(m.payload.single()),
        metadata(m.metadata.encoded()),
        budget(m.budget),
        attempt(m.attempt),
        credit_items(m.credit_items),
        credit_bytes(m.credit_bytes),
        status(m.status),
        accept(m.accept),
        encoding(m.encoding),
        total(m.total_bytes),
        offset(m.offset),
        checksum(m.checksum),
        content(m.content),
        etag(m.etag) {}
  bool has(std::uint8_t flag) const noexcept { return (flags & flag) != 0; }

  std::string peer;
  message_type type;
  std::uint8_t flags;
  call_id call;
  std::string service, method, payload, metadata;
  std::optional<std::chrono::milliseconds> budget;
  std::uint32_t attempt, credit_items, credit_bytes;
  errc status;
  std::uint8_t accept, encoding;
  std::optional<std::uint64_t> total, offset, checksum;
  std::optional<huge_content> content;
  std::string etag;
};

// The broker's end of a client's connection, played by the test. A ROUTER on the test's loop answers each hello with a
// welcome and passes all other messages to the test. Only the test answers those.
class scripted_broker {
 public:
  explicit scripted_broker(loop& where, const std::string& endpoint = "tcp://127.0.0.1:*")
      : socket_(where, peer::transport_context(), zmq::socket_type::router) {
    address_ = test::patient_bind(socket_, endpoint);
  }
  const std::string& address() const noexcept { return address_; }
  bool welcomes = true;
  errc refuses = errc::ok;  // otherwise a hello is answered by a bye with this status
  std::uint64_t payload_bytes_max = 1u << 20;
  std::uint32_t capabilities = capability::streams;
  std::size_t hellos = 0;
  // The peer that said hello last.
  const std::string& last_peer() const noexcept { return last_peer_; }

  // The next message that is neither hello nor heartbeat.
  task<heard> next() {
    while (heard_.empty()) {
      co_await socket_.readable();
      while (socket_.try_receive(frames_)) take();
    }
    heard first = std::move(heard_.front());
    heard_.pop_front();
    co_return first;
  }
  // The next message cancels that call.
  task<void> hears_cancel(const heard& call) {
    const heard cancel = co_await next();
    CHECK(cancel.type == message_type::cancel);
    CHECK(cancel.call == call.call);
  }
  // Serves hellos until there has been another one.
  task<void> welcome_one() {
    const std::size_t before = hellos;
    while (hellos == before) {
      co_await socket_.readable();
      while (socket_.try_receive(frames_)) take();
    }
  }

  void say(const std::string& peer, const message& m) {
    multipart out;
    out.add(std::string_view(peer));
    std::string batch;
    wire::gate2::append(batch, m);
    out.add(std::string_view(batch));
    const send_result result = socket_.try_send(out);
    GATE_ASSERT(result == send_result::sent);
  }
  // Sends the envelope of a message in two pieces; only the first piece if `whole` is false.
  void say_in_pieces(const std::string& peer, const message& m, bool whole) {
    std::string envelope;
    wire::gate2::append(envelope, m);
    message piece;
    piece.type = wire::gate2::type_piece;
    piece.payload = bytes_view(envelope).substr(0, envelope.size() / 2);
    say(peer, piece);
    if (!whole) return;
    piece.flags = message_flag::end_of_parts;
    piece.payload = bytes_view(envelope).substr(envelope.size() / 2);
    say(peer, piece);
  }
  template <class T> void finish(const heard& request, const T& result) {
    answer(message_type::final, request, encode(result));
  }
  void end_stream(const heard& request) {
    message m;
    m.type = message_type::final;
    m.flags = message_flag::no_payload;
    m.call = request.call;
    say(request.peer, m);
  }
  template <class T> void part(const heard& request, const T& item) {
    answer(message_type::part, request, encode(item));
  }
  void credit(const heard& request, std::uint32_t items) {
    message m;
    m.type = message_type::credit;
    m.call = request.call;
    m.credit_items = items;
    m.credit_bytes = 1u << 20;
    say(request.peer, m);
  }
  void fail(const heard& request, errc status, std::string_view text, std::string_view remote_type = {}) {
    message m;
    m.type = message_type::error;
    m.call = request.call;
    m.status = status;
    m.text = text;
    m.remote_type = remote_type;
    m.origin = origin::worker;
    say(request.peer, m);
  }

 private:
  void answer(message_type type, const heard& request, const std::string& payload) {
    message m;
    m.type = type;
    m.call = request.call;
    m.payload = payload_view(bytes_view(payload));
    say(request.peer, m);
  }
  void take() {
    const std::string peer = frames_[0].to_string();
    const std::optional<bytes_view> external =
        frames_.size() > 2 ? std::optional<bytes_view>(frames_[2].to_string_view()) : std::nullopt;
    wire::gate2::reader reader(frames_[1].to_string_view(), external);
    message m;
    while (reader.next(m)) {
      if (m.type == message_type::hello) {
        ++hellos;
        last_peer_ = peer;
        if (refuses != errc::ok)
          refuse(peer);
        else if (welcomes)
          welcome(peer);
      } else if (m.type != message_type::heartbeat) {
        heard_.emplace_back(m, peer);
      }
    }
    GATE_ASSERT(reader.error() == wire::gate2::parse_error::none);
  }
  void refuse(const std::string& peer) {
    message m;
    m.type = message_type::bye;
    m.status = refuses;
    m.text = "refused by the script";
    say(peer, m);
  }
  void welcome(const std::string& peer) {
    message m;
    m.type = message_type::welcome;
    m.version_min = m.version_max = gate2_version;
    m.capabilities = capabilities;
    m.heartbeat_interval = std::chrono::seconds(10);
    m.liveness = 3;
    m.payload_bytes_max = payload_bytes_max;
    m.name = "scripted";
    say(peer, m);
  }

  socket socket_;
  std::string address_;
  std::string last_peer_;
  multipart frames_;
  std::deque<heard> heard_;
};

// Runs the caller and the broker's script side by side.
inline void play(loop& where, task<void> caller, task<void> script, duration at_most = std::chrono::seconds(20)) {
  const auto both = [](task<void> a, task<void> b) -> task<void> {
    const env here = co_await current_env();
    task_group group(here);
    group.spawn(std::move(a));
    group.spawn(std::move(b));
    co_await group.join();
  };
  where.run(with_timeout(at_most, both(std::move(caller), std::move(script))));
}

}  // namespace gate::test
