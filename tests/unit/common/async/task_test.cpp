#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include <catch2/catch.hpp>

#include <gate/scope.hpp>
#include <gate/sleep.hpp>
#include <gate/task.hpp>

#include "tests/support/virtual_time.hpp"

using namespace std::chrono_literals;
using gate::task;
using gate::test::run_virtual;

static_assert(!std::is_copy_constructible_v<task<int>>);
static_assert(std::is_nothrow_move_constructible_v<task<int>>);

namespace {

// Counts the living objects: shows a frame that is destroyed twice, or never.
class probe {
 public:
  explicit probe(int& alive) noexcept : alive_(&alive) { ++*alive_; }
  probe(const probe& other) noexcept : alive_(other.alive_) { ++*alive_; }
  probe& operator=(const probe&) = delete;
  ~probe() { --*alive_; }

 private:
  int* alive_;
};

task<int> immediate(int n) { co_return n; }
task<int> later(int n) {
  co_await gate::sleep_for(1ms);
  co_return n;
}
task<void> fails() {
  co_await gate::sleep_for(1ms);
  throw std::runtime_error("as told");
}
task<int> sum_of_a_million() {
  int sum = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    const int one = co_await immediate(1);
    sum += one;
  }
  co_return sum;
}
task<int> depth(int n) {
  if (n == 0) co_return 0;
  const int below = co_await depth(n - 1);
  co_return below + 1;
}
task<int> depth_that_suspends(int n) {
  if (n == 0) co_await gate::sleep_for(1ms);
  if (n == 0) co_return 0;
  const int below = co_await depth_that_suspends(n - 1);
  co_return below + 1;
}
task<std::unique_ptr<std::string>> move_only() { co_return std::make_unique<std::string>("only one"); }
task<std::string&> reference(std::string& s) { co_return s; }
task<void> immediate_void() { co_return; }
task<void> holds(probe, bool& reached) {
  co_await gate::sleep_for(1ms);
  reached = true;
}

// A user's type that is awaited through a coroutine of its own.
class question {
 public:
  explicit question(std::string text) : text_(std::move(text)) {}
  auto operator co_await() && { return gate::owned_task<std::string>(ask(std::move(text_))); }

 private:
  static task<std::string> ask(std::string text) {
    co_await gate::sleep_for(1ms);
    co_return text + "!";
  }
  std::string text_;
};

}  // namespace

TEST_CASE("a task does nothing until it is awaited", "[async]") {
  int alive = 0;
  bool reached = false;
  {
    const task<void> never = holds(probe(alive), reached);
    CHECK(alive == 1);
  }
  CHECK(alive == 0);
  CHECK_FALSE(reached);
  run_virtual(holds(probe(alive), reached));
  CHECK(alive == 0);
  CHECK(reached);
}

TEST_CASE("an exception of a task comes out of the await", "[async]") {
  const auto catches = []() -> task<std::string> {
    std::string what;
    try {
      co_await fails();
    } catch (const std::runtime_error& error) {
      what = error.what();
    }
    co_return what;
  };
  CHECK(run_virtual(catches()) == "as told");
  CHECK_THROWS_WITH(run_virtual(fails()), "as told");
}

TEST_CASE("a task returns values, references and what can only be moved", "[async]") {
  CHECK(run_virtual(later(7)) == 7);
  const auto owned = run_virtual(move_only());
  CHECK(*owned == "only one");
  std::string here = "here";
  CHECK(&run_virtual(reference(here)) == &here);
}

TEST_CASE("a million awaits of tasks that end at once leave the stack flat", "[async]") {
  CHECK(run_virtual(sum_of_a_million()) == 1'000'000);
}

TEST_CASE("a recursion of a million awaits leaves the stack flat", "[async]") {
  CHECK(run_virtual(depth(1'000'000)) == 1'000'000);
  CHECK(run_virtual(depth_that_suspends(1'000'000)) == 1'000'000);
}

TEST_CASE("loop and scope are inherited at each await, and a scope can be given", "[async]") {
  const auto inner = [](gate::loop*& where, gate::cancel_scope*& scope) -> task<void> {
    const gate::env here = co_await gate::current_env();
    where = here.where;
    scope = here.scope;
  };
  const auto outer = [&inner]() -> task<bool> {
    gate::loop& here = co_await gate::this_loop();
    gate::cancel_scope& around = co_await gate::this_scope();
    gate::loop* where = nullptr;
    gate::cancel_scope* scope = nullptr;
    co_await inner(where, scope);
    bool good = where == &here && scope == &around;
    gate::cancel_scope other;
    co_await inner(where, scope).within(other);
    good = good && where == &here && scope == &other;
    co_return good;
  };
  CHECK(run_virtual(outer()));
}

TEST_CASE("a type that owns a task can be awaited like one", "[async]") {
  const auto asks = []() -> task<std::string> {
    question named("named");
    std::string first = co_await std::move(named);
    std::string second = co_await question("temporary");
    co_return first + second;
  };
  CHECK(run_virtual(asks()) == "named!temporary!");
}

TEST_CASE("a task dropped while suspended leaves no timer and no listener behind", "[async]") {
  gate::test::virtual_time time;
  gate::loop here(time, time);
  int alive = 0;
  bool reached = false;
  const auto drops = [&]() -> task<std::size_t> {
    gate::task<void> work = holds(probe(alive), reached);
    // Started by hand, as no coroutine awaits it.
    const gate::env around = co_await gate::current_env();
    work.handle().promise().env = around;
    here.ready(work.handle());
    co_await gate::yield();
    const std::size_t armed = here.timers();
    work = immediate_void();
    co_return armed * 10 + here.timers();
  };
  CHECK(here.run(drops()) == 10);
  CHECK(alive == 0);
  CHECK_FALSE(reached);
}
