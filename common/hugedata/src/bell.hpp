#pragma once

#include <coroutine>
#include <memory>
#include <mutex>
#include <utility>

#include <gate/assert.hpp>
#include <gate/loop.hpp>
#include <gate/suspension.hpp>
#include <gate/task.hpp>

namespace gate::huge {

// Wakes the one coroutine that reads from a shared state, from other threads. It is part of that state, and guarded by
// its mutex. The coroutine does:
//
//   for (;;) {
//     { lock; bell.heard(); if there is something, take it and return }
//     co_await bell.wait();
//   }
//
// A wake-up may come without a reason.
class bell {
 public:
  explicit bell(std::mutex& mutex) noexcept : mutex_(mutex) {}
  bell(const bell&) = delete;
  bell& operator=(const bell&) = delete;

  // Call it with the mutex locked. `owner` is the state that the bell is part of.
  void ring(std::shared_ptr<void> owner) {
    rung_ = true;
    if (!std::exchange(waiting_, false)) return;
    home_->post([this, keep = std::move(owner)] {
      if (waiter_ != nullptr) std::exchange(waiter_, nullptr)->heard();
    });
  }
  // Call it in the reader, with the mutex locked.
  void heard() noexcept { rung_ = false; }

  class [[nodiscard]] waiter final : public suspension {
   public:
    explicit waiter(bell& b) noexcept : bell_(b) {}
    ~waiter() override {
      if (waiting()) leave();
    }
    template <has_env P> bool await_suspend(std::coroutine_handle<P> handle) {
      if (!begin(handle)) return false;
      const std::lock_guard locked(bell_.mutex_);
      if (bell_.rung_) {
        no_wait();
        return false;
      }
      GATE_ASSERT(bell_.waiter_ == nullptr);  // one reader at a time
      bell_.waiter_ = this;
      bell_.home_ = &where();
      bell_.waiting_ = true;
      return true;
    }
    void await_resume() { finish(); }

   private:
    friend class bell;
    void heard() noexcept { wake(); }
    void leave() noexcept {
      bell_.waiter_ = nullptr;
      const std::lock_guard locked(bell_.mutex_);
      bell_.waiting_ = false;
    }
    bool abandon() noexcept override {
      leave();
      return true;
    }
    bell& bell_;
  };

  // The state must outlive the wait.
  waiter wait() noexcept { return waiter(*this); }

 private:
  std::mutex& mutex_;
  bool rung_ = false;
  bool waiting_ = false;  // the reader must be woken
  loop* home_ = nullptr;
  waiter* waiter_ = nullptr;  // for the reader's thread only
};

}  // namespace gate::huge
