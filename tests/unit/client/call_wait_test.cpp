// Awaits that live in the frame of their caller: as results with a name, as tasks, and destroyed before their end.
#include <chrono>
#include <exception>
#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include <gate/client.hpp>
#include <gate/cross_loop.hpp>
#include <gate/detail/call_places.hpp>
#include <gate/error.hpp>
#include <gate/event.hpp>
#include <gate/loop.hpp>
#include <gate/protocol.hpp>
#include <gate/sleep.hpp>
#include <gate/task.hpp>
#include <gate/task_group.hpp>
#include <gate/timeout.hpp>
#include <gate/value.hpp>

#include "tests/unit/client/quick_client.hpp"

using namespace gate;
using namespace std::chrono_literals;
using gate::test::heard;
using gate::test::play;
using gate::test::quick;
using gate::test::scripted_broker;

namespace {

// A type with an adaptor of its own: it is decoded when the caller goes on.
struct price {
  std::string currency;
  int cents = 0;
  MSGPACK_DEFINE_MAP(currency, cents)
};

task<int> twice(task<int> work) {
  const int once = co_await std::move(work);
  co_return 2 * once;
}

}  // namespace

TEST_CASE("a result has a name, moves, or becomes a task", "[client]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, quick(broker));
  const auto caller = [&]() -> task<void> {
    PendingResult<int> named = client["a"]["b"](1).as<int>();
    PendingResult<int> moved = std::move(named);
    const int first = co_await std::move(moved);
    CHECK(first == 1);
    const int second = co_await twice(client["a"]["b"](2).as<int>());
    CHECK(second == 4);
    const int third = co_await with_timeout(10s, client["a"]["b"](3).as<int>());
    CHECK(third == 3);
    const int fourth = co_await await_on(where, client["a"]["b"](4).as<int>());
    CHECK(fourth == 4);
    task<int> kept = client["a"]["b"](5).as<int>();
    const int fifth = co_await std::move(kept);
    CHECK(fifth == 5);
    const auto sixth = co_await client["a"]["price"](6).as<price>();
    CHECK(sixth.currency == "EUR");
    CHECK(sixth.cents == 6);
  };
  const auto script = [&]() -> task<void> {
    for (int n = 1; n <= 5; ++n) {
      const heard call = co_await broker.next();
      broker.finish(call, n);
    }
    const heard last = co_await broker.next();
    price six;
    six.currency = "EUR";
    six.cents = 6;
    broker.finish(last, six);
  };
  play(where, caller(), script());
}

TEST_CASE("a caller that is destroyed while its call is open cancels the call", "[client]") {
  const bool in_chunks = GENERATE(false, true);
  loop where;
  scripted_broker broker(where);
  Client client(where, quick(broker));
  async_event begun;
  const auto call = [&]() -> task<void> {
    co_await client["a"]["slow"]().as<std::string>();
    FAIL("the call has no answer");
  };
  const auto caller = [&]() -> task<void> {
    co_await client.ready();
    const env here = co_await current_env();
    {
      task_group group(here);
      group.spawn(call());
      co_await begun.wait();
    }
    const int next = co_await client["a"]["quick"]().as<int>();
    CHECK(next == 1);
  };
  const auto script = [&]() -> task<void> {
    const heard slow = co_await broker.next();
    if (in_chunks) {
      message head;
      head.type = message_type::part;
      head.call = slow.call;
      head.flags = message_flag::no_payload;
      head.content = huge_content::value;
      head.total_bytes = 1u << 20;
      broker.say(slow.peer, head);
      const heard credit = co_await broker.next();
      CHECK(credit.type == message_type::credit);
    }
    begun.set();
    co_await broker.hears_cancel(slow);
    const heard quick_one = co_await broker.next();
    broker.finish(quick_one, 1);
  };
  play(where, caller(), script());
}

TEST_CASE("places are given in turn, and a caller that leaves takes none along", "[client]") {
  using detail::call_place;
  using detail::call_places;
  loop where;
  call_places places(1);
  std::string order;
  const auto take = [&](char name) -> task<void> {
    const call_place place = co_await places.take();
    order.push_back(name);
  };
  const auto late = [&]() -> task<void> { co_await places.take(); };
  const auto all = [&]() -> task<void> {
    const env here = co_await current_env();
    call_place held = places.try_take();
    REQUIRE(held);
    CHECK_FALSE(places.try_take());
    task_group group(here);
    group.spawn(take('a'));
    bool gave_up = false;
    try {
      co_await with_timeout(1ms, late());
    } catch (const timed_out&) {
      gave_up = true;
    }
    CHECK(gave_up);
    group.spawn(take('b'));
    {
      task_group forsaken(here);
      forsaken.spawn(late());
      co_await yield();
    }
    CHECK(order.empty());
    held.give_back();
    CHECK_FALSE(places.try_take());  // it is of the caller that has waited longest
    co_await group.join();
    CHECK(order == "ab");
    CHECK(places.try_take());
  };
  where.run(all());
}

TEST_CASE("callers that wait for a place are told why there will be none", "[client]") {
  loop where;
  detail::call_places places(1);
  const auto wait = [&]() -> task<void> { co_await places.take(); };
  const auto all = [&]() -> task<void> {
    const detail::call_place held = places.try_take();
    const env here = co_await current_env();
    task_group group(here);
    group.spawn(wait());
    co_await yield();
    places.fail_waiting(std::make_exception_ptr(Error(errc::cancelled, "closed")));
    std::string why;
    try {
      co_await group.join();
    } catch (const Error& e) {
      why = e.what();
    }
    CHECK(why == "closed");
  };
  where.run(all());
}
