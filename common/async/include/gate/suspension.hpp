#pragma once

#include <coroutine>

#include <gate/assert.hpp>
#include <gate/loop.hpp>
#include <gate/scope.hpp>
#include <gate/task.hpp>

namespace gate {

// The base of an awaiter that waits for an event: a timer, a message, a slot. It keeps the coroutine, resumes it on its
// loop, and hears of cancellation. A derived class does four things:
//   - Its await_suspend calls begin() and puts the awaiter where the event finds it:
//       template <has_env P> bool await_suspend(std::coroutine_handle<P> h) { return begin(h) && enqueue(); }
//   - When the event comes it calls wake().
//   - Its await_resume calls finish() first.
//   - Its destructor takes the awaiter out again: a coroutine may be destroyed while it waits.
// Use it on one loop's thread.
class suspension : private cancel_scope::listener {
 public:
  suspension(const suspension&) = delete;
  suspension& operator=(const suspension&) = delete;
  bool await_ready() const noexcept { return false; }

 protected:
  suspension() = default;
  ~suspension() override {
    if (state_ == state::queued) loop_->forget(handle_);
  }

  // Returns false if the scope is cancelled already. Then do not suspend; finish() will throw.
  template <has_env P> bool begin(std::coroutine_handle<P> handle) noexcept {
    const gate::env& here = handle.promise().env;
    loop_ = here.where;
    handle_ = handle;
    if (here.scope != nullptr) {
      if (here.scope->requested()) {
        cancelled_ = true;
        return false;
      }
      attach(*here.scope);
    }
    state_ = state::waiting;
    return true;
  }
  // Undoes begin(), if the event has come already. Then do not suspend.
  void no_wait() noexcept {
    detach();
    state_ = state::idle;
  }
  // The event has come: makes the coroutine ready. Call it once after begin().
  void wake() noexcept {
    GATE_ASSERT(state_ == state::waiting);
    detach();
    state_ = state::queued;
    loop_->ready(handle_);
  }
  // Throws `cancelled` if the wait was cancelled.
  void finish() {
    state_ = state::idle;
    if (cancelled_) throw cancelled();
  }
  bool waiting() const noexcept { return state_ == state::waiting; }
  bool was_cancelled() const noexcept { return cancelled_; }
  loop& where() const noexcept { return *loop_; }

  // Called if the scope is cancelled during the wait. Return true to end the wait: take the awaiter out of where it
  // waits; the coroutine is resumed with `cancelled`. Return false to go on waiting, for example for a job that runs:
  // then wake() must still come.
  virtual bool abandon() noexcept = 0;

 private:
  enum class state : unsigned char { idle, waiting, queued };

  void on_cancel() noexcept final {
    if (!abandon()) return;
    cancelled_ = true;
    wake();
  }

  loop* loop_ = nullptr;
  std::coroutine_handle<> handle_;
  state state_ = state::idle;
  bool cancelled_ = false;
};

}  // namespace gate
