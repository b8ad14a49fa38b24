#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/async_generator.hpp>
#include <gate/event.hpp>
#include <gate/sleep.hpp>
#include <gate/task_group.hpp>
#include <gate/timeout.hpp>

#include "tests/support/virtual_time.hpp"

using namespace std::chrono_literals;
using gate::async_generator;
using gate::task;
using gate::test::run_virtual;
using gate::test::virtual_time;

namespace {

async_generator<int> tick(int n) {
  for (int i = 1; i <= n; ++i) {
    co_await gate::sleep_for(1s);
    co_yield i;
  }
}
async_generator<int> at_once(int n) {
  for (int i = 1; i <= n; ++i) co_yield i;
}
async_generator<std::unique_ptr<std::string>> move_only() {
  co_yield std::make_unique<std::string>("a");
  co_await gate::yield();
  co_yield std::make_unique<std::string>("b");
}
async_generator<int> breaks() {
  co_yield 1;
  co_await gate::sleep_for(1s);
  throw std::runtime_error("broken");
}
async_generator<int> keeps(std::shared_ptr<int> alive) {
  for (;;) {
    co_await gate::sleep_for(1s);
    co_yield *alive;
  }
}
async_generator<int> squares(async_generator<int> of) {
  while (auto n = co_await of.next()) co_yield *n** n;
}
template <class T> task<std::vector<T>> collect(async_generator<T> g) {
  std::vector<T> all;
  while (auto item = co_await g.next()) all.push_back(std::move(*item));
  co_return all;
}

}  // namespace

TEST_CASE("an async generator awaits between its values", "[async]") {
  virtual_time time;
  gate::loop here(time, time);
  CHECK(here.run(collect(tick(3))) == std::vector<int>{1, 2, 3});
  CHECK(time.elapsed() == 3s);
  CHECK(here.run(collect(squares(tick(3)))) == std::vector<int>{1, 4, 9});
  CHECK(here.run(collect(move_only())).size() == 2);
}

TEST_CASE("a million values that are ready at once leave the stack flat", "[async]") {
  const auto sum = []() -> task<std::int64_t> {
    std::int64_t total = 0;
    auto g = at_once(1'000'000);
    while (auto n = co_await g.next()) total += *n;
    co_return total;
  };
  CHECK(run_virtual(sum()) == 500'000'500'000);
}

TEST_CASE("an exception of an async generator's body comes out of next and ends the sequence", "[async]") {
  const auto body = []() -> task<std::string> {
    std::string log;
    auto g = breaks();
    const auto first = co_await g.next();
    log += std::to_string(first.value_or(0));
    try {
      co_await g.next();
    } catch (const std::runtime_error& error) {
      log += error.what();
    }
    const auto end = co_await g.next();
    if (!end) log += "end";
    co_return log;
  };
  CHECK(run_virtual(body()) == "1brokenend");
}

TEST_CASE("an async generator dropped between values, before the first or moved, destroys its locals once", "[async]") {
  auto alive = std::make_shared<int>(5);
  const auto body = [](std::shared_ptr<int> p) -> task<void> {
    const auto unread = keeps(p);
    auto g = keeps(p);
    co_await g.next();
    auto moved = std::move(g);
    const auto value = co_await moved.next();
    CHECK(value == 5);
  };
  run_virtual(body(alive));
  CHECK(alive.use_count() == 1);
}

TEST_CASE("a cancelled next reaches the wait inside the body and ends the sequence", "[async]") {
  virtual_time time;
  gate::loop here(time, time);
  const auto body = []() -> task<int> {
    auto g = tick(10);
    int seen = 0;
    const auto read = [](async_generator<int>& from, int& count) -> task<void> {
      while (auto n = co_await from.next()) count = *n;
    };
    try {
      co_await gate::with_timeout(2500ms, read(g, seen));
    } catch (const gate::timed_out&) {
    }
    const auto after = co_await g.next();
    CHECK_FALSE(after);
    co_return seen;
  };
  CHECK(here.run(body()) == 2);
  CHECK(here.timers() == 0);
}

TEST_CASE("a reader destroyed while it waits loses no value: the next reader gets it", "[async]") {
  const auto body = []() -> task<void> {
    auto g = tick(3);
    const auto read = [](async_generator<int>& from, std::optional<int>& into) -> task<void> {
      into = co_await from.next();
    };
    std::optional<int> dropped;
    std::optional<int> second;
    std::optional<int> third;
    {
      const gate::env here = co_await gate::current_env();
      gate::task_group group(here);
      group.spawn(read(g, dropped));
      co_await gate::sleep_for(500ms);
    }  // the reader is destroyed here; the body still waits
    co_await read(g, second);
    CHECK_FALSE(dropped);
    CHECK(second == 1);
    {
      const gate::env here = co_await gate::current_env();
      gate::task_group group(here);
      group.spawn(read(g, dropped));
      co_await gate::sleep_for(500ms);
    }
    co_await gate::sleep_for(1s);  // the value comes while no reader waits
    co_await read(g, third);
    CHECK_FALSE(dropped);
    CHECK(third == 2);
  };
  run_virtual(body());
}

TEST_CASE("an async generator with its reader can be destroyed while the body waits", "[async]") {
  virtual_time time;
  auto alive = std::make_shared<int>(1);
  {
    gate::loop here(time, time);
    const auto read = [](std::shared_ptr<int> p) -> task<void> {
      auto g = keeps(p);
      while (auto n = co_await g.next()) ++*p;
    };
    gate::spawn_detached(here, read(alive), [](std::exception_ptr) {});
    const auto body = []() -> task<void> { co_await gate::sleep_for(1500ms); };
    here.run(body());
  }
  CHECK(*alive == 2);
  CHECK(alive.use_count() == 1);
}
