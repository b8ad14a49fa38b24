#pragma once

#include <coroutine>

#include <gate/clock.hpp>
#include <gate/loop.hpp>
#include <gate/saturate.hpp>
#include <gate/suspension.hpp>
#include <gate/task.hpp>

namespace gate {

namespace detail {

class sleep_awaiter final : public suspension {
 public:
  sleep_awaiter(duration length, instant until, bool relative) noexcept
      : length_(length), until_(until), relative_(relative) {}
  ~sleep_awaiter() override {
    if (waiting()) where().cancel_timer(key_);
  }
  template <has_env P> bool await_suspend(std::coroutine_handle<P> handle) {
    if (!begin(handle)) return false;
    const instant when = relative_ ? gate::after(where().now(), length_) : until_;
    key_ = where().at(when, [this] { wake(); });
    return true;
  }
  void await_resume() { finish(); }

 private:
  bool abandon() noexcept override {
    where().cancel_timer(key_);
    return true;
  }

  duration length_;
  instant until_;
  bool relative_;
  timer_key key_;
};

class yield_awaiter final : public suspension {
 public:
  template <has_env P> bool await_suspend(std::coroutine_handle<P> handle) {
    if (!begin(handle)) return false;
    wake();
    return true;
  }
  void await_resume() { finish(); }

 private:
  bool abandon() noexcept override { return true; }
};

}  // namespace detail

// Waits for a length of time: `co_await sleep_for(1s);` Never resumes early. A length of zero or less waits for the
// next turn of the loop. Throws `cancelled` if the coroutine is cancelled.
template <class R, class P> detail::sleep_awaiter sleep_for(std::chrono::duration<R, P> length) noexcept {
  return {saturated(length), {}, true};
}
// Waits until a time of the loop's clock: `co_await sleep_until(when);`
inline detail::sleep_awaiter sleep_until(instant when) noexcept { return {{}, when, false}; }

// Lets all coroutines that are ready now run first: `co_await yield();` Throws `cancelled` if the coroutine is
// cancelled.
inline detail::yield_awaiter yield() noexcept { return {}; }

}  // namespace gate
