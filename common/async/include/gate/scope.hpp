#pragma once

#include <exception>
#include <utility>

#include <gate/intrusive_list.hpp>
#include <gate/unique_function.hpp>

namespace gate {

// An await throws this if its scope was cancelled. Let it pass: the coroutine that cancelled expects it. To clean up,
// use destructors, or catch it and throw it again.
class cancelled final : public std::exception {
 public:
  const char* what() const noexcept override { return "cancelled"; }
};

// Cancels coroutines. Scopes form a tree. Each coroutine runs in the scope of the coroutine that awaits it. Cancelling
// a scope makes each wait in it, and in the scopes below it, throw `cancelled`.
//
// cancel() resumes no coroutine itself: it makes them ready, and returns. Afterwards each new wait in the scope throws
// at once. Use a scope on one loop's thread. It must outlive the coroutines that run in it. A parent may end before its
// child; then the child has no parent.
class cancel_scope {
 public:
  // Hears of the cancellation of a scope. Each wait has one. Its destructor takes it out of the scope.
  class listener : public intrusive_node<listener> {
   public:
    listener() = default;
    virtual ~listener() = default;
    // Called at most once, after the listener was taken out of the scope.
    virtual void on_cancel() noexcept = 0;

    void attach(cancel_scope& scope) noexcept { scope.listeners_.push_back(*this); }
    void detach() noexcept { unlink(); }
  };

  cancel_scope() noexcept : cancel_scope(nullptr) {}
  explicit cancel_scope(cancel_scope* parent) noexcept : uplink_(*this) { set_parent(parent); }
  cancel_scope(const cancel_scope&) = delete;
  cancel_scope& operator=(const cancel_scope&) = delete;

  // Whether cancel() was called, here or on a parent.
  bool requested() const noexcept { return requested_; }

  // Calling it again does nothing.
  void cancel() noexcept {
    if (std::exchange(requested_, true)) return;
    while (!listeners_.empty()) listeners_.pop_front().on_cancel();
  }

  // Moves the scope, with all scopes below it, to another parent, or to none. If that parent was cancelled, this scope
  // is cancelled at once.
  void set_parent(cancel_scope* parent) noexcept {
    uplink_.detach();
    if (parent == nullptr) return;
    if (parent->requested()) {
      cancel();
    } else {
      uplink_.attach(*parent);
    }
  }

 private:
  class uplink final : public listener {
   public:
    explicit uplink(cancel_scope& child) noexcept : child_(child) {}
    void on_cancel() noexcept override { child_.cancel(); }

   private:
    cancel_scope& child_;
  };

  bool requested_ = false;
  intrusive_list<listener, listener> listeners_;
  uplink uplink_;
};

// Calls a function when a scope is cancelled, or at once if it was cancelled before. Destroy the object to prevent the
// call. The function must not throw and must not destroy the scope.
class cancel_callback final : public cancel_scope::listener {
 public:
  cancel_callback(cancel_scope& scope, unique_function<void()> call) : call_(std::move(call)) {
    if (scope.requested()) {
      call_();
    } else {
      attach(scope);
    }
  }
  void on_cancel() noexcept override { call_(); }

 private:
  unique_function<void()> call_;
};

}  // namespace gate
