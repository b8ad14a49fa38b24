#include "common/channel/channel.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <unistd.h>
#include <zmq.hpp>

#include <gate/event.hpp>
#include <gate/limits.hpp>
#include <gate/loop.hpp>
#include <gate/sleep.hpp>
#include <gate/task.hpp>
#include <gate/timeout.hpp>

#include "common/protocol/gate2_own.hpp"
#include "common/transport/socket.hpp"
#include "common/transport/zmq_context.hpp"
#include "common/wire/gate2.hpp"
#include "common/wire/pacer.hpp"
#include "common/wire/piece_joiner.hpp"
#include "tests/support/open_descriptors.hpp"
#include "tests/support/patient_bind.hpp"
#include "tests/support/refusing_port.hpp"
#include "tests/support/sanitized.hpp"

using namespace gate;
using namespace std::chrono_literals;

namespace {

// Notes the reports of a channel as words. A test awaits them one by one.
class recorder final : public peer::channel::handler {
 public:
  void connected() override { add("connected"); }
  void ended(errc why, std::string_view text) override {
    status = why;
    reason = text;
    add("ended");
  }
  void received(const message& m) override {
    payload_bytes += m.payload.size_bytes();
    add(std::string(to_string(m.type)) + " " + std::to_string(static_cast<std::uint64_t>(m.call)));
    if (on_message) on_message(m);
  }
  void malformed(std::string_view why) override { add("malformed: " + std::string(why)); }
  void flushed() override { add("flushed"); }

  task<std::string> next() {
    while (events.empty()) {
      co_await more_.wait();
      more_.reset();
    }
    std::string first = std::move(events.front());
    events.pop_front();
    co_return first;
  }

  std::deque<std::string> events;
  errc status = errc::ok;
  std::string reason;
  std::size_t payload_bytes = 0;
  std::function<void(const message&)> on_message;

 private:
  void add(std::string what) {
    events.push_back(std::move(what));
    more_.set();
  }
  async_event more_;
};

peer::channel_options options_for(std::string endpoint) {
  peer::channel_options options;
  options.endpoint = std::move(endpoint);
  options.transport_heartbeat_interval = limits::transport_heartbeat_interval;
  options.transport_heartbeat_timeout = limits::transport_heartbeat_timeout;
  options.frame_bytes_max = limits::frame_bytes_max;
  options.out_queue_bytes_max = 1u << 20;
  options.messages_per_turn_max = limits::messages_per_turn_max;
  return options;
}

message numbered(std::uint64_t call, std::string_view payload = {}) {
  message m;
  m.type = message_type::part;
  m.call = call_id{call};
  m.payload = payload_view(payload);
  return m;
}

// The other end: a ROUTER on the same loop.
class router {
 public:
  router(loop& where, const std::string& endpoint)
      : socket_(where, peer::transport_context(), zmq::socket_type::router) {
    address = gate::test::patient_bind(socket_, endpoint);
  }
  task<std::size_t> receive() {
    co_await socket_.readable();
    const bool got = socket_.try_receive(frames);
    co_return got ? frames.size() : 0;
  }
  void answer(std::initializer_list<std::string_view> parts) {
    multipart out;
    out.add(frames[0].to_string_view());
    for (const std::string_view part : parts) out.add(part);
    REQUIRE(socket_.try_send(out) == send_result::sent);
  }
  std::vector<std::uint64_t> calls() const {
    const std::optional<bytes_view> payload =
        frames.size() > 2 ? std::optional<bytes_view>(frames[2].to_string_view()) : std::nullopt;
    wire::gate2::reader reader(frames[1].to_string_view(), payload);
    std::vector<std::uint64_t> found;
    message m;
    while (reader.next(m)) found.push_back(static_cast<std::uint64_t>(m.call));
    REQUIRE(reader.error() == wire::gate2::parse_error::none);
    return found;
  }
  std::string address;
  multipart frames;

