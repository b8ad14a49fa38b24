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
// The first failure cancels the other children; join() waits for all of them, then throws it. A child that ends with
// `cancelled` after the group was cancelled has not failed. The group's scope is a child of the scope given. A group
// that is destroyed before it was joined (an exception passed by) destroys its children where they are suspended. One
// loop's thread only; not from within a child.
class task_group {
 public:
  explicit task_group(const env& here) : loop_(*here.where), scope_(here.scope), parent_(here.scope) {}
  task_group(const task_group&) = delete;
  task_group& operator=(const task_group&) = delete;
  ~task_group();

  // The child starts after all that is ready now. Allowed while the group is joined, by a child for example.
  void spawn(task<void> child);
  // Cancels the children, present and future; join() then does not throw for it.
  void cancel() noexcept { scope_.cancel(); }
  // How many children have not ended.
  std::size_t size() const noexcept { return live_; }
  cancel_scope& scope() noexcept { return scope_; }

  // Waits for all children, even when cancelled (they are, too). Throws the first failure, or `cancelled` when the
  // scope around the group was cancelled and a child gave up for it. One coroutine at a time; may be called again.
  task<void> join();

 private:
  // Waits for the last child, whatever is cancelled.
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
