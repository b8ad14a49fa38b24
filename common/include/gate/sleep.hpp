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

// `co_await sleep_for(1s);` Resumes in the first turn that is late enough, never early; a length of zero or less lets a
// turn pass. Throws `cancelled`.
template <class R, class P> detail::sleep_awaiter sleep_for(std::chrono::duration<R, P> length) noexcept {
  return {saturated(length), {}, true};
}
inline detail::sleep_awaiter sleep_until(instant when) noexcept { return {{}, when, false}; }

// `co_await yield();` Lets everything that is ready now run first. Throws `cancelled`.
inline detail::yield_awaiter yield() noexcept { return {}; }

}  // namespace gate