 private:
  gate::socket socket_;
};

std::string envelope(std::uint64_t call) {
  std::string batch;
  wire::gate2::append(batch, numbered(call, "\xc0"));
  return batch;
}

std::string ipc_endpoint(const char* name) {
  return "ipc:///tmp/gate-channel-test-" + std::to_string(::getpid()) + "-" + name;
}

void run(loop& where, task<void> work) { where.run(with_timeout(20s, std::move(work))); }

task<void> expect(recorder& seen, std::string event) {
  const std::string next = co_await seen.next();
  REQUIRE(next == event);
}

task<void> connect_and_say(router& other, peer::channel& channel, recorder& seen) {
  channel.open();
  co_await expect(seen, "connected");
  channel.send(numbered(1));
  const std::size_t frames = co_await other.receive();
  REQUIRE(frames == 2);
}

}  // namespace

TEST_CASE("what is sent in one turn leaves as one batch, in order", "[channel]") {
  loop where;
  router other(where, "tcp://127.0.0.1:*");
  recorder seen;
  peer::channel channel(where, options_for(other.address), seen);
  const auto story = [&]() -> task<void> {
    channel.open();
    co_await expect(seen, "connected");
    for (std::uint64_t i = 1; i <= 100; ++i) channel.send(numbered(i, "\x01"));
    CHECK(channel.queued_bytes() > 0);
    const std::size_t frames = co_await other.receive();
    REQUIRE(frames == 2);
    const std::vector<std::uint64_t> calls = other.calls();
    REQUIRE(calls.size() == 100);
    CHECK(calls.front() == 1);
    CHECK(calls.back() == 100);
    CHECK(channel.queued_bytes() == 0);
  };
  run(where, story());
}

TEST_CASE("a batch that is full leaves at once and another is begun", "[channel]") {
  loop where;
  router other(where, "tcp://127.0.0.1:*");
  recorder seen;
  peer::channel channel(where, options_for(other.address), seen);
  const std::string payload(limits::batch_bytes_target / 2, 'x');
  const auto story = [&]() -> task<void> {
    channel.open();
    co_await expect(seen, "connected");
    for (std::uint64_t i = 1; i <= 3; ++i) channel.send(numbered(i, payload));
    const std::size_t first = co_await other.receive();
    REQUIRE(first == 2);
    CHECK(other.calls() == std::vector<std::uint64_t>{1, 2});
    const std::size_t second = co_await other.receive();
    REQUIRE(second == 2);
    CHECK(other.calls() == std::vector<std::uint64_t>{3});
  };
  run(where, story());
}

TEST_CASE("a large payload travels as a frame of its own and keeps its place in the order", "[channel]") {
  loop where;
  router other(where, "tcp://127.0.0.1:*");
  recorder seen;
  peer::channel channel(where, options_for(other.address), seen);
  const std::string large(limits::external_payload_bytes_min, 'x');
  const auto story = [&]() -> task<void> {
    channel.open();
    co_await expect(seen, "connected");
    channel.send(numbered(1, "a"));
    channel.send(numbered(2, large));
    channel.send(numbered(3, "b"));
    const std::size_t first = co_await other.receive();
    REQUIRE(first == 3);
    CHECK(other.frames[2].size() == large.size());
    CHECK(other.calls() == std::vector<std::uint64_t>{1, 2});
    const std::size_t second = co_await other.receive();
    REQUIRE(second == 2);
    CHECK(other.calls() == std::vector<std::uint64_t>{3});
    CHECK(channel.queued_bytes() == 0);
  };
  run(where, story());
}

TEST_CASE("received batches are reported envelope by envelope, and broken ones as malformed", "[channel]") {
  loop where;
  router other(where, "tcp://127.0.0.1:*");
  recorder seen;
  peer::channel channel(where, options_for(other.address), seen);
  const auto story = [&]() -> task<void> {
    co_await connect_and_say(other, channel, seen);
    other.answer({envelope(7) + envelope(8)});
    co_await expect(seen, "part 7");
    co_await expect(seen, "part 8");
    other.answer({envelope(9) + "rubbish"});
    co_await expect(seen, "part 9");
    const std::string broken = co_await seen.next();
    CHECK(broken.starts_with("malformed: "));
    other.answer({envelope(1), "x", "y"});
    const std::string many = co_await seen.next();
    CHECK(many.starts_with("malformed: "));
    other.answer({envelope(10)});
    co_await expect(seen, "part 10");
  };
  run(where, story());
}

