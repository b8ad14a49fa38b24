#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/bounded_map.hpp>
#include <gate/sleep.hpp>
#include <gate/task_group.hpp>
#include <gate/timeout.hpp>

#include "tests/support/virtual_time.hpp"

using namespace std::chrono_literals;
using gate::task;
using gate::task_group;
using gate::test::run_virtual;
using table = gate::bounded_map<int, std::string>;

namespace {

// Reserves, waits for the answer, and notes what came of it.
task<void> caller(table& map, int id, std::vector<std::string>& log) {
  std::string entry = std::to_string(id) + ":";
  try {
    auto slot = co_await map.reserve(id);
    entry += "reserved,";
    const std::string answer = co_await slot;
    entry += answer;
  } catch (const gate::cancelled&) {
    entry += "cancelled";
  } catch (const std::exception& error) {
    entry += error.what();
  }
  log.push_back(entry);
}

task<void> call(table& map, int id, int& answered, int& timed_out) {
  const auto ask = [](table& m, int key) -> task<void> {
    auto slot = co_await m.reserve(key);
    const std::string answer = co_await slot;
    CHECK(answer == "answer " + std::to_string(key));
  };
  try {
    co_await gate::with_timeout(1min, ask(map, id));
    ++answered;
  } catch (const gate::timed_out&) {
    ++timed_out;
  }
}

}  // namespace

TEST_CASE("a slot gives the answer to its key, which may come before the await", "[async]") {
  const auto body = []() -> task<void> {
    table map(2);
    auto first = co_await map.reserve(1);
    auto second = co_await map.reserve(2);
    CHECK(map.size() == 2);
    CHECK(map.full());
    CHECK(map.fulfil(2, "two"));
    CHECK(second.answered());
    CHECK_FALSE(map.fulfil(2, "twice"));
    CHECK_FALSE(map.fulfil(3, "nobody asked"));
    const std::string two = co_await second;
    CHECK(two == "two");
    gate::loop& here = co_await gate::this_loop();
    here.at(here.now() + 1s, [&map] { map.fulfil(1, "one"); });
    const std::string one = co_await first;
    CHECK(one == "one");
  };
  run_virtual(body());
}

TEST_CASE("reserve waits, first come first served, while the table is full", "[async]") {
  std::vector<std::string> log;
  const auto body = [&log]() -> task<void> {
    table map(2);
    const gate::env here = co_await gate::current_env();
    task_group group(here);
    for (int id = 0; id < 6; ++id) group.spawn(caller(map, id, log));
    co_await gate::sleep_for(1s);
    CHECK(map.size() == 2);
    CHECK(map.waiting() == 4);
    CHECK_FALSE(map.try_reserve(100));
    for (int id = 0; id < 6; ++id) {
      CHECK(map.size() <= 2);
      CHECK(map.fulfil(id, "ok"));
      co_await gate::sleep_for(1s);
      CHECK(log.size() == static_cast<std::size_t>(id + 1));
    }
    co_await group.join();
    CHECK(map.size() == 0);
    CHECK_FALSE(map.full());
  };
  run_virtual(body());
  CHECK(log == std::vector<std::string>{"0:reserved,ok", "1:reserved,ok", "2:reserved,ok", "3:reserved,ok",
                                        "4:reserved,ok", "5:reserved,ok"});
}

TEST_CASE("a newcomer does not overtake those who wait for a slot that has just come free", "[async]") {
  std::vector<std::string> log;
  const auto body = [&log]() -> task<void> {
    table map(1);
    const gate::env here = co_await gate::current_env();
    task_group group(here);
    group.spawn(caller(map, 1, log));
    group.spawn(caller(map, 2, log));
    co_await gate::sleep_for(1s);
    CHECK(map.fulfil(1, "ok"));
    co_await gate::yield();  // caller 1 has ended, caller 2 is granted the place but not resumed
    CHECK(map.size() == 0);
    CHECK(map.full());
    CHECK_FALSE(map.try_reserve(3));
    group.spawn(caller(map, 4, log));
    co_await gate::sleep_for(1s);
    CHECK(map.fulfil(2, "ok"));
    co_await gate::sleep_for(1s);
    CHECK(map.fulfil(4, "ok"));
    co_await group.join();
  };
  run_virtual(body());
  CHECK(log == std::vector<std::string>{"1:reserved,ok", "2:reserved,ok", "4:reserved,ok"});
}

TEST_CASE("both waits can be cancelled, and give back their place", "[async]") {
  std::vector<std::string> log;
  const auto body = [&log]() -> task<void> {
    table map(2);
    const gate::env here = co_await gate::current_env();
    task_group holders(here);
    task_group queue(here);
    holders.spawn(caller(map, 0, log));
    holders.spawn(caller(map, 1, log));
    queue.spawn(caller(map, 2, log));
    co_await gate::sleep_for(1s);
    CHECK(map.waiting() == 1);
    queue.cancel();
    co_await queue.join();
    CHECK(map.waiting() == 0);
    CHECK(map.size() == 2);
    holders.cancel();
    co_await holders.join();
    CHECK(map.size() == 0);
    CHECK_FALSE(map.fulfil(0, "late"));
    CHECK(map.try_reserve(9));
  };
  run_virtual(body());
  CHECK(log == std::vector<std::string>{"2:cancelled", "0:reserved,cancelled", "1:reserved,cancelled"});
}

