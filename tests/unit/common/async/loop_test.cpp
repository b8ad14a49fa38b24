#include <chrono>
#include <cstdint>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>
#include <sys/eventfd.h>
#include <unistd.h>

#include <gate/event.hpp>
#include <gate/loop.hpp>
#include <gate/sleep.hpp>

#include "tests/support/virtual_time.hpp"

using namespace std::chrono_literals;
using gate::loop;
using gate::task;
using gate::test::run_virtual;
using gate::test::virtual_time;

namespace {

task<void> note(std::vector<int>& log, int id, gate::duration when) {
  co_await gate::sleep_for(when);
  log.push_back(id);
}
task<int> value(int n) {
  co_await gate::yield();
  co_return n;
}
void no_error(std::exception_ptr error) {
  if (error) std::rethrow_exception(error);
}

}  // namespace

TEST_CASE("a loop that has run can run again", "[async]") {
  virtual_time time;
  loop here(time, time);
  CHECK(here.run(value(1)) == 1);
  const auto fails = []() -> task<void> {
    co_await gate::yield();
    throw std::runtime_error("no");
  };
  CHECK_THROWS_WITH(here.run(fails()), "no");
  CHECK(here.run(value(2)) == 2);
}

TEST_CASE("coroutines that wait for what cannot come end the run in virtual time, and are cleaned up", "[async]") {
  virtual_time time;
  loop here(time, time);
  gate::async_event never;
  const auto waits = [&never]() -> task<void> { co_await never.wait(); };
  CHECK_THROWS_AS(here.run(waits()), gate::test::nothing_left_to_run);
  CHECK_FALSE(never.has_waiters());
  CHECK(here.run(value(3)) == 3);
}

TEST_CASE("time stands still within a turn and jumps to the next timer", "[async]") {
  virtual_time time;
  loop here(time, time);
  const auto body = [&]() -> task<void> {
    const auto start = here.now();
    time.advance(5s);
    CHECK(here.now() == start);
    co_await gate::sleep_for(10s);
    CHECK(here.now() == start + 10s);
    co_await gate::sleep_until(start);  // in the past: takes a turn, but no time
    CHECK(here.now() == start + 10s);
  };
  here.run(body());
}

TEST_CASE("timers fire by time, ties by creation, and not in the turn that made them", "[async]") {
  virtual_time time;
  loop here(time, time);
  std::vector<int> log;
  const auto body = [&]() -> task<void> {
    const auto start = here.now();
    here.at(start + 2ms, [&log] { log.push_back(3); });
    here.at(start + 1ms, [&log] { log.push_back(1); });
    here.at(start + 1ms, [&log] { log.push_back(2); });
    const auto dropped = here.at(start + 1ms, [&log] { log.push_back(99); });
    here.cancel_timer(dropped);
    here.at(start + 2ms, [&] {
      log.push_back(4);
      here.at(here.now() - 1s, [&log] { log.push_back(6); });
    });
    here.at(start + 2ms, [&log] { log.push_back(5); });
    co_await gate::sleep_for(3ms);
  };
  here.run(body());
  CHECK(log == std::vector<int>{1, 2, 3, 4, 5, 6});
  CHECK(here.timers() == 0);
}

TEST_CASE("yield lets what is ready run first", "[async]") {
  virtual_time time;
  loop here(time, time);
  std::vector<int> log;
  const auto other = [&log](int id) -> task<void> {
    for (int i = 0; i < 2; ++i) {
      log.push_back(id);
      co_await gate::yield();
    }
  };
  const auto body = [&]() -> task<void> {
    gate::spawn_detached(here, other(1), no_error);
    gate::spawn_detached(here, other(2), no_error);
    co_await other(0);
    co_await gate::yield();
  };
  here.run(body());
  CHECK(log == std::vector<int>{0, 1, 2, 0, 1, 2});
}

