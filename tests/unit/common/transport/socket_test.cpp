#include "common/transport/socket.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/loop.hpp>
#include <gate/sleep.hpp>
#include <gate/task_group.hpp>
#include <gate/timeout.hpp>

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using gate::loop;
using gate::multipart;
using gate::send_result;
using gate::task;
using type = zmq::socket_type;

namespace {

// A loop with a context and a connected pair of sockets.
class wire {
 public:
  wire(type server_type, type client_type, const std::string& endpoint = "tcp://127.0.0.1:*")
      : server(here, context, server_type), client(here, context, client_type) {
    server.raw().set(zmq::sockopt::sndhwm, 10);
    client.raw().set(zmq::sockopt::rcvhwm, 10);
    if (server_type == type::router) server.raw().set(zmq::sockopt::router_mandatory, true);
    client.connect(server.bind(endpoint));
  }
  loop here;
  zmq::context_t context;
  gate::socket server;
  gate::socket client;
};

multipart message_of(std::initializer_list<std::string_view> frames) {
  multipart message;
  for (const std::string_view frame : frames) message.add(frame);
  return message;
}

task<void> receive(gate::socket& from, multipart& into) {
  bool received = false;
  while (!received) {
    co_await from.readable();
    received = from.try_receive(into);
  }
}

}  // namespace

TEST_CASE("a reader that takes nothing when it is told of a message is told again", "[async]") {
  wire w(type::router, type::dealer);
  const auto body = [&w]() -> task<void> {
    multipart got;
    CHECK_FALSE(w.server.try_receive(got));
    multipart message = message_of({"", "hello"});
    CHECK(w.client.try_send(message) == send_result::sent);
    for (int told = 0; told < 3; ++told) co_await w.server.readable();
    CHECK(w.server.try_receive(got));
  };
  w.here.run(gate::with_timeout(10s, body()));
}

TEST_CASE("a message crosses over, frame by frame, and an answer comes back", "[async]") {
  for (const std::string endpoint : {"tcp://127.0.0.1:*", "inproc://socket-test"}) {
    wire w(type::router, type::dealer, endpoint);
    const auto body = [&w]() -> task<void> {
      multipart question =
          message_of({"", "hello", "a frame that is too long to be held inside of the message itself"});
      CHECK(w.client.try_send(question) == send_result::sent);
      CHECK(question.empty());
      multipart got;
      co_await receive(w.server, got);
      REQUIRE(got.size() == 4);
      CHECK(got[1].size() == 0);
      CHECK(got[2].to_string_view() == "hello"sv);
      CHECK(got[3].size() == 64);
      CHECK(got.excess() == 0);
      CHECK_FALSE(w.server.try_receive(question));
      CHECK(w.server.try_send(got) == send_result::sent);
      co_await receive(w.client, got);
      REQUIRE(got.size() == 3);
      CHECK(got[1].to_string_view() == "hello"sv);
    };
    w.here.run(body());
  }
}

TEST_CASE("the connection that a message came by is known", "[async]") {
  wire w(type::router, type::dealer);
  const auto body = [&w]() -> task<void> {
    zmq::message_t frame("x"sv);
    CHECK(w.client.try_send(frame) == send_result::sent);
    multipart got;
    co_await receive(w.server, got);
    CHECK(got.source_fd() > 2);
    CHECK(got.property("Peer-Address") == "127.0.0.1"sv);
    CHECK(got.property("User-Id").empty());
    CHECK(got.property("Nonsense").empty());
  };
  w.here.run(body());
  CHECK(multipart().source_fd() == -1);
}

TEST_CASE("frames beyond the bound are counted and discarded, and the next message is whole", "[async]") {
  wire w(type::pull, type::push);
  const auto body = [&w]() -> task<void> {
    multipart large(2000);
    for (int i = 0; i < 1000; ++i) large.add("frame"sv);
    CHECK(w.client.try_send(large) == send_result::sent);
    large = message_of({"next"});
    CHECK(w.client.try_send(large) == send_result::sent);
    multipart got(10);
    co_await receive(w.server, got);
    CHECK(got.size() == 10);
    CHECK(got.excess() == 990);
    co_await receive(w.server, got);
    CHECK(got.size() == 1);
    CHECK(got.excess() == 0);
    CHECK(got.bytes() == 4);
  };
  w.here.run(body());
}