TEST_CASE("a place granted to a waiter that is destroyed before it resumes goes to the next", "[async]") {
  std::vector<std::string> log;
  const auto body = [&log]() -> task<void> {
    table map(1);
    const gate::env here = co_await gate::current_env();
    task_group group(here);
    {
      auto held = map.try_reserve(0);
      {
        task_group doomed(here);
        doomed.spawn(caller(map, 1, log));
        co_await gate::yield();
        group.spawn(caller(map, 2, log));
        co_await gate::sleep_for(1s);
        CHECK(map.waiting() == 2);
        held.reset();  // granted to caller 1,
      }                // which is destroyed here
    }
    co_await gate::sleep_for(1s);
    CHECK(map.fulfil(2, "ok"));
    co_await group.join();
    CHECK_FALSE(map.full());
  };
  run_virtual(body());
  CHECK(log == std::vector<std::string>{"2:reserved,ok"});
}

TEST_CASE("fail_all fails the slots in the order of their reservation, not those who wait for one", "[async]") {
  std::vector<std::string> log;
  const auto body = [&log]() -> task<void> {
    table map(3);
    const gate::env here = co_await gate::current_env();
    task_group group(here);
    for (const int id : {7, 3, 5, 9}) group.spawn(caller(map, id, log));
    co_await gate::sleep_for(1s);
    CHECK(map.fulfil(3, "ok"));
    map.fail_all(std::make_exception_ptr(std::runtime_error("gone")));
    co_await gate::sleep_for(1s);
    CHECK(map.size() == 1);
    CHECK(map.fail(9, std::make_exception_ptr(std::runtime_error("refused"))));
    CHECK_FALSE(map.fail(7, std::make_exception_ptr(std::runtime_error("late"))));
    co_await group.join();
  };
  run_virtual(body());
  CHECK(log == std::vector<std::string>{"3:reserved,ok", "7:reserved,gone", "5:reserved,gone", "9:reserved,refused"});
}

TEST_CASE("fail_waiting fails those who wait for a slot only", "[async]") {
  std::vector<std::string> log;
  const auto body = [&log]() -> task<void> {
    table map(1);
    const gate::env here = co_await gate::current_env();
    task_group group(here);
    for (int id = 0; id < 3; ++id) group.spawn(caller(map, id, log));
    co_await gate::sleep_for(1s);
    map.fail_waiting(std::make_exception_ptr(std::runtime_error("closing")));
    co_await gate::sleep_for(1s);
    CHECK(map.size() == 1);
    CHECK(map.fulfil(0, "ok"));
    co_await group.join();
  };
  run_virtual(body());
  CHECK(log == std::vector<std::string>{"1:closing", "2:closing", "0:reserved,ok"});
}

TEST_CASE("a slot that is dropped frees its place and refuses a late answer", "[async]") {
  table map(1);
  auto slot = map.try_reserve(1);
  REQUIRE(slot);
  CHECK(slot->key() == 1);
  auto moved = std::move(*slot);
  slot.reset();
  CHECK(map.size() == 1);
  {
    const auto last = std::move(moved);
    CHECK_FALSE(map.try_reserve(2));
  }
  CHECK(map.size() == 0);
  CHECK_FALSE(map.fulfil(1, "late"));
  CHECK(map.try_reserve(2));
}

TEST_CASE("a key that is in use is refused and costs no place", "[async]") {
  const auto body = []() -> task<void> {
    table map(2);
    const auto held = map.try_reserve(1);
    CHECK_THROWS_AS(map.try_reserve(1), std::invalid_argument);
    bool refused = false;
    try {
      const auto twice = co_await map.reserve(1);
    } catch (const std::invalid_argument&) {
      refused = true;
    }
    CHECK(refused);
    CHECK(map.size() == 1);
    CHECK(map.try_reserve(2));
  };
  run_virtual(body());
}

TEST_CASE("a map that ends fails its slots, and those who wait for one, and slots may outlive it", "[async]") {
  std::vector<std::string> log;
  const auto body = [&log]() -> task<void> {
    auto map = std::make_unique<table>(1);
    const gate::env here = co_await gate::current_env();
    task_group group(here);
    group.spawn(caller(*map, 0, log));
    group.spawn(caller(*map, 1, log));
    co_await gate::sleep_for(1s);
    map.reset();
    co_await group.join();
  };
  run_virtual(body());
  CHECK(log == std::vector<std::string>{"0:reserved,cancelled", "1:cancelled"});
}

TEST_CASE("a slot whose wait was cancelled can be awaited again", "[async]") {
  const auto body = []() -> task<void> {
    gate::bounded_map<int, std::unique_ptr<int>> map(1);
    auto slot = co_await map.reserve(1);
    const auto wait = [](decltype(slot)& s) -> task<std::unique_ptr<int>> { co_return co_await s; };
    bool gave_up = false;
    try {
      co_await gate::with_timeout(1s, wait(slot));
    } catch (const gate::timed_out&) {
      gave_up = true;
    }
    CHECK(gave_up);
    CHECK(map.fulfil(1, std::make_unique<int>(4)));
    const auto value = co_await wait(slot);
    CHECK(*value == 4);
  };
  run_virtual(body());
}

TEST_CASE("a hundred callers share eight places, some in vain", "[async]") {
  int answered = 0;
  int timed_out = 0;
  const auto body = [&]() -> task<void> {
    table map(8);
    const gate::env here = co_await gate::current_env();
    task_group group(here);
    for (int id = 0; id < 100; ++id) group.spawn(call(map, id, answered, timed_out));
    std::size_t peak = 0;
    for (int round = 0; round < 120; ++round) {
      co_await gate::sleep_for(1s);
      peak = std::max(peak, map.size());
      for (int id = 0; id < 100; ++id) {
        if (id % 10 != 0) map.fulfil(id, "answer " + std::to_string(id));
      }
    }
    CHECK(peak == 8);
    co_await group.join();
    CHECK(map.size() == 0);
    CHECK(map.waiting() == 0);
  };
  run_virtual(body());
  CHECK(answered + timed_out == 100);
  CHECK(timed_out >= 10);
  CHECK(answered > 50);
}
