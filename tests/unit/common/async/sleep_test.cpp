#include <chrono>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/scope.hpp>
#include <gate/sleep.hpp>
#include <gate/task_group.hpp>

#include "tests/support/virtual_time.hpp"

using namespace std::chrono_literals;
using gate::task;
using gate::test::run_virtual;

TEST_CASE("sleepers wake in the order of their time", "[async]") {
  std::vector<int> log;
  const auto sleeper = [&log](int id, gate::duration length) -> task<void> {
    co_await gate::sleep_for(length);
    log.push_back(id);
  };
  const auto body = [&]() -> task<void> {
    const gate::env here = co_await gate::current_env();
    gate::task_group group(here);
    group.spawn(sleeper(3, 30s));
    group.spawn(sleeper(1, 10s));
    group.spawn(sleeper(2, 20s));
    group.spawn(sleeper(0, -1s));
    co_await group.join();
  };
  run_virtual(body());
  CHECK(log == std::vector<int>{0, 1, 2, 3});
}

TEST_CASE("a cancelled sleep throws at once and takes its timer away", "[async]") {
  gate::test::virtual_time time;
  gate::loop here(time, time);
  const auto body = [&]() -> task<bool> {
    gate::cancel_scope scope;
    here.at(here.now() + 1s, [&scope] { scope.cancel(); });
    const auto forever = []() -> task<void> { co_await gate::sleep_for(gate::duration::max()); };
    bool was_cancelled = false;
    try {
      co_await forever().within(scope);
    } catch (const gate::cancelled&) {
      was_cancelled = true;
    }
    CHECK(here.timers() == 0);
    co_return was_cancelled;
  };
  CHECK(here.run(body()));
  CHECK(time.elapsed() == 1s);
}

TEST_CASE("a sleeper whose time has come is not cancelled any more", "[async]") {
  gate::test::virtual_time time;
  gate::loop here(time, time);
  const auto body = [&]() -> task<bool> {
    gate::cancel_scope scope;
    const auto sleeps = []() -> task<void> { co_await gate::sleep_for(1s); };
    // Made after the sleeper's timer, for the same time: fires second, when the sleeper is ready but not resumed.
    const auto cancels_late = [&]() -> task<void> {
      co_await gate::yield();
      here.at(here.now() + 1s, [&scope] { scope.cancel(); });
    };
    const gate::env around = co_await gate::current_env();
    gate::task_group group(around);
    group.spawn(cancels_late());
    co_await sleeps().within(scope);
    co_await group.join();
    co_return scope.requested();
  };
  CHECK(here.run(body()));
}

TEST_CASE("yield is a point of cancellation", "[async]") {
  const auto body = []() -> task<bool> {
    gate::cancel_scope scope;
    scope.cancel();
    const auto yields = []() -> task<void> { co_await gate::yield(); };
    bool was_cancelled = false;
    try {
      co_await yields().within(scope);
    } catch (const gate::cancelled&) {
      was_cancelled = true;
    }
    co_return was_cancelled;
  };
  CHECK(run_virtual(body()));
}
