// The transport of the other dialects. A test plays the session, and a ROUTER plays the broker.
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <zmq.hpp>

#include <gate/limits.hpp>
#include <gate/loop.hpp>
#include <gate/sleep.hpp>
#include <gate/task.hpp>

#include "common/channel/channel.hpp"
#include "common/dialects/foreign_broker.hpp"
#include "common/transport/zmq_context.hpp"

using namespace std::chrono_literals;
using namespace gate;

namespace {

using frames = std::vector<std::string>;

// A dialect of two frames: sends method and payload, reads two frames as a request, and answers each heartbeat with
// one.
class two_frames final : public peer::foreign_broker {
 public:
  std::string begin() override { return "peer"; }
  void say(const message& m, wire::frame_list& out) override {
    if (m.type == message_type::heartbeat) {
      ++owed_;
      return;
    }
    out.add(m.method);
    out.add(m.payload.single());
    out.end_message();
  }
  void hear(wire::frames_view heard, wire::frame_list&) override {
    request_ = message();
    request_.type = message_type::request;
    request_.method = heard.front();
    request_.payload = heard.back();
    ++owed_requests_;
  }
  bool next(message& m) override {
    if (owed_requests_ > 0) {
      --owed_requests_;
      m = request_;
      return true;
    }
    if (owed_ == 0) return false;
    --owed_;
    m = message();
    m.type = message_type::heartbeat;
    return true;
  }
  bool has_next() const noexcept override { return owed_ + owed_requests_ > 0; }

 private:
  message request_;
  int owed_ = 0, owed_requests_ = 0;
};

struct fixture : peer::channel::handler {
  explicit fixture(loop& where, std::size_t out_queue_bytes_max = 1u << 20)
      : where_(where), router(context, zmq::socket_type::router) {
    router.bind("tcp://127.0.0.1:*");
    peer::channel_options o;
    o.endpoint = router.get(zmq::sockopt::last_endpoint);
    o.frame_bytes_max = 1u << 20;
    o.out_queue_bytes_max = out_queue_bytes_max;
    o.messages_per_turn_max = 256;
    channel.emplace(where, o, *this, std::make_unique<two_frames>());
  }

  void connected() override { is_connected = true; }
  void ended(errc, std::string_view) override { ++ends; }
  void received(const message& m) override {
    CHECK_FALSE(sending);
    got.push_back({std::string(to_string(m.type)), std::string(m.method), std::string(m.payload.single())});
    if (on_received) on_received();
  }
  void malformed(std::string_view) override { ++malformations; }
  void flushed() override { ++flushes; }

  void send(message_type type, std::string_view method, std::string_view payload) {
    message m;
    m.type = type;
    m.method = method;
    m.payload = payload;
    sending = true;
    channel->send(m);
    sending = false;
  }
  // Returns a message that arrived at the ROUTER, with the routing id in front.
  std::optional<frames> at_broker() {
    frames all;
    zmq::message_t frame;
    while (router.recv(frame, zmq::recv_flags::dontwait)) {
      all.push_back(frame.to_string());
      if (!frame.more()) return all;
    }
    return std::nullopt;
  }
  void from_broker(const frames& message) {
    router.send(zmq::buffer(std::string("peer")), zmq::send_flags::sndmore);
    for (std::size_t i = 0; i < message.size(); ++i) {
      router.send(zmq::buffer(message[i]), i + 1 < message.size() ? zmq::send_flags::sndmore : zmq::send_flags::none);
    }
  }

  loop& where_;
  zmq::context_t context;
  zmq::socket_t router;
  std::optional<peer::channel> channel;
  bool is_connected = false, sending = false;
  int ends = 0, malformations = 0, flushes = 0;
  std::vector<frames> got;
  std::function<void()> on_received;
};

task<void> until(std::function<bool()> holds) {
  const auto end = std::chrono::steady_clock::now() + 30s;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("it did not happen");
    co_await sleep_for(1ms);
  }
}

frames at_broker(loop& here, fixture& f) {
  std::optional<frames> message;
  here.run(until([&] {
    message = f.at_broker();
    return message.has_value();
  }));
  return *message;
}

void connect(loop& here, fixture& f) {
  f.channel->open();
  here.run(until([&] { return f.is_connected; }));
}

}  // namespace

TEST_CASE("messages of several frames travel in both directions, in order", "[peer]") {
  loop here;
  fixture f(here);
  connect(here, f);
  for (int i = 0; i < 100; ++i) f.send(message_type::request, "m", std::to_string(i));
  for (int i = 0; i < 100; ++i) CHECK(at_broker(here, f) == frames{"peer", "m", std::to_string(i)});
  f.from_broker({"a", "b"});
  f.from_broker({"c", "d"});
  here.run(until([&] { return f.got.size() == 2; }));
  CHECK(f.got == std::vector<frames>{{"request", "a", "b"}, {"request", "c", "d"}});
}

TEST_CASE("what comes of a message that is sent is told later, never while it is being sent", "[peer]") {
  loop here;
  fixture f(here);
  connect(here, f);
  f.send(message_type::heartbeat, "", "");
  CHECK(f.got.empty());
  here.run(until([&] { return !f.got.empty(); }));
  // A message that is sent while another is being received.
  f.on_received = [&] {
    if (f.got.size() < 4) f.send(message_type::heartbeat, "", "");
  };
  f.send(message_type::request, "m", "");
  at_broker(here, f);  // from now on it knows the routing id to answer to
  f.from_broker({"a", "b"});
  here.run(until([&] { return f.got.size() == 4; }));
}

TEST_CASE("a message of too many frames is told as malformed, and the next one is read", "[peer]") {
  loop here;
  fixture f(here);
  connect(here, f);
  f.send(message_type::request, "m", "");
  at_broker(here, f);
  f.from_broker(frames(limits::frames_max + 1, "x"));
  f.from_broker({"a", "b"});
  here.run(until([&] { return f.got.size() == 1; }));
  CHECK(f.malformations == 1);
}

TEST_CASE("what the transport does not take waits, is counted, and is told when it has left", "[peer]") {
  loop here;
  fixture f(here, 100'000);
  connect(here, f);
  const std::string large(50'000, 'x');
  constexpr int messages = 4000;  // more than libzmq and the kernel hold together
  for (int i = 0; i < messages; ++i) f.send(message_type::request, std::to_string(i), large);
  CHECK_FALSE(f.channel->writable());
  for (int i = 0; i < messages; ++i) {
    const frames message = at_broker(here, f);
    REQUIRE(message.at(1) == std::to_string(i));
  }
  here.run(until([&] { return f.flushes == 1; }));
  CHECK(f.channel->queued_bytes() == 0);
  CHECK(f.channel->writable());
}

TEST_CASE("what was sent before closing still leaves", "[peer]") {
  loop here;
  fixture f(here);
  connect(here, f);
  f.send(message_type::request, "last", "words");
  f.channel->close();
  CHECK(at_broker(here, f) == frames{"peer", "last", "words"});
}
