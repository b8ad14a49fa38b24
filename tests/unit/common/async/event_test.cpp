#include <vector>

#include <catch2/catch.hpp>

#include <gate/event.hpp>
#include <gate/sleep.hpp>
#include <gate/task_group.hpp>

#include "tests/support/virtual_time.hpp"

using namespace std::chrono_literals;
using gate::async_event;
using gate::task;
using gate::test::run_virtual;

namespace {

task<void> wait_and_note(async_event& event, std::vector<int>& log, int id) {
  co_await event.wait();
  log.push_back(id);
}

}  // namespace

TEST_CASE("an event resumes its waiters in order, and lets later ones through while it is set", "[async]") {
  std::vector<int> log;
  const auto body = [&log]() -> task<void> {
    async_event event;
    const gate::env here = co_await gate::current_env();
    gate::task_group group(here);
    for (int i = 0; i < 3; ++i) group.spawn(wait_and_note(event, log, i));
    co_await gate::sleep_for(1s);
    CHECK(log.empty());
    event.set();
    CHECK(log.empty());
    co_await group.join();
    co_await event.wait();
    event.reset();
    CHECK_FALSE(event.is_set());
  };
  run_virtual(body());
  CHECK(log == std::vector<int>{0, 1, 2});
}

TEST_CASE("notify_one resumes the longest waiter only", "[async]") {
  std::vector<int> log;
  const auto body = [&log]() -> task<void> {
    async_event event;
    const gate::env here = co_await gate::current_env();
    gate::task_group group(here);
    for (int i = 0; i < 3; ++i) group.spawn(wait_and_note(event, log, i));
    co_await gate::sleep_for(1s);
    CHECK(event.notify_one());
    co_await gate::sleep_for(1s);
    CHECK(log == std::vector<int>{0});
    event.notify_all();
    co_await group.join();
    CHECK_FALSE(event.notify_one());
    CHECK_FALSE(event.is_set());
  };
  run_virtual(body());
  CHECK(log == std::vector<int>{0, 1, 2});
}

TEST_CASE("a cancelled waiter leaves the queue, the others stay", "[async]") {
  std::vector<int> log;
  const auto body = [&log]() -> task<void> {
    async_event event;
    const gate::env here = co_await gate::current_env();
    gate::task_group doomed(here);
    gate::task_group group(here);
    doomed.spawn(wait_and_note(event, log, 0));
    group.spawn(wait_and_note(event, log, 1));
    co_await gate::sleep_for(1s);
    doomed.cancel();
    co_await doomed.join();
    event.notify_all();
    co_await group.join();
  };
  run_virtual(body());
  CHECK(log == std::vector<int>{1});
}

TEST_CASE("an event that dies leaves its waiters to be cancelled", "[async]") {
  const auto body = []() -> task<void> {
    std::vector<int> log;
    const gate::env here = co_await gate::current_env();
    gate::task_group group(here);
    {
      async_event event;
      group.spawn(wait_and_note(event, log, 0));
      co_await gate::sleep_for(1s);
    }
    group.cancel();
    co_await group.join();
    CHECK(log.empty());
  };
  run_virtual(body());
}
