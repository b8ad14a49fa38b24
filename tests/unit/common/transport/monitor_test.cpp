#include "common/transport/monitor.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/event.hpp>
#include <gate/loop.hpp>
#include <gate/timeout.hpp>

#include "common/transport/socket.hpp"

using namespace std::chrono_literals;
using gate::connection_event;
using gate::loop;
using gate::task;
using kind = connection_event::kind;

namespace {

// Keeps the events of a socket, and wakes the coroutine that waits for one.
class witness {
 public:
  witness(zmq::context_t& context, gate::socket& watched)
      : monitor_(context, watched, [this](const connection_event& event) {
          events_.push_back(event);
          news_.notify_all();
        }) {}
  task<connection_event> next(kind what) {
    for (;;) {
      const auto found =
          std::find_if(events_.begin(), events_.end(), [what](const auto& event) { return event.what == what; });
      if (found != events_.end()) {
        connection_event event = *found;
        events_.erase(events_.begin(), found + 1);
        co_return event;
      }
      co_await news_.wait();
    }
  }

 private:
  std::vector<connection_event> events_;
  gate::async_event news_;
  gate::monitor monitor_;
};

}  // namespace

TEST_CASE("a ROUTER hears of peers that come and go, by descriptor", "[async]") {
  loop here;
  zmq::context_t context;
  gate::socket server(here, context, zmq::socket_type::router);
  witness seen(context, server);
  const auto body = [&]() -> task<void> {
    const std::string endpoint = server.bind("tcp://127.0.0.1:*");
    const auto listening = co_await seen.next(kind::listening);
    CHECK(listening.endpoint == endpoint);
    auto client = std::make_unique<gate::socket>(here, context, zmq::socket_type::dealer);
    client->connect(endpoint);
    const auto accepted = co_await seen.next(kind::accepted);
    CHECK(accepted.descriptor > 2);
    co_await seen.next(kind::handshake_succeeded);
    zmq::message_t frame(std::string("x"));
    CHECK(client->try_send(frame) == gate::send_result::sent);
    gate::multipart message;
    co_await server.readable();
    CHECK(server.try_receive(message));
    CHECK(message.source_fd() == accepted.descriptor);
    client.reset();
    const auto gone = co_await seen.next(kind::disconnected);
    CHECK(gone.descriptor == accepted.descriptor);
  };
  here.run(gate::with_timeout(30s, body()));
}

TEST_CASE("a client hears that its connection was made, refused, or lost", "[async]") {
  loop here;
  zmq::context_t context;
  auto server = std::make_unique<gate::socket>(here, context, zmq::socket_type::router);
  const std::string endpoint = server->bind("tcp://127.0.0.1:*");
  gate::socket client(here, context, zmq::socket_type::dealer);
  client.raw().set(zmq::sockopt::reconnect_ivl, -1);
  witness seen(context, client);
  const auto body = [&]() -> task<void> {
    client.connect(endpoint);
    const auto connected = co_await seen.next(kind::connected);
    CHECK(connected.descriptor > 2);
    CHECK(connected.endpoint == endpoint);
    co_await seen.next(kind::handshake_succeeded);
    server.reset();
    const auto lost = co_await seen.next(kind::disconnected);
    CHECK(lost.descriptor == connected.descriptor);
    gate::socket other(here, context, zmq::socket_type::dealer);
    other.raw().set(zmq::sockopt::reconnect_ivl, -1);
    witness refused(context, other);
    other.connect(endpoint);
    co_await refused.next(kind::closed);
  };
  here.run(gate::with_timeout(30s, body()));
}

TEST_CASE("a peer that fails the handshake is reported", "[async]") {
  loop here;
  zmq::context_t context;
  gate::socket server(here, context, zmq::socket_type::router);
  witness seen(context, server);
  const auto body = [&]() -> task<void> {
    server.raw().set(zmq::sockopt::plain_server, true);
    const std::string endpoint = server.bind("tcp://127.0.0.1:*");
    gate::socket stranger(here, context, zmq::socket_type::dealer);  // sends no password
    stranger.connect(endpoint);
    const auto failed = co_await seen.next(kind::handshake_failed_protocol);
    CHECK(failed.value != 0);
  };
  here.run(gate::with_timeout(30s, body()));
}

TEST_CASE("a bind that fails is reported", "[async]") {
  loop here;
  zmq::context_t context;
  gate::socket first(here, context, zmq::socket_type::router);
  gate::socket second(here, context, zmq::socket_type::router);
  witness seen(context, second);
  const auto body = [&]() -> task<void> {
    const std::string endpoint = first.bind("tcp://127.0.0.1:*");
    CHECK_THROWS_AS(second.bind(endpoint), zmq::error_t);
    const auto failed = co_await seen.next(kind::bind_failed);
    CHECK(failed.value == EADDRINUSE);
  };
  here.run(gate::with_timeout(30s, body()));
}
