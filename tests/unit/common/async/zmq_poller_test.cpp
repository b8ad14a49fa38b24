#include "common/async/zmq_poller.hpp"

#include <chrono>
#include <string>

#include <catch2/catch.hpp>
#include <zmq.hpp>

using namespace gate;

namespace {

// Two ends of an inproc pair; one of them is watched.
struct watched_pair {
  watched_pair() : here(context, zmq::socket_type::pair), there(context, zmq::socket_type::pair), waits(clock) {
    here.bind("inproc://pair");
    there.connect("inproc://pair");
    item.socket = here.handle();
    item.wanted = poller::interest::read;
    item.on_event = [this] { ++found; };
    waits.add(item);
  }
  ~watched_pair() { waits.remove(item); }

  // Looks once. Returns how often the socket was found ready.
  int look() {
    found = 0;
    waits.wait(instant::min());
    return found;
  }
  void send() { there.send(zmq::str_buffer("news"), zmq::send_flags::dontwait); }
  void receive() {
    zmq::message_t message;
    REQUIRE(here.recv(message, zmq::recv_flags::dontwait).has_value());
  }
  // Any use of a socket also resets its descriptor.
  void use() { (void)here.get(zmq::sockopt::events); }

  zmq::context_t context;
  zmq::socket_t here, there;
  steady_clock_source clock;
  detail::zmq_poller waits;
  poller::watched item;
  int found = 0;
};

}  // namespace

TEST_CASE("a socket is found ready at each look until it was read, and then no more", "[async]") {
  watched_pair pair;
  pair.item.tells_use = GENERATE(false, true);
  CHECK(pair.look() == 0);
  pair.send();
  CHECK(pair.look() == 1);
  CHECK(pair.look() == 1);
  pair.receive();
  pair.item.used = true;
  CHECK(pair.look() == 0);
  pair.send();
  CHECK(pair.look() == 1);
}

TEST_CASE("news that a use of the socket took from its descriptor are found", "[async]") {
  watched_pair pair;
  SECTION("without being told of the use") {}
  SECTION("told of the use") { pair.item.tells_use = true; }
  CHECK(pair.look() == 0);
  pair.send();
  pair.use();
  pair.item.used = pair.item.tells_use;
  CHECK(pair.look() == 1);
}

TEST_CASE("a socket that tells of its use is not asked while nobody uses it", "[async]") {
  watched_pair pair;
  pair.item.tells_use = true;
  CHECK(pair.look() == 0);
  pair.send();
  pair.use();  // not reported, against the promise: only the descriptor is looked at
  CHECK(pair.look() == 0);
}

TEST_CASE("a socket in which nobody takes an interest is left alone, and found when somebody does", "[async]") {
  watched_pair pair;
  pair.item.wanted = poller::interest::none;
  pair.send();
  CHECK(pair.look() == 0);
  pair.item.wanted = poller::interest::read;
  pair.item.used = true;
  CHECK(pair.look() == 1);
}
