#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <utility>

#include <gate/assert.hpp>
#include <gate/loop.hpp>
#include <gate/runner.hpp>
#include <gate/scope.hpp>
#include <gate/task.hpp>

namespace gate {

// Coroutines that run side by side and never outlive the group.
//
//   const env here = co_await current_env();
//   task_group group(here);
//   group.spawn(first());
//   group.spawn(second());
//   co_await group.join();
//
// If a child throws, the other children are cancelled. join() waits for all of them and then throws that exception. A
// child that ends with `cancelled` after the group was cancelled has not failed.
//
// Cancelling the scope that the group was made in cancels the group. Join a group before you destroy it. A group that
// is destroyed without a join (because an exception passes) destroys its children where they are suspended. Use a group
// on one loop's thread. A child must not destroy its group.
class task_group {
 public:
  // `here` is that of the running coroutine. Its loop and its scope must outlive the group.
  explicit task_group(const env& here) : loop_(*here.where), scope_(here.scope), parent_(here.scope) {}
  task_group(const task_group&) = delete;
  task_group& operator=(const task_group&) = delete;
  ~task_group();

  // Adds a child. It starts after all coroutines that are ready now. Allowed during join(), for example by a child.
  void spawn(task<void> child);
  // Cancels all children, also later ones. join() does not throw because of it.
  void cancel() noexcept { scope_.cancel(); }
  // The number of children that have not ended.
  std::size_t size() const noexcept { return live_; }
  // The scope that the children run in.
  cancel_scope& scope() noexcept { return scope_; }

  // Waits for all children, also if the waiting coroutine is cancelled: then the children are cancelled too. Throws the
  // first failure. Throws `cancelled` if the scope around the group was cancelled and a child ended because of it. One
  // coroutine at a time. You may spawn and join again.
  task<void> join();

 private:
  // Waits for the last child. A cancellation does not end this wait.
  class joiner final {
   public:
    explicit joiner(task_group& group) noexcept : group_(group) {}
    joiner(const joiner&) = delete;
    joiner& operator=(const joiner&) = delete;
    ~joiner() {
      if (group_.joiner_ == this) group_.joiner_ = nullptr;
      if (queued_) group_.loop_.forget(handle_);
    }
    bool await_ready() const noexcept { return group_.live_ == 0; }
    void await_suspend(std::coroutine_handle<> handle) noexcept {
      GATE_ASSERT(group_.joiner_ == nullptr);
      handle_ = handle;
      group_.joiner_ = this;
    }
    void await_resume() noexcept { queued_ = false; }
    void wake() {
      queued_ = true;
      group_.loop_.ready(handle_);
    }

   private:
    task_group& group_;
    std::coroutine_handle<> handle_;
    bool queued_ = false;
  };

  detail::runner run(task<void> child);
  void failed(std::exception_ptr error) noexcept;
  void ended() noexcept;

  loop& loop_;
  cancel_scope scope_;
  cancel_scope* parent_;
  std::size_t live_ = 0;
  bool child_cancelled_ = false;
  std::exception_ptr error_;
  joiner* joiner_ = nullptr;
  detail::runner::list children_;
};

}  // namespace gate