TEST_CASE("the loop polls though work is always ready", "[async]") {
  virtual_time time;
  loop here(time, time);
  const auto busy = []() -> task<void> {
    for (int i = 0; i < 10'000; ++i) co_await gate::yield();
  };
  here.run(busy());
  CHECK(time.polls() >= 100);
  CHECK(time.polls() <= 1000);
}

TEST_CASE("turn hooks run once a turn, after ready work, and may make more", "[async]") {
  virtual_time time;
  loop here(time, time);
  std::vector<std::string> log;
  gate::async_event flushed;
  int batch = 0;
  gate::turn_hook hook = here.at_turn_end([&] {
    if (batch == 0) return;
    log.push_back("flush " + std::to_string(batch));
    batch = 0;
    flushed.set();
  });
  const auto body = [&]() -> task<void> {
    for (int i = 0; i < 3; ++i) {
      ++batch;
      co_await gate::yield();
    }
    co_await flushed.wait();
    log.push_back("after");
    ++batch;
  };
  here.run(body());
  CHECK(log == std::vector<std::string>{"flush 3", "after", "flush 1"});

  batch = 1;
  hook.reset();
  here.run(value(1));
  CHECK(batch == 1);
}

TEST_CASE("a turn hook may go, or bring another, while hooks run", "[async]") {
  virtual_time time;
  loop here(time, time);
  int first = 0;
  int second = 0;
  gate::turn_hook added;
  gate::turn_hook doomed = here.at_turn_end([] {});
  gate::turn_hook hook = here.at_turn_end([&] {
    ++first;
    doomed.reset();
    if (!added) added = here.at_turn_end([&second] { ++second; });
  });
  const auto body = []() -> task<void> { co_await gate::sleep_for(1ms); };
  here.run(body());
  CHECK(first >= 2);
  CHECK(second >= 1);
}

TEST_CASE("a hook outlives its loop without harm", "[async]") {
  virtual_time time;
  gate::turn_hook hook;
  {
    loop here(time, time);
    hook = here.at_turn_end([] {});
  }
  hook.reset();
  CHECK_FALSE(hook);
}

TEST_CASE("an exception of a callback leaves run and loses nothing else", "[async]") {
  virtual_time time;
  loop here(time, time);
  std::vector<int> log;
  here.post([] { throw std::runtime_error("posted"); });
  here.post([&log] { log.push_back(1); });
  CHECK_THROWS_WITH(here.run(value(1)), "posted");
  CHECK(here.run(value(2)) == 2);
  CHECK(log == std::vector<int>{1});
}

TEST_CASE("detached work reports its error to its handler and is destroyed with the loop", "[async]") {
  virtual_time time;
  std::string error;
  std::vector<int> log;
  {
    loop here(time, time);
    const auto fails = []() -> task<void> {
      co_await gate::yield();
      throw std::runtime_error("detached");
    };
    gate::spawn_detached(here, fails(), [&error](std::exception_ptr e) {
      try {
        std::rethrow_exception(e);
      } catch (const std::exception& what) {
        error = what.what();
      }
    });
    gate::spawn_detached(here, note(log, 1, 1h), no_error);
    CHECK(here.detached() == 2);
    const auto body = []() -> task<void> { co_await gate::sleep_for(1s); };
    here.run(body());
    CHECK(here.detached() == 1);
    gate::spawn_detached(here, note(log, 2, 1h), no_error);  // never started
  }
  CHECK(error == "detached");
  CHECK(log.empty());
}

TEST_CASE("closing detached work cancels what runs and what is spawned later, silently", "[async]") {
  virtual_time time;
  loop here(time, time);
  std::vector<int> log;
  int errors = 0;
  const auto count = [&errors](std::exception_ptr) { ++errors; };
  bool ended = false;
  const auto body = [&]() -> task<void> {
    gate::spawn_detached(here, note(log, 1, 1h), count);
    co_await gate::sleep_for(1s);
    here.close_detached();
    gate::spawn_detached(here, note(log, 2, 1h), count);
    here.when_detached_end([&ended] { ended = true; });
    CHECK_FALSE(ended);
    co_await gate::sleep_for(1s);
    CHECK(ended);
    CHECK(here.detached() == 0);
  };
  here.run(body());
  CHECK(log.empty());
  CHECK(errors == 0);
}

TEST_CASE("a loop on the real clock sleeps no less than told", "[async]") {
  loop here;
  const auto start = std::chrono::steady_clock::now();
  const auto body = []() -> task<void> { co_await gate::sleep_for(1500us); };
  here.run(body());
  CHECK(std::chrono::steady_clock::now() - start >= 1500us);
}

TEST_CASE("post wakes a loop that waits, keeps the order, and is the loop's thread's to run", "[async]") {
  loop here;
  gate::async_event done;
  std::vector<int> log;
  bool in_loop = false;
  std::promise<void> running;
  std::thread other([&] {
    running.get_future().wait();
    CHECK_FALSE(here.in_loop_thread());
    for (int i = 0; i < 1000; ++i) here.post([&log, i] { log.push_back(i); });
    here.post([&] {
      in_loop = here.in_loop_thread();
      done.set();
    });
  });
  const auto body = [&]() -> task<void> {
    running.set_value();
    co_await done.wait();
  };
  here.run(body());
  other.join();
  CHECK(in_loop);
  REQUIRE(log.size() == 1000);
  for (int i = 0; i < 1000; ++i) REQUIRE(log[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("no wake-up is lost between threads that hand a ball to and fro", "[async]") {
  loop here;
  gate::async_event arrived;
  std::promise<loop*> started;
  gate::async_event* there_arrived = nullptr;
  constexpr int rounds = 2000;
  loop* there = nullptr;
  std::thread other([&] {
    loop own;
    gate::async_event ball;
    there_arrived = &ball;
    const auto plays = [&]() -> task<void> {
      started.set_value(&own);
      for (int i = 0; i < rounds; ++i) {
        co_await ball.wait();
        ball.reset();
        here.post([&arrived] { arrived.set(); });
      }
    };
    own.run(plays());
  });
  there = started.get_future().get();
  int played = 0;
  const auto plays = [&]() -> task<void> {
    for (int i = 0; i < rounds; ++i) {
      there->post([ball = there_arrived] { ball->set(); });
      co_await arrived.wait();
      arrived.reset();
      ++played;
    }
  };
  here.run(plays());
  other.join();
  CHECK(played == rounds);
}

TEST_CASE("a descriptor is watched for as long as the watch lives", "[async]") {
  const int descriptor = ::eventfd(0, EFD_NONBLOCK);
  REQUIRE(descriptor >= 0);
  loop here;
  gate::async_event seen;
  int calls = 0;
  gate::watch watched = here.watch_fd(descriptor, [&] {
    ++calls;
    std::uint64_t n = 0;
    [[maybe_unused]] const auto got = ::read(descriptor, &n, sizeof n);
    seen.set();
  });
  const std::uint64_t one = 1;
  const auto body = [&]() -> task<void> {
    [[maybe_unused]] auto put = ::write(descriptor, &one, sizeof one);
    co_await seen.wait();
    watched.reset();
    put = ::write(descriptor, &one, sizeof one);
    co_await gate::sleep_for(1ms);
  };
  here.run(body());
  CHECK(calls == 1);
  ::close(descriptor);
}

namespace {

// Each wait takes an hour, and ends with an event for everything that is watched.
class slow_poller final : public gate::clock_source, public gate::poller {
 public:
  gate::instant now() const noexcept override { return now_; }
  void wait(std::optional<gate::instant>) override {
    now_ += 1h;
    for (watched* const item : items_) item->on_event();
  }
  void wake() noexcept override {}
  void add(watched& item) override { items_.push_back(&item); }
  void remove(watched& item) noexcept override { std::erase(items_, &item); }

 private:
  gate::instant now_{1000h};
  std::vector<watched*> items_;
};

}  // namespace

TEST_CASE("the callback of an event sees the time at which the wait for it ended", "[async]") {
  slow_poller time;
  loop here(time, time);
  gate::async_event seen;
  gate::instant shown{};
  gate::watch watched = here.watch_fd(0, [&] {
    shown = here.now();
    seen.set();
  });
  const auto body = [&]() -> task<void> { co_await seen.wait(); };
  here.run(body());
  CHECK(shown == gate::instant(1001h));
}
