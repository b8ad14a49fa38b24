#pragma once

#include <coroutine>
#include <exception>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>

#include <gate/event.hpp>
#include <gate/loop.hpp>
#include <gate/suspension.hpp>
#include <gate/task.hpp>

namespace gate {

namespace detail {

// The state that the two ends of await_on share. The awaiter lives on `home`; the work runs on `away`.
template <class T> class remote_work : public std::enable_shared_from_this<remote_work<T>> {
  static_assert(!std::is_reference_v<T>, "what crosses threads is a value");

 public:
  using stored = std::conditional_t<std::is_void_v<T>, bool, T>;

  remote_work(loop& home, loop& away, task<T> work) : home_(home), away_(away), work_(std::move(work)) {}

  void start(unique_function<void()> on_end) {
    on_end_ = std::move(on_end);
    away_.post([ending = end_guard(this->shared_from_this())]() mutable {
      loop& away = ending.work().away_;
      away.launch(run(std::move(ending), away));
    });
  }
  void cancel() noexcept {
    away_.post([self = this->shared_from_this()] {
      if (self->scope_ != nullptr) self->scope_->cancel();
      self->cancel_early_ = true;
    });
  }
  // Called when the awaiter is destroyed. After this the work does not touch `home` any more.
  void forsake() noexcept {
    const std::lock_guard lock(mutex_);
    forsaken_ = true;
  }
  // Moves the result out. The other thread may destroy this object later, but not the result.
  T take() {
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    if constexpr (!std::is_void_v<T>) return std::move(*value_);
  }

 private:
  // Tells the awaiter at its destruction that the work has ended, also if the other loop ends before the work ran.
  class end_guard {
   public:
    explicit end_guard(std::shared_ptr<remote_work> work) noexcept : work_(std::move(work)) {}
    end_guard(end_guard&&) noexcept = default;
    end_guard& operator=(end_guard&&) = delete;
    ~end_guard() {
      if (work_ != nullptr) work_->end();
    }
    remote_work& work() const noexcept { return *work_; }

   private:
    std::shared_ptr<remote_work> work_;
  };

  static runner run(end_guard ending, loop& away) {
    remote_work& self = ending.work();
    const gate::env here = co_await current_env();
    self.scope_ = here.scope;
    if (self.cancel_early_) self.scope_->cancel();
    try {
      if constexpr (std::is_void_v<T>) {
        co_await std::move(self.work_);
        self.value_.emplace(true);
      } else {
        T value = co_await std::move(self.work_);
        self.value_.emplace(std::move(value));
      }
    } catch (...) {
      self.error_ = std::current_exception();
    }
    self.scope_ = nullptr;
    away.detached_ended();
  }
  void end() noexcept {
    scope_ = nullptr;
    if (!value_.has_value() && !error_) error_ = std::make_exception_ptr(cancelled());
    { const task<T> ended = std::move(work_); }  // its frame belongs to this thread
    const std::lock_guard lock(mutex_);
    if (forsaken_) return;
    home_.post([self = this->shared_from_this()] {
      // The awaiter may be destroyed by now. Only the home thread uses on_end_ and runs forsake().
      if (!self->forsaken_) self->on_end_();
    });
  }

  loop& home_;
  loop& away_;
  task<T> work_;
  std::optional<stored> value_;
  std::exception_ptr error_;
  cancel_scope* scope_ = nullptr;  // away thread
  bool cancel_early_ = false;      // away thread
  unique_function<void()> on_end_;
  std::mutex mutex_;
  bool forsaken_ = false;  // written by home with the mutex held
};

template <class T> class remote_awaiter final : public suspension {
 public:
  remote_awaiter(loop& away, task<T> work) : away_(away), task_(std::move(work)) {}
  ~remote_awaiter() override {
    if (work_ == nullptr) return;
    work_->forsake();
    if (waiting()) work_->cancel();
  }
  template <has_env P> bool await_suspend(std::coroutine_handle<P> handle) {
    if (!begin(handle)) return false;
    work_ = std::make_shared<remote_work<T>>(where(), away_, std::move(task_));
    work_->start([this] { wake(); });
    return true;
  }
  T await_resume() {
    finish();
    return work_->take();
  }

 private:
  bool abandon() noexcept override {
    work_->cancel();
    return false;
  }
  loop& away_;
  task<T> task_;
  std::shared_ptr<remote_work<T>> work_;
};

template <class T> runner run_for_future(loop& where, task<T> work, std::promise<T> result) {
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(work);
      result.set_value();
    } else {
      T value = co_await std::move(work);
      result.set_value(std::move(value));
    }
  } catch (...) {
    result.set_exception(std::current_exception());
  }
  where.detached_ended();
}

}  // namespace detail

// Runs `work` on the loop `where`, which may run on another thread. Resumes on the loop of the caller with the result
// or the exception of the work. Cancelling the caller cancels the work, and waits until it has ended. Throws
// `cancelled` if the other loop ends first. Both loops must run.
//
// The work runs on the other thread: what it refers to must be safe to use there. It must outlive the work, also if the
// caller is destroyed.
template <class T> task<T> await_on(loop& where, task<T> work) {
  loop& here = co_await this_loop();
  if (&here == &where) co_return co_await std::move(work);
  detail::remote_awaiter<T> remote(where, std::move(work));
  co_return co_await remote;
}

// Starts `work` on a loop, from any thread. The future gets its result or exception. If the loop ends before the work,
// the future throws std::future_error (broken promise).
template <class T> std::future<T> start(loop& where, task<T> work) {
  static_assert(!std::is_reference_v<T>, "what crosses threads is a value");
  std::promise<T> result;
  std::future<T> future = result.get_future();
  where.post([&where, work = std::move(work), result = std::move(result)]() mutable {
    where.launch(detail::run_for_future(where, std::move(work), std::move(result)));
  });
  return future;
}

template <becomes_task W> task<typename W::value_type> await_on(loop& where, W work) {
  return await_on(where, task<typename W::value_type>(std::move(work)));
}
template <becomes_task W> std::future<typename W::value_type> start(loop& where, W work) {
  return start(where, task<typename W::value_type>(std::move(work)));
}

// A loop on a thread of its own. The destructor cancels the work that was started on the loop, waits until it has
// ended, and joins the thread. If it is called on that very thread, it does not wait: the thread goes on until the work
// has ended, and ends then.
// If a callback of the loop throws std::bad_alloc, what that callback had to do is lost, and the loop goes on. Any
// other exception that leaves a callback ends the process.
class loop_thread {
 public:
  // Throws std::system_error if the process has no thread left, and std::bad_alloc.
  loop_thread();
  loop_thread(const loop_thread&) = delete;
  loop_thread& operator=(const loop_thread&) = delete;
  ~loop_thread();
  // The loop. From other threads use only loop::post(), start() and await_on().
  loop& get() noexcept;

 private:
  struct state;

  std::shared_ptr<state> state_;
  std::thread thread_;
};

}  // namespace gate
