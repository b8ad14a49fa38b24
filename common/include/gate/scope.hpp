#pragma once

#include <exception>
#include <utility>

#include <gate/intrusive_list.hpp>
#include <gate/unique_function.hpp>

namespace gate {

// Thrown out of an await whose scope was cancelled. Let it pass: whoever cancelled expects it.
class cancelled final : public std::exception {
 public:
  const char* what() const noexcept override { return "cancelled"; }
};

// A node in the tree of cancellation. Each coroutine runs in the scope it inherits from the coroutine that awaits it;
// cancelling a scope ends every wait inside it, and inside its descendants, with `cancelled`.
//
// Cancelling is a request: coroutines are made ready to be resumed, none is resumed inside cancel(). It stays
// requested: later waits in the scope fail at once. One loop's thread only. A scope lives longer than the coroutines
// that run in it; a parent may end before its child, which is then a root.
class cancel_scope {
 public:
  // What a wait registers with its scope. Leaves the scope when it is destroyed.
  class listener : public intrusive_node<listener> {
   public:
    listener() = default;
    virtual ~listener() = default;
    // Called once, after the listener has left the scope.
    virtual void on_cancel() noexcept = 0;

    void attach(cancel_scope& scope) noexcept { scope.listeners_.push_back(*this); }
    void detach() noexcept { unlink(); }
  };

  cancel_scope() noexcept : cancel_scope(nullptr) {}
  explicit cancel_scope(cancel_scope* parent) noexcept : uplink_(*this) { set_parent(parent); }
  cancel_scope(const cancel_scope&) = delete;
  cancel_scope& operator=(const cancel_scope&) = delete;

  bool requested() const noexcept { return requested_; }

  void cancel() noexcept {
    if (std::exchange(requested_, true)) return;
    while (!listeners_.empty()) listeners_.pop_front().on_cancel();
  }

  // Moves the scope, with all inside, under another parent (or none).
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

// Calls a function when a scope is cancelled; at once if it already was. Destroy it to be called no more. The function
// must not throw, nor destroy the scope.
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
