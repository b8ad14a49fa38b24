#include <chrono>

#include <catch2/catch.hpp>

#include <gate/loop.hpp>
#include <gate/saturate.hpp>
#include <gate/sleep.hpp>
#include <gate/timeout.hpp>

#include "tests/support/virtual_time.hpp"

using namespace gate;
using namespace std::chrono_literals;
using std::chrono::hours;
using std::chrono::milliseconds;

TEST_CASE("a length of any unit becomes a duration, the longest one if it is too long", "[async]") {
  CHECK(saturated(1500us) == 1500us);
  CHECK(saturated(24h * 365 * 200) == 24h * 365 * 200);
  CHECK(saturated(milliseconds::max()) == duration::max());
  CHECK(saturated(hours::max()) == duration::max());
  CHECK(saturated(duration::max()) == duration::max());
  CHECK(saturated(std::chrono::duration<double>(1e300)) == duration::max());
  CHECK(saturated(std::chrono::duration<double>(0.25)) == 250ms);
  CHECK(saturated(milliseconds::min()) == 0ns);
  CHECK(saturated(-1ns) == 0ns);
}

TEST_CASE("a time that is too far ahead is the last one", "[async]") {
  const instant now{5s};
  CHECK(after(now, 1ms) == now + 1ms);
  CHECK(after(now, milliseconds::max()) == instant::max());
  CHECK(after(now, duration::max()) == instant::max());
  CHECK(after(instant::max(), 1h) == instant::max());
  CHECK(after(now, hours::min()) == now);
}

TEST_CASE("waits of any length neither overflow nor end early", "[async]") {
  test::virtual_time time;
  loop here(time, time);
  const auto never = []() -> task<void> { co_await sleep_for(hours::max()); };
  const auto body = [&]() -> task<int> {
    co_await sleep_for(milliseconds::min());
    co_await sleep_for(-1h);
    task<void> first = never();
    int ended = 0;
    try {
      co_await with_timeout(10s, std::move(first));
    } catch (const timed_out&) {
      ++ended;
    }
    task<void> second = never();
    try {
      co_await with_timeout(milliseconds::min(), std::move(second));
    } catch (const timed_out&) {
      ++ended;
    }
    const auto quick = []() -> task<int> {
      co_await sleep_for(1s);
      co_return 1;
    };
    task<int> third = quick();
    const int got = co_await with_timeout(milliseconds::max(), std::move(third));
    co_return ended + got;
  };
  CHECK(here.run(body()) == 3);
}
