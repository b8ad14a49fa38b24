#pragma once

#include <coroutine>
#include <exception>
#include <utility>

#include <gate/intrusive_list.hpp>
#include <gate/scope.hpp>
#include <gate/task.hpp>

namespace gate::detail {

// The root of spawned work: a coroutine that no coroutine awaits. It frees itself at its end. Until then it is in the
// list of its owner (a loop or a task_group), which may destroy it early. An exception that leaves its body ends the
// process.
class runner {
 public:
  class promise_type : public intrusive_node<runner> {
   public:
    gate::env env{};
    cancel_scope scope;  // for owners that have no scope of their own
    bool started = false;

    class start_awaiter {
     public:
      explicit start_awaiter(promise_type& promise) noexcept : promise_(promise) {}
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<>) const noexcept {}
      void await_resume() const noexcept { promise_.started = true; }

     private:
      promise_type& promise_;
    };

    runner get_return_object() noexcept { return runner(*this); }
    start_awaiter initial_suspend() noexcept { return start_awaiter(*this); }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }

    std::coroutine_handle<promise_type> handle() noexcept {
      return std::coroutine_handle<promise_type>::from_promise(*this);
    }
  };
  using list = intrusive_list<promise_type, runner>;

  explicit runner(promise_type& promise) noexcept : promise_(&promise) {}
  promise_type& promise() const noexcept { return *promise_; }

 private:
  promise_type* promise_;
};

}  // namespace gate::detail
