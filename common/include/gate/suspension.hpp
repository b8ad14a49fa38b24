#pragma once

#include <coroutine>

#include <gate/assert.hpp>
#include <gate/loop.hpp>
#include <gate/scope.hpp>
#include <gate/task.hpp>

namespace gate {

// Base of every awaiter that waits for an event of its own (a timer, a message, a slot): it remembers the coroutine,
// resumes it on its loop, and hears of cancellation. A derived class writes await_suspend as
//
//   template <has_env P> bool await_suspend(std::coroutine_handle<P> h) { return begin(h) && enqueue(); }
//
// calls wake() when its event comes, and finish() first thing in await_resume. Its destructor leaves what it waits in:
// a coroutine may be destroyed while it waits. One loop's thread only.
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

  // False when the scope is cancelled already: do not suspend, finish() will throw.
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
  // Takes begin() back: the event has come already, so there is nothing to wait for.
  void no_wait() noexcept {
    detach();
    state_ = state::idle;
  }
  void wake() noexcept {
    GATE_ASSERT(state_ == state::waiting);
    detach();
    state_ = state::queued;
    loop_->ready(handle_);
  }
  void finish() {
    state_ = state::idle;
    if (cancelled_) throw cancelled();
  }
  bool waiting() const noexcept { return state_ == state::waiting; }
  bool was_cancelled() const noexcept { return cancelled_; }
  loop& where() const noexcept { return *loop_; }

  // The scope is cancelled: leave what is waited in and return true to be resumed with `cancelled`; return false when
  // that cannot be left (the work under way is waited for), and wake() will come.
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
