#pragma once

#include <concepts>
#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <gate/assert.hpp>
#include <gate/detail/destroy_frame.hpp>

namespace gate {

class loop;
class cancel_scope;

// The loop on which a coroutine runs, and the scope that cancels it. A coroutine takes both from the coroutine that
// awaits it.
struct env {
  loop* where = nullptr;
  cancel_scope* scope = nullptr;
};

// A coroutine of this library: its promise has an env. Only such coroutines can await the waits of this library.
template <class P>
concept has_env = requires(P& promise) {
  { promise.env } -> std::same_as<gate::env&>;
};

namespace detail {

// The coroutine to resume next. An await stores the child here, and a child that ends stores its parent, instead of
// calling it. So the stack stays flat, however long the chain of awaits is. (Symmetric transfer would do the same, but
// g++ makes real calls of it below -O2 and under sanitizers.)
inline constinit thread_local std::coroutine_handle<> next_to_resume{};

inline void drive(std::coroutine_handle<> handle) {
  const std::coroutine_handle<> outer = std::exchange(next_to_resume, {});
  while (handle) {
    handle.resume();
    handle = std::exchange(next_to_resume, {});
  }
  next_to_resume = outer;
}

class promise_base {
 public:
  std::coroutine_handle<> continuation{};
  std::exception_ptr error{};
  gate::env env{};

  class final_awaiter {
   public:
    bool await_ready() const noexcept { return false; }
    template <class P> void await_suspend(std::coroutine_handle<P> finished) const noexcept {
      next_to_resume = finished.promise().continuation;
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  final_awaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { error = std::current_exception(); }
};

template <class T> class task_promise;

}  // namespace detail

// A lazy coroutine. It starts when it is awaited: `co_await make();`, or `co_await std::move(named);`. Await it once.
// The await returns its result or throws its exception. T may be void, a reference, or a move-only type.
//
// It runs on the loop of the coroutine that awaits it, and in its cancel scope. Arguments that it takes by reference
// must outlive the await. Move-only. Destroying a task that has not started runs nothing; destroying one that is
// suspended destroys its locals.
template <class T = void> class [[nodiscard]] task {
 public:
  using promise_type = detail::task_promise<T>;
  using value_type = T;
  using handle_type = std::coroutine_handle<promise_type>;

  explicit task(handle_type handle) noexcept : handle_(handle) {}
  task(task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  task& operator=(task&& other) noexcept {
    if (this != &other) {
      reset();
      handle_ = std::exchange(other.handle_, {});
    }
    return *this;
  }
  ~task() { reset(); }

  class awaiter {
   public:
    awaiter(handle_type handle, cancel_scope* scope) noexcept : handle_(handle), scope_(scope) {}
    bool await_ready() const noexcept { return false; }
    template <has_env P> void await_suspend(std::coroutine_handle<P> parent) const noexcept {
      auto& promise = handle_.promise();
      promise.continuation = parent;
      promise.env = parent.promise().env;
      if (scope_ != nullptr) promise.env.scope = scope_;
      detail::next_to_resume = handle_;
    }
    T await_resume() const { return handle_.promise().take(); }

   private:
    handle_type handle_;
    cancel_scope* scope_;
  };

  awaiter operator co_await() && noexcept {
    GATE_ASSERT(handle_ && !handle_.done());
    return awaiter(handle_, nullptr);
  }
  // Awaits it in another cancel scope: `co_await std::move(work).within(scope);` The scope must outlive the await.
  awaiter within(cancel_scope& scope) && noexcept {
    GATE_ASSERT(handle_ && !handle_.done());
    return awaiter(handle_, &scope);
  }

  // False after a move from this.
  explicit operator bool() const noexcept { return static_cast<bool>(handle_); }
  // For loops and task groups.
  handle_type handle() const noexcept { return handle_; }

 private:
  void reset() noexcept {
    if (const handle_type held = std::exchange(handle_, {})) detail::destroy_frame(held);
  }
  handle_type handle_;
};

// Work that is no task yet but becomes one, such as PendingCall::as<T>(). Functions that take any task take it too.
template <class W>
concept becomes_task = requires { typename W::value_type; } && !std::same_as<W, task<typename W::value_type>> &&
                       std::convertible_to<W, task<typename W::value_type>>;

// An awaiter that owns the task it awaits. Use it in an operator co_await that is made of a coroutine:
//   auto operator co_await() && { return owned_task<Reply>(std::move(*this).run()); }
template <class T> class owned_task {
 public:
  explicit owned_task(task<T> work) noexcept : work_(std::move(work)), awaiter_(std::move(work_).operator co_await()) {}
  bool await_ready() const noexcept { return false; }
  template <has_env P> void await_suspend(std::coroutine_handle<P> parent) noexcept { awaiter_.await_suspend(parent); }
  T await_resume() { return awaiter_.await_resume(); }

 private:
  task<T> work_;
  typename task<T>::awaiter awaiter_;
};

namespace detail {

template <class T> class task_promise final : public promise_base {
 public:
  task<T> get_return_object() noexcept { return task<T>(std::coroutine_handle<task_promise>::from_promise(*this)); }
  template <class U = T>
    requires std::constructible_from<T, U&&>
  void return_value(U&& value) {
    value_.emplace(std::forward<U>(value));
  }
  T take() {
    if (error) std::rethrow_exception(error);
    return std::move(*value_);
  }

 private:
  std::optional<T> value_;
};

template <class T> class task_promise<T&> final : public promise_base {
 public:
  task<T&> get_return_object() noexcept { return task<T&>(std::coroutine_handle<task_promise>::from_promise(*this)); }
  void return_value(T& value) noexcept { value_ = std::addressof(value); }
  T& take() const {
    if (error) std::rethrow_exception(error);
    return *value_;
  }

 private:
  T* value_ = nullptr;
};

template <> class task_promise<void> final : public promise_base {
 public:
  task<void> get_return_object() noexcept {
    return task<void>(std::coroutine_handle<task_promise>::from_promise(*this));
  }
  void return_void() const noexcept {}
  void take() const {
    if (error) std::rethrow_exception(error);
  }
};

// Reads the env of the awaiting coroutine without suspending it.
template <class Read> class env_awaiter {
 public:
  bool await_ready() const noexcept { return false; }
  template <has_env P> bool await_suspend(std::coroutine_handle<P> handle) noexcept {
    env_ = handle.promise().env;
    return false;
  }
  decltype(auto) await_resume() const noexcept { return Read()(env_); }

 private:
  gate::env env_;
};
struct read_env {
  gate::env operator()(const gate::env& e) const noexcept { return e; }
};
struct read_loop {
  loop& operator()(const gate::env& e) const noexcept { return *e.where; }
};
struct read_scope {
  cancel_scope& operator()(const gate::env& e) const noexcept { return *e.scope; }
};

}  // namespace detail

// The env of the running coroutine: `const gate::env here = co_await current_env();` Does not suspend. Neither pointer
// is null.
inline auto current_env() noexcept { return detail::env_awaiter<detail::read_env>(); }
// Its loop: `loop& here = co_await this_loop();`
inline auto this_loop() noexcept { return detail::env_awaiter<detail::read_loop>(); }
// Its cancel scope: `cancel_scope& scope = co_await this_scope();`
inline auto this_scope() noexcept { return detail::env_awaiter<detail::read_scope>(); }

}  // namespace gate
