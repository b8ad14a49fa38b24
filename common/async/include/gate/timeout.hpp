#pragma once

#include <exception>
#include <type_traits>
#include <utility>

#include <gate/clock.hpp>
#include <gate/loop.hpp>
#include <gate/saturate.hpp>
#include <gate/scope.hpp>
#include <gate/task.hpp>

namespace gate {

// Thrown by with_timeout and with_deadline if the time is over before the work has ended. (A call whose budget is over
// throws Error(errc::timed_out) instead.)
class timed_out final : public std::exception {
 public:
  const char* what() const noexcept override { return "timed out"; }
};

namespace detail {

// Cancels a scope at a time, unless it is destroyed before.
class cancel_timer {
 public:
  cancel_timer(loop& where, instant when, cancel_scope& scope) : loop_(where) {
    key_ = loop_.at(when, [this, &scope] {
      fired_ = true;
      scope.cancel();
    });
  }
  cancel_timer(const cancel_timer&) = delete;
  cancel_timer& operator=(const cancel_timer&) = delete;
  ~cancel_timer() { loop_.cancel_timer(key_); }
  bool fired() const noexcept { return fired_; }

 private:
  loop& loop_;
  timer_key key_;
  bool fired_ = false;
};

}  // namespace detail

// Runs `work` until `when` at the latest. If the time is over first, it cancels the work, waits until the work has
// ended, ignores a late result, and throws `timed_out`. Its locals are gone then, and jobs that it has started in a
// pool are done. Any other exception of the work passes unchanged. So does `cancelled` if the caller itself was
// cancelled.
template <class T> task<T> with_deadline(instant when, task<T> work) {
  const gate::env here = co_await current_env();
  cancel_scope scope(here.scope);
  detail::cancel_timer timer(*here.where, when, scope);
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(work).within(scope);
      if (!timer.fired()) co_return;
    } else {
      decltype(auto) result = co_await std::move(work).within(scope);
      if (!timer.fired()) co_return std::forward<T>(result);
    }
  } catch (const cancelled&) {
    const bool by_caller = here.scope != nullptr && here.scope->requested();
    if (!timer.fired() || by_caller) throw;
  }
  throw timed_out();
}

// Runs `work` for at most `limit`; see with_deadline. A limit that is too long for the clock is no limit; a negative
// one counts as zero.
template <class R, class P, class T> task<T> with_timeout(std::chrono::duration<R, P> limit, task<T> work) {
  loop& here = co_await this_loop();
  const instant when = after(here.now(), limit);
  co_return co_await with_deadline(when, std::move(work));
}

template <becomes_task W> task<typename W::value_type> with_deadline(instant when, W work) {
  return with_deadline(when, task<typename W::value_type>(std::move(work)));
}
template <class R, class P, becomes_task W>
task<typename W::value_type> with_timeout(std::chrono::duration<R, P> limit, W work) {
  return with_timeout(limit, task<typename W::value_type>(std::move(work)));
}

}  // namespace gate