TEST_CASE("an attempt to connect where nobody listens ends at once", "[channel]") {
  loop where;
  const test::refusing_port port;
  std::string endpoint;
  SECTION("tcp") { endpoint = port.endpoint(); }
  SECTION("ipc") { endpoint = ipc_endpoint("nobody"); }
  SECTION("a name that cannot be resolved") { endpoint = "tcp://no-such-host.invalid:5555"; }
  SECTION("an endpoint that makes no sense") { endpoint = "nonsense"; }
  recorder seen;
  peer::channel channel(where, options_for(endpoint), seen);
  const auto story = [&]() -> task<void> {
    channel.open();
    co_await expect(seen, "ended");
    CHECK(seen.reason.find(endpoint) != std::string::npos);
    CHECK(seen.events.empty());
  };
  run(where, story());
}

TEST_CASE("the end of the other side is reported once, after what it had sent", "[channel]") {
  loop where;
  const std::string endpoint = GENERATE(std::string("tcp://127.0.0.1:*"), ipc_endpoint("killed"));
  std::optional<router> other;
  other.emplace(where, endpoint);
  recorder seen;
  peer::channel channel(where, options_for(other->address), seen);
  const auto story = [&]() -> task<void> {
    co_await connect_and_say(*other, channel, seen);
    other->answer({envelope(5)});
    co_await expect(seen, "part 5");
    other.reset();
    co_await expect(seen, "ended");
    CHECK(seen.events.empty());
    channel.send(numbered(2));  // there is no connection: does nothing
    CHECK(channel.queued_bytes() == 0);
  };
  run(where, story());
}

TEST_CASE("a channel is opened again after its connection ended", "[channel]") {
  loop where;
  std::optional<router> other;
  other.emplace(where, "tcp://127.0.0.1:*");
  const std::string address = other->address;
  recorder seen;
  peer::channel channel(where, options_for(address), seen);
  const auto story = [&]() -> task<void> {
    co_await connect_and_say(*other, channel, seen);
    const std::string first_id = other->frames[0].to_string();
    other.reset();
    co_await expect(seen, "ended");
    other.emplace(where, address);
    co_await connect_and_say(*other, channel, seen);
    channel.open();  // the former socket is gone, without a report
    co_await expect(seen, "connected");
    CHECK(seen.events.empty());
  };
  run(where, story());
}

TEST_CASE("closing hands over what is queued, also from within a report", "[channel]") {
  loop where;
  router other(where, "tcp://127.0.0.1:*");
  recorder seen;
  peer::channel channel(where, options_for(other.address), seen);
  seen.on_message = [&](const message&) {
    channel.send(numbered(42));
    channel.close();
  };
  const auto story = [&]() -> task<void> {
    co_await connect_and_say(other, channel, seen);
    other.answer({envelope(1) + envelope(2)});
    co_await expect(seen, "part 1");
    const std::size_t frames = co_await other.receive();
    REQUIRE(frames == 2);
    CHECK(other.calls() == std::vector<std::uint64_t>{42});
    CHECK(seen.events.empty());  // not the second envelope
  };
  run(where, story());
}

