#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <utility>

#include <gate/clock.hpp>
#include <gate/loop.hpp>
#include <gate/poller.hpp>
#include <gate/task.hpp>

namespace gate::test {

// Thrown if all coroutines of a loop in virtual time wait for events that can never come.
class nothing_left_to_run final : public std::logic_error {
 public:
  nothing_left_to_run() : std::logic_error("nothing left to run: every coroutine waits, and no timer is set") {}
};

// Clock and poller for a loop under test. It jumps to the next timer instead of waiting. It never sleeps, so a test of
// hours ends at once, and in the same way each time. It has no sockets, and it does not wait for posts of other
// threads.
class virtual_time final : public clock_source, public poller {
 public:
  virtual_time() = default;

  instant now() const noexcept override { return now_; }
  void advance(duration by) noexcept { now_ += by; }
  duration elapsed() const noexcept { return now_ - start; }
  // The number of polls, with and without waiting.
  std::size_t polls() const noexcept { return polls_; }

  void wait(std::optional<instant> until) override {
    ++polls_;
    if (!until) throw nothing_left_to_run();
    if (*until > now_) now_ = *until;
  }
  void wake() noexcept override {}
  void add(watched&) override { throw std::logic_error("virtual time watches no sockets"); }
  void remove(watched&) noexcept override {}

 private:
  static constexpr instant start{std::chrono::hours(1000)};
  instant now_ = start;
  std::size_t polls_ = 0;
};

// Runs a coroutine on its own loop in virtual time.
template <class T> T run_virtual(task<T> work) {
  virtual_time time;
  loop here(time, time);
  return here.run(std::move(work));
}

}  // namespace gate::test