TEST_CASE("a send to nobody, and to a peer who does not read, says so and keeps the message whole", "[async]") {
  wire w(type::router, type::dealer);
  const auto body = [&w]() -> task<void> {
    multipart to_nobody = message_of({"nobody", "text"});
    CHECK(w.server.try_send(to_nobody) == send_result::unreachable);
    CHECK(to_nobody.size() == 2);
    CHECK(to_nobody[0].to_string_view() == "nobody"sv);

    zmq::message_t hello("hello"sv);
    CHECK(w.client.try_send(hello) == send_result::sent);
    multipart got;
    co_await receive(w.server, got);
    const std::string id = got[0].to_string();
    const std::string bulk(100'000, 'b');
    send_result result = send_result::sent;
    int sent = 0;
    while (result == send_result::sent && sent < 100'000) {
      multipart large = message_of({id, bulk});
      result = w.server.try_send(large);
      if (result == send_result::sent) {
        ++sent;
      } else {
        CHECK(large.size() == 2);
        CHECK(large[1].size() == bulk.size());
      }
    }
    CHECK(result == send_result::would_block);
    // The peer reads again: all sent messages arrive, each whole, and there is room again.
    int received = 0;
    while (received < sent) {
      co_await receive(w.client, got);
      CHECK(got.size() == 1);
      ++received;
    }
    // The transport's own thread makes the room, and there is no wait for a ROUTER's room: tries again and again.
    multipart again = message_of({id, "again"});
    while (w.server.try_send(again) == send_result::would_block) co_await gate::yield();
    co_await receive(w.client, got);
    CHECK(got[0].to_string_view() == "again"sv);
  };
  w.here.run(body());
}

TEST_CASE("writable waits until there is somebody with room", "[async]") {
  loop here;
  zmq::context_t context;
  gate::socket client(here, context, type::dealer);
  gate::socket server(here, context, type::dealer);
  const auto body = [&]() -> task<void> {
    zmq::message_t frame("x"sv);
    CHECK(client.try_send(frame) == send_result::would_block);
    CHECK(frame.size() == 1);
    const gate::env around = co_await gate::current_env();
    gate::task_group group(around);
    const auto sends = [](gate::socket& by, zmq::message_t& what) -> task<void> {
      co_await by.writable();
      CHECK(by.try_send(what) == send_result::sent);
    };
    group.spawn(sends(client, frame));
    co_await gate::sleep_for(1ms);
    CHECK(group.size() == 1);
    const std::string endpoint = server.bind("tcp://127.0.0.1:*");
    client.connect(endpoint);
    co_await group.join();
    multipart got;
    co_await receive(server, got);
    CHECK(got[0].to_string_view() == "x"sv);
  };
  here.run(body());
}

TEST_CASE("no wake-up is lost when another coroutine sends on the socket that is waited for", "[async]") {
  wire w(type::dealer, type::dealer);
  constexpr int rounds = 400;
  const auto echo = [](gate::socket& s) -> task<void> {
    multipart message;
    for (int i = 0; i < rounds; ++i) {
      co_await receive(s, message);
      while (s.try_send(message) != send_result::sent) co_await s.writable();
    }
  };
  const auto chatter = [](gate::socket& s, const bool& stop) -> task<void> {
    while (!stop) {
      zmq::message_t noise("noise"sv);
      s.try_send(noise);  // processes incoming messages, and so resets the descriptor
      co_await gate::yield();
    }
  };
  const auto body = [&]() -> task<void> {
    const gate::env around = co_await gate::current_env();
    gate::task_group group(around);
    bool stop = false;
    group.spawn(echo(w.server));
    group.spawn(chatter(w.client, stop));
    multipart got;
    for (int i = 0; i < rounds; ++i) co_await receive(w.client, got);
    stop = true;
    co_await group.join();
  };
  w.here.run(gate::with_timeout(30s, body()));
}

TEST_CASE("a wait for a socket can be cancelled, destroyed, and outlive the socket", "[async]") {
  loop here;
  zmq::context_t context;
  auto lonely = std::make_unique<gate::socket>(here, context, type::dealer);
  const auto waits = [](gate::socket& s) -> task<void> { co_await s.readable(); };
  CHECK_THROWS_AS(here.run(gate::with_timeout(1ms, waits(*lonely))), gate::timed_out);
  const auto body = [&]() -> task<void> {
    const gate::env around = co_await gate::current_env();
    {
      gate::task_group destroyed(around);
      destroyed.spawn(waits(*lonely));
      co_await gate::yield();
    }
    gate::task_group group(around);
    group.spawn(waits(*lonely));
    co_await gate::yield();
    lonely.reset();
    co_await gate::sleep_for(1ms);
    CHECK(group.size() == 1);
    group.cancel();
    co_await group.join();
  };
  here.run(body());
}

TEST_CASE("a socket that is always readable starves no other coroutine", "[async]") {
  wire w(type::pull, type::push, "inproc://busy");
  const auto body = [&w]() -> task<void> {
    const gate::env around = co_await gate::current_env();
    gate::task_group group(around);
    int received = 0;
    const auto reads = [](gate::socket& s, int& count) -> task<void> {
      multipart message;
      for (;;) {
        co_await s.readable();
        if (s.try_receive(message)) ++count;
        if (s.try_receive(message)) ++count;
        message = message_of({"x"});
      }
    };
    for (int i = 0; i < 10; ++i) {
      multipart message = message_of({"x"});
      CHECK(w.client.try_send(message) == send_result::sent);
    }
    group.spawn(reads(w.server, received));
    co_await gate::yield();
    co_await gate::yield();
    co_await gate::yield();
    CHECK(received < 10);
    while (received < 10) co_await gate::yield();
    group.cancel();
    co_await group.join();
  };
  w.here.run(gate::with_timeout(30s, body()));
}

TEST_CASE("binding an address in use, or one that is none, throws", "[async]") {
  loop here;
  zmq::context_t context;
  gate::socket first(here, context, type::router);
  gate::socket second(here, context, type::router);
  const std::string endpoint = first.bind("tcp://127.0.0.1:*");
  CHECK(endpoint.find('*') == std::string::npos);
  CHECK_THROWS_AS(second.bind(endpoint), zmq::error_t);
  CHECK_THROWS_AS(second.bind("nonsense"), zmq::error_t);
  CHECK_THROWS_AS(second.connect("tcp://"), zmq::error_t);
}