TEST_CASE("a peer that does not read fills the out-queue, which reports when it has room again", "[channel]") {
  loop where;
  router other(where, "tcp://127.0.0.1:*");
  recorder seen;
  peer::channel channel(where, options_for(other.address), seen);
  const std::string payload(64u << 10, 'x');
  const auto story = [&]() -> task<void> {
    channel.open();
    co_await expect(seen, "connected");
    std::uint64_t sent = 0;
    while (channel.writable()) {
      channel.send(numbered(++sent, payload));
      co_await yield();
      REQUIRE(sent < 100'000);
    }
    CHECK(channel.queued_bytes() >= 1u << 20);
    seen.events.clear();  // the queue may have been over and under its limit before we looked
    channel.send(numbered(++sent, payload));
    std::uint64_t received = 0;
    while (received < sent) {
      const std::size_t frames = co_await other.receive();
      if (frames == 0) continue;
      for (const std::uint64_t call : other.calls()) REQUIRE(call == ++received);
    }
    co_await expect(seen, "flushed");
    CHECK(seen.events.empty());
    CHECK(channel.writable());
    CHECK(channel.queued_bytes() == 0);
  };
  run(where, story());
}

TEST_CASE("an inproc connection counts as connected without an event", "[channel]") {
  loop where;
  router other(where, "inproc://channel-test");
  recorder seen;
  peer::channel channel(where, options_for("inproc://channel-test"), seen);
  const auto story = [&]() -> task<void> {
    co_await connect_and_say(other, channel, seen);
    other.answer({envelope(3)});
    co_await expect(seen, "part 3");
  };
  run(where, story());
}

TEST_CASE("a connection costs its socket's descriptor and its own", "[channel]") {
  loop where;
  router other(where, "tcp://127.0.0.1:*");
  recorder seen;
  std::vector<std::unique_ptr<peer::channel>> channels;
  const auto story = [&]() -> task<void> {
    std::size_t before = 0;
    for (int i = 0; i < 20; ++i) {
      channels.push_back(std::make_unique<peer::channel>(where, options_for(other.address), seen));
      channels.back()->open();
      co_await expect(seen, "connected");
      channels.back()->send(numbered(1));
      const std::size_t frames = co_await other.receive();
      REQUIRE(frames == 2);
      if (i == 9) before = gate::test::open_descriptors();
    }
    // The other ends are in this process too, and libzmq closes an old monitor's sockets in the background.
    while (gate::test::open_descriptors() > before + std::size_t{10} * 3) co_await sleep_for(1ms);
  };
  run(where, story());
}

#ifndef GATE_TEST_SANITIZERS  // the sanitizer opens a pipe to look at an address
TEST_CASE("without descriptors an attempt ends with the reason, and the next one succeeds when there are some",
          "[channel]") {
  loop where;
  router other(where, "tcp://127.0.0.1:*");
  recorder seen;
  peer::channel channel(where, options_for(other.address), seen);
  const auto story = [&]() -> task<void> {
    for (std::size_t left = 0; left < 4; ++left) {
      INFO(left << " descriptors are left");
      const gate::test::scarce_descriptors few(left);
      channel.open();
      co_await expect(seen, "ended");
      CHECK(seen.reason.find("may have no more files open than its") != std::string::npos);
      CHECK(seen.status == errc::unavailable);
    }
    auto again = connect_and_say(other, channel, seen);
    co_await std::move(again);
  };
  run(where, story());
}
#endif

TEST_CASE("the end of a peer that had not read for long is noticed at once", "[channel]") {
  loop where;
  auto other = std::make_unique<router>(where, "tcp://127.0.0.1:*");
  recorder seen;
  auto options = options_for(other->address);
  options.out_queue_bytes_max = 64u << 20;
  peer::channel channel(where, options, seen);
  const std::string payload(limits::batch_bytes_target, 'x');
  const auto story = [&]() -> task<void> {
    channel.open();
    co_await expect(seen, "connected");
    while (channel.queued_bytes() < std::size_t{4} << 20) {
      channel.send(numbered(1, payload));
      co_await yield();
    }
    const instant before = where.now();
    other.reset();
    co_await expect(seen, "ended");
    CHECK(where.now() - before < 500ms);
    CHECK(seen.reason.find("is gone") != std::string::npos);
  };
  run(where, story());
}

namespace {

std::string welcome(std::uint32_t capabilities) {
  message m;
  m.type = message_type::welcome;
  m.version_min = m.version_max = gate2_version;
  m.capabilities = capabilities;
  m.heartbeat_interval = 1000ms;
  m.liveness = 3;
  std::string batch;
  wire::gate2::append(batch, m);
  return batch;
}

std::string marked(std::uint64_t position) {
  message m;
  m.type = wire::gate2::type_marked;
  m.offset = position;
  std::string batch;
  wire::gate2::append(batch, m);
  return batch;
}

// Reads at the other end and answers marks, until this many calls have arrived whole.
task<std::vector<std::uint64_t>> read_whole(router& other, std::size_t count, bool answers = true) {
  std::vector<std::uint64_t> calls;
  peer::piece_joiner joined;
  while (calls.size() < count) {
    const std::size_t frames = co_await other.receive();
    REQUIRE(frames == 2);
    const std::string batch = other.frames[1].to_string();
    wire::gate2::reader reader(batch);
    message m;
    while (reader.next(m)) {
      if (m.type == wire::gate2::type_mark) {
        if (answers) other.answer({marked(*m.offset)});
      } else if (m.type != wire::gate2::type_piece) {
        calls.push_back(static_cast<std::uint64_t>(m.call));
      } else if (joined.add(m, 1u << 30) == peer::piece_joiner::outcome::whole) {
        const std::string whole = joined.take();
        wire::gate2::reader inner(whole);
        message inside;
        while (inner.next(inside)) calls.push_back(static_cast<std::uint64_t>(inside.call));
      }
    }
    REQUIRE(reader.error() == wire::gate2::parse_error::none);
  }
  co_return calls;
}

}  // namespace

TEST_CASE("to a broker that knows of pieces what is large leaves in them, and what is small before", "[channel]") {
  loop where;
  router other(where, "tcp://127.0.0.1:*");
  recorder seen;
  peer::channel channel(where, options_for(other.address), seen);
  const auto story = [&]() -> task<void> {
    co_await connect_and_say(other, channel, seen);
    other.answer({welcome(wire::gate2::capability_pieces)});
    co_await expect(seen, "welcome 0");
    const std::string large(900'000, 'x');
    channel.send(numbered(2, large));
    message small;
    small.type = message_type::cancel;
    small.call = call_id{3};
    channel.send(small);
    CHECK(channel.queued_bytes() > large.size() / 2);
    const std::vector<std::uint64_t> calls = co_await read_whole(other, 2);
    CHECK(calls == std::vector<std::uint64_t>{3, 2});
    CHECK(channel.queued_bytes() == 0);
  };
  run(where, story());
}

TEST_CASE("what comes in pieces is reported whole, and marks are answered", "[channel]") {
  loop where;
  router other(where, "tcp://127.0.0.1:*");
  recorder seen;
  peer::channel channel(where, options_for(other.address), seen);
  const auto story = [&]() -> task<void> {
    co_await connect_and_say(other, channel, seen);
    const std::string whole = envelope(7);
    message piece;
    piece.type = wire::gate2::type_piece;
    piece.payload = bytes_view(whole).substr(0, 10);
    std::string first, rest;
    wire::gate2::append(first, piece);
    piece.payload = bytes_view(whole).substr(10);
    piece.flags = message_flag::end_of_parts;
    wire::gate2::append(rest, piece);
    message mark;
    mark.type = wire::gate2::type_mark;
    mark.offset = 77;
    wire::gate2::append(rest, mark);
    other.answer({welcome(wire::gate2::capability_pieces) + first + envelope(8)});
    other.answer({rest});
    co_await expect(seen, "welcome 0");
    co_await expect(seen, "part 8");
    co_await expect(seen, "part 7");
    const std::size_t frames = co_await other.receive();
    REQUIRE(frames == 2);
    CHECK(other.frames[1].to_string() == marked(77));
  };
  run(where, story());
}

TEST_CASE("a broker that sends pieces without having said so breaks the protocol", "[channel]") {
  loop where;
  router other(where, "tcp://127.0.0.1:*");
  recorder seen;
  peer::channel channel(where, options_for(other.address), seen);
  const auto story = [&]() -> task<void> {
    co_await connect_and_say(other, channel, seen);
    other.answer({welcome(capability::streams) + marked(1)});
    co_await expect(seen, "welcome 0");
    co_await expect(seen, "malformed: unknown_type");
  };
  run(where, story());
}

TEST_CASE("what waits in pieces leaves when the channel is closed", "[channel]") {
  loop where;
  router other(where, "tcp://127.0.0.1:*");
  recorder seen;
  peer::channel channel(where, options_for(other.address), seen);
  const auto story = [&]() -> task<void> {
    co_await connect_and_say(other, channel, seen);
    other.answer({welcome(wire::gate2::capability_pieces)});
    co_await expect(seen, "welcome 0");
    channel.send(numbered(2, std::string(900'000, 'x')));
    channel.close(5s);
    const std::vector<std::uint64_t> calls = co_await read_whole(other, 1, false);
    CHECK(calls == std::vector<std::uint64_t>{2});
  };
  run(where, story());
}
