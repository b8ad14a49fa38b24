#pragma once

#include <coroutine>

#include <gate/intrusive_list.hpp>
#include <gate/suspension.hpp>
#include <gate/task.hpp>

namespace gate {

// A flag that coroutines wait for. It stays set until reset(); while it is set, wait() returns at once. Any number of
// coroutines may wait. They are resumed in the order in which they came.
//
// Use an event on one loop's thread. It must outlive the coroutines that wait for it: after its destruction they wait
// until they are cancelled.
class async_event {
 public:
  class [[nodiscard]] waiter final : public suspension, public gate::intrusive_node<waiter> {
   public:
    explicit waiter(async_event& event) noexcept : event_(event) {}
    template <has_env P> bool await_suspend(std::coroutine_handle<P> handle) noexcept {
      if (!begin(handle)) return false;
      if (event_.set_) {
        no_wait();
        return false;
      }
      event_.waiters_.push_back(*this);
      return true;
    }
    void await_resume() { finish(); }

   private:
    friend class async_event;
    bool abandon() noexcept override {
      gate::intrusive_node<waiter>::unlink();
      return true;
    }
    async_event& event_;
  };

  async_event() = default;
  explicit async_event(bool set) noexcept : set_(set) {}

  bool is_set() const noexcept { return set_; }
  bool has_waiters() const noexcept { return !waiters_.empty(); }
  // Sets the flag and resumes all that wait.
  void set() noexcept {
    set_ = true;
    notify_all();
  }
  void reset() noexcept { set_ = false; }
  // Resumes all that wait now. Does not set the flag.
  void notify_all() noexcept {
    while (!waiters_.empty()) waiters_.pop_front().wake();
  }
  // Resumes the coroutine that has waited longest. Does not set the flag. Returns false if none waits.
  bool notify_one() noexcept {
    if (waiters_.empty()) return false;
    waiters_.pop_front().wake();
    return true;
  }
  // Waits until the event is set or notified: `co_await event.wait();` Throws `cancelled` if the scope of the coroutine
  // is cancelled, also if the event is set.
  waiter wait() noexcept { return waiter(*this); }

 private:
  bool set_ = false;
  intrusive_list<waiter, waiter> waiters_;
};

}  // namespace gate
