// A routing id that passes from one peer to another between two steps of the broker.
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include "tests/unit/broker/login_fixture.hpp"

using namespace gate;
using namespace gate::test;
using namespace std::chrono_literals;

namespace {

// Lets a test act in the middle of the broker's turn: when a reply was read, and when all was read but nothing sent
// yet.
class interrupted_broker : public Broker {
 public:
  using Broker::Broker;
  void bind(loop& where) {
    at_end_ = where.at_turn_end([this] {
      if (answered_) once(before_sending);
    });
    Broker::bind(where);
  }
  std::function<void()> when_answered, before_sending;

 private:
  static void once(std::function<void()>& step) {
    if (step) std::exchange(step, nullptr)();
  }
  void on_request_done(const request_record& /*request*/) override {
    answered_ = true;
    once(when_answered);
  }

  bool answered_ = false;
  turn_hook at_end_;
};

prepare_socket named(const std::string& id, const prepare_socket& more) {
  return [=](zmq::socket_t& s) {
    s.set(zmq::sockopt::routing_id, id);
    more(s);
  };
}

std::string hello() {
  message m;
  m.type = message_type::hello;
  m.version_min = m.version_max = gate2_version;
  m.role = peer_role::client;
  std::string raw;
  wire::gate2::append(raw, m);
  return raw;
}

}  // namespace

// While the broker is about to send, libzmq gives a routing id to the next peer that asks for it.
TEST_CASE("an answer does not reach who took the routing id of its caller just now", "[broker][security]") {
  const login_files files;
  broker_options options = files.options("plain");
  options.heartbeat_interval = 300s;  // the worker here sends none
  running_broker<interrupted_broker> broker(options);
  const std::string& at = broker.frontend();
  raw_peer worker(at, {}, 1000, {}, plain("bob", "bob's"));
  worker.hello_as_worker("echo");
  std::optional<raw_peer> caller(std::in_place, at, "caller", 1000, plain_login{"alice", "alice's"});
  caller->hello_as_client();
  caller->request(1, "echo", "say");
  const received_message asked = worker.expect(message_type::request);

  std::promise<void> armed, stolen;
  std::optional<login_peer> thief;
  broker.post([&](interrupted_broker& b) {
    b.when_answered = [&] {
      // So many events that the caller's end is not among the first.
      for (int i = 0; i < 100; ++i) CHECK(comes_in(at, plain("bob", "bob's")));
      caller.reset();
      CHECK(comes_in(at, plain("bob", "bob's")));  // handled after the end: the transport has noticed it by now
    };
    b.before_sending = [&] {
      thief.emplace(at, named("caller", plain("bob", "bob's")));
      CHECK(thief->next().end == handshake::kind::succeeded);
      stolen.set_value();
    };
    armed.set_value();
  });
  armed.get_future().get();
  worker.final(asked->call, "\xa6secret");
  stolen.get_future().get();
  thief->socket().send(zmq::buffer(hello()));
  thief->socket().set(zmq::sockopt::rcvtimeo, 10'000);
  zmq::message_t first;
  REQUIRE(thief->socket().recv(first));
  message heard;
  REQUIRE(wire::gate2::reader(bytes_view(first.data<char>(), first.size()), std::nullopt).next(heard));
  CHECK(heard.type == message_type::welcome);
}
