#include <stdexcept>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/event.hpp>
#include <gate/sleep.hpp>
#include <gate/task_group.hpp>
#include <gate/timeout.hpp>

#include "tests/support/virtual_time.hpp"

using namespace std::chrono_literals;
using gate::task;
using gate::task_group;
using gate::test::run_virtual;
using gate::test::virtual_time;

namespace {

task<void> count_after(gate::duration d, int& count) {
  co_await gate::sleep_for(d);
  ++count;
}
task<void> fail_after(gate::duration d, std::string what) {
  co_await gate::sleep_for(d);
  throw std::runtime_error(what);
}
task<void> note_end(gate::duration d, std::vector<std::string>& log) {
  try {
    co_await gate::sleep_for(d);
    log.push_back("done");
  } catch (const gate::cancelled&) {
    log.push_back("cancelled");
    throw;
  }
}

}  // namespace

TEST_CASE("children run side by side and are joined", "[async]") {
  virtual_time time;
  gate::loop here(time, time);
  int count = 0;
  const auto body = [&count]() -> task<void> {
    const gate::env around = co_await gate::current_env();
    task_group group(around);
    for (int i = 1; i <= 10; ++i) group.spawn(count_after(std::chrono::seconds(i), count));
    CHECK(group.size() == 10);
    co_await group.join();
    CHECK(group.size() == 0);
    co_await group.join();  // nothing to wait for
    group.spawn(count_after(1s, count));
    co_await group.join();
  };
  here.run(body());
  CHECK(count == 11);
  CHECK(time.elapsed() == 11s);
}

TEST_CASE("the first failure cancels the other children and comes out of join once all have ended", "[async]") {
  std::vector<std::string> log;
  const auto body = [&log]() -> task<void> {
    const gate::env around = co_await gate::current_env();
    task_group group(around);
    group.spawn(note_end(10s, log));
    group.spawn(fail_after(2s, "second"));
    group.spawn(fail_after(1s, "first"));
    co_await group.join();
  };
  CHECK_THROWS_WITH(run_virtual(body()), "first");
  CHECK(log == std::vector<std::string>{"cancelled"});
}

TEST_CASE("cancelling a group is not a failure of it", "[async]") {
  std::vector<std::string> log;
  const auto body = [&log]() -> task<void> {
    const gate::env around = co_await gate::current_env();
    task_group group(around);
    group.spawn(note_end(10s, log));
    co_await gate::sleep_for(1s);
    group.cancel();
    co_await group.join();
    log.push_back("joined");
    group.spawn(note_end(10s, log));  // too late: it fails at its first wait
    co_await group.join();
  };
  run_virtual(body());
  CHECK(log == std::vector<std::string>{"cancelled", "joined", "cancelled"});
}

TEST_CASE("a child that throws cancelled of its own accord has failed", "[async]") {
  const auto gives_up = []() -> task<void> {
    co_await gate::yield();
    throw gate::cancelled();
  };
  const auto body = [&gives_up]() -> task<void> {
    const gate::env around = co_await gate::current_env();
    task_group group(around);
    group.spawn(gives_up());
    co_await group.join();
  };
  CHECK_THROWS_AS(run_virtual(body()), gate::cancelled);
}

TEST_CASE("a timeout around a group reaches its children, and join waits for their cleanup", "[async]") {
  virtual_time time;
  gate::loop here(time, time);
  std::vector<std::string> log;
  const auto slow_to_end = [](std::vector<std::string>& out, gate::loop& where) -> task<void> {
    try {
      co_await gate::sleep_for(1h);
    } catch (const gate::cancelled&) {
    }
    // Cleanup that takes time runs outside the cancelled scope.
    gate::cancel_scope own;
    const auto cleanup = []() -> task<void> { co_await gate::sleep_for(5s); };
    co_await cleanup().within(own);
    out.push_back("cleaned up at " + std::to_string(where.timers()));
    throw gate::cancelled();
  };
  const auto body = [&]() -> task<void> {
    const gate::env around = co_await gate::current_env();
    task_group group(around);
    group.spawn(slow_to_end(log, here));
    co_await group.join();
    log.push_back("never");
  };
  CHECK_THROWS_AS(here.run(gate::with_timeout(1s, body())), gate::timed_out);
  CHECK(log == std::vector<std::string>{"cleaned up at 0"});
  CHECK(time.elapsed() == 6s);
}

TEST_CASE("a child may spawn into its own group while it is joined", "[async]") {
  int count = 0;
  const auto spawns = [](task_group& group, int& total) -> task<void> {
    co_await gate::sleep_for(1s);
    group.spawn(count_after(1s, total));
    ++total;
  };
  const auto body = [&]() -> task<void> {
    const gate::env around = co_await gate::current_env();
    task_group group(around);
    group.spawn(spawns(group, count));
    co_await group.join();
  };
  run_virtual(body());
  CHECK(count == 2);
}

TEST_CASE("join waits also for a child that was spawned between the last end and the resumption", "[async]") {
  int count = 0;
  const auto body = [&count]() -> task<void> {
    const gate::env around = co_await gate::current_env();
    task_group group(around);
    task_group outer(around);
    gate::async_event last;
    const auto waits = [](gate::async_event& e) -> task<void> { co_await e.wait(); };
    const auto spawns = [](task_group& into, gate::async_event& e, int& total) -> task<void> {
      co_await gate::sleep_for(1s);
      e.set();
      co_await gate::yield();  // the child has ended, its joiner is ready but not resumed
      CHECK(into.size() == 0);
      into.spawn(count_after(1s, total));
    };
    group.spawn(waits(last));
    outer.spawn(spawns(group, last, count));
    co_await group.join();
    CHECK(group.size() == 0);
    co_await outer.join();
  };
  run_virtual(body());
  CHECK(count == 1);
}

TEST_CASE("a group that is passed by an exception takes its children along", "[async]") {
  virtual_time time;
  gate::loop here(time, time);
  std::vector<std::string> log;
  const auto body = [&log]() -> task<void> {
    const gate::env around = co_await gate::current_env();
    task_group group(around);
    group.spawn(note_end(1h, log));
    co_await gate::sleep_for(1s);
    group.spawn(note_end(1h, log));  // not even started
    throw std::runtime_error("passing by");
  };
  CHECK_THROWS_WITH(here.run(body()), "passing by");
  CHECK(log.empty());
  CHECK(here.timers() == 0);
}
