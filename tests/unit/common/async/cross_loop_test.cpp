#include <atomic>
#include <future>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include <gate/cross_loop.hpp>
#include <gate/sleep.hpp>
#include <gate/task_group.hpp>
#include <gate/timeout.hpp>

using namespace std::chrono_literals;
using gate::loop;
using gate::loop_thread;
using gate::task;

namespace {

task<std::unique_ptr<std::thread::id>> who() {
  co_await gate::yield();
  co_return std::make_unique<std::thread::id>(std::this_thread::get_id());
}
task<void> fails() {
  co_await gate::yield();
  throw std::runtime_error("over there");
}
task<void> sleeps_for_ever(std::atomic<bool>& started, std::atomic<bool>& ended) {
  started = true;
  try {
    co_await gate::sleep_for(24h);
  } catch (const gate::cancelled&) {
    ended = true;
    throw;
  }
}

}  // namespace

TEST_CASE("await_on runs work on another loop's thread and resumes on the caller's", "[async]") {
  loop here;
  loop_thread there;
  const auto body = [&]() -> task<void> {
    const auto id = co_await gate::await_on(there.get(), who());
    CHECK(*id != std::this_thread::get_id());
    CHECK(here.in_loop_thread());
    const auto own = co_await gate::await_on(here, who());
    CHECK(*own == std::this_thread::get_id());
    std::string what;
    try {
      co_await gate::await_on(there.get(), fails());
    } catch (const std::runtime_error& error) {
      what = error.what();
    }
    CHECK(what == "over there");
  };
  here.run(body());
}

TEST_CASE("many calls cross over and back at once", "[async]") {
  loop here;
  loop_thread there;
  int done = 0;
  const auto one = [&]() -> task<void> {
    for (int i = 0; i < 50; ++i) co_await gate::await_on(there.get(), who());
    ++done;
  };
  const auto body = [&]() -> task<void> {
    const gate::env around = co_await gate::current_env();
    gate::task_group group(around);
    for (int i = 0; i < 20; ++i) group.spawn(one());
    co_await group.join();
  };
  here.run(body());
  CHECK(done == 20);
}

TEST_CASE("cancelling the caller of await_on cancels the work over there and waits for its end", "[async]") {
  loop here;
  loop_thread there;
  std::atomic<bool> started{false};
  std::atomic<bool> ended{false};
  CHECK_THROWS_AS(here.run(gate::with_timeout(1ms, gate::await_on(there.get(), sleeps_for_ever(started, ended)))),
                  gate::timed_out);
  CHECK(ended == started);
}

TEST_CASE("a caller destroyed while await_on waits cancels the work and is not resumed", "[async]") {
  loop_thread there;
  std::atomic<bool> started{false};
  std::atomic<bool> ended{false};
  {
    loop here;
    const auto calls = [&]() -> task<void> { co_await gate::await_on(there.get(), sleeps_for_ever(started, ended)); };
    gate::spawn_detached(here, calls(), [](std::exception_ptr) {});
    const auto body = [&started]() -> task<void> {
      while (!started) co_await gate::yield();
    };
    here.run(body());
  }
  while (!ended) std::this_thread::yield();
}

TEST_CASE("start gives a plain thread the result or the exception in a future", "[async]") {
  loop_thread there;
  const auto id = gate::start(there.get(), who()).get();
  CHECK(*id != std::this_thread::get_id());
  auto failed = gate::start(there.get(), fails());
  CHECK_THROWS_WITH(failed.get(), "over there");
}

TEST_CASE("a loop thread that ends cancels what was started on it and waits for it", "[async]") {
  std::atomic<bool> started{false};
  std::atomic<bool> ended{false};
  std::future<void> result;
  {
    loop_thread there;
    result = gate::start(there.get(), sleeps_for_ever(started, ended));
  }
  CHECK(started);
  CHECK(ended);
  CHECK_THROWS_AS(result.get(), gate::cancelled);
}

TEST_CASE("a loop thread may be destroyed on its own thread, which ends by itself", "[async]") {
  auto there = std::make_unique<loop_thread>();
  loop& where = there->get();
  std::promise<bool> gone;
  std::future<bool> on_its_thread = gone.get_future();
  where.post([there = std::move(there), &gone]() mutable {
    const bool own = there->get().in_loop_thread();
    there.reset();
    gone.set_value(own);
  });
  CHECK(on_its_thread.get());
}

TEST_CASE("a loop thread goes on when a callback had no memory", "[async]") {
  loop_thread there;
  there.get().post([] { throw std::bad_alloc(); });
  CHECK(*gate::start(there.get(), who()).get() != std::this_thread::get_id());
}

TEST_CASE("await_on throws cancelled when the other loop ends before the work ran", "[async]") {
  loop here;
  auto there = std::make_unique<loop>();  // never runs
  const auto calls = [&]() -> task<void> { co_await gate::await_on(*there, who()); };
  const auto body = [&]() -> task<bool> {
    const gate::env around = co_await gate::current_env();
    gate::task_group group(around);
    group.spawn(calls());
    co_await gate::yield();
    there.reset();
    bool was_cancelled = false;
    try {
      co_await group.join();
    } catch (const gate::cancelled&) {
      was_cancelled = true;
    }
    co_return was_cancelled;
  };
  CHECK(here.run(body()));
}

TEST_CASE("a future of a loop that ends before the work says so", "[async]") {
  auto there = std::make_unique<loop>();
  auto result = gate::start(*there, who());
  there.reset();
  CHECK_THROWS_AS(result.get(), std::future_error);
}
