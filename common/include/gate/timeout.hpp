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

// Thrown by with_timeout when the time was over before the work ended.
class timed_out final : public std::exception {
 public:
  const char* what() const noexcept override { return "timed out"; }
};

namespace detail {

// Cancels a scope at a time, unless destroyed before.
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

// Runs `work` until `when` at most. When the time is over first, cancels the work, waits for it to end (its locals are
// gone, its started jobs done), drops a result that came too late, and throws `timed_out`. Another exception of the
// work passes as it is; so does `cancelled` when the caller itself was cancelled.
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

// A limit that is too long for the clock is none; a negative one counts as zero.
template <class R, class P, class T> task<T> with_timeout(std::chrono::duration<R, P> limit, task<T> work) {
  loop& here = co_await this_loop();
  const instant when = after(here.now(), limit);
  co_return co_await with_deadline(when, std::move(work));
}

}  // namespace gate
