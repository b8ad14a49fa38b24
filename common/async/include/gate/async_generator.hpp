#pragma once

#include <concepts>
#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <gate/assert.hpp>
#include <gate/detail/destroy_frame.hpp>
#include <gate/generator.hpp>
#include <gate/named_value.hpp>
#include <gate/task.hpp>

namespace gate {

// A sequence whose body may await: a coroutine with `co_yield value;`.
//
//   while (auto item = co_await g.next()) use(*item);
//
// The body starts with the first next(). It runs on the loop of the reader, and in the cancel scope of the current
// next(). If it throws, next() throws that exception and the sequence ends. Destroying the generator destroys the
// locals of the body, also while it waits. If a next() is destroyed before it has returned, no value is lost: the
// following next() returns it.
// Move-only; one reader at a time. T is an object type that can be moved. To yield an aggregate, see
// detail::risky_to_yield.
template <class T> class [[nodiscard]] async_generator {
  static_assert(std::is_object_v<T> && std::is_move_constructible_v<T>, "an async_generator yields movable objects");

 public:
  using value_type = T;

  class promise_type {
   public:
    gate::env env{};

    class hand_over {
     public:
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<promise_type> self) const noexcept {
        promise_type& promise = self.promise();
        promise.running_ = false;
        detail::next_to_resume = std::exchange(promise.reader_, {});
      }
      void await_resume() const noexcept {}
    };

    async_generator get_return_object() noexcept { return async_generator(handle_type::from_promise(*this)); }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    hand_over final_suspend() const noexcept { return {}; }
    hand_over yield_value(const T& value)
      requires std::copy_constructible<T>
    {
      value_.emplace(value);
      return {};
    }
    hand_over yield_value(T&& value) {
      static_assert(!detail::risky_to_yield<T>, GATE_NAME_THE_ITEM);
      value_.emplace(std::move(value));
      return {};
    }
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { error_ = std::current_exception(); }

   private:
    friend class async_generator;
    std::optional<T> value_;
    std::exception_ptr error_;
    std::coroutine_handle<> reader_;
    bool running_ = false;  // from the next() that resumed the body until its next yield or its end
  };
  using handle_type = std::coroutine_handle<promise_type>;

  async_generator(async_generator&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  async_generator& operator=(async_generator&& other) noexcept {
    if (this != &other) {
      reset();
      handle_ = std::exchange(other.handle_, {});
    }
    return *this;
  }
  ~async_generator() { reset(); }

  class [[nodiscard]] awaiter {
   public:
    explicit awaiter(handle_type handle) noexcept : handle_(handle) {}
    awaiter(const awaiter&) = delete;
    awaiter& operator=(const awaiter&) = delete;
    ~awaiter() {
      if (reading_) handle_.promise().reader_ = {};  // destroyed while it waits
    }
    bool await_ready() const noexcept {
      const promise_type& promise = handle_.promise();
      return !promise.running_ && (handle_.done() || promise.value_.has_value());
    }
    template <has_env P> void await_suspend(std::coroutine_handle<P> reader) noexcept {
      promise_type& promise = handle_.promise();
      GATE_ASSERT(!promise.reader_);
      promise.reader_ = reader;
      promise.env = reader.promise().env;
      reading_ = true;
      if (!std::exchange(promise.running_, true)) detail::next_to_resume = handle_;
    }
    std::optional<T> await_resume() {
      reading_ = false;
      promise_type& promise = handle_.promise();
      if (promise.error_) std::rethrow_exception(std::exchange(promise.error_, {}));
      std::optional<T> value = std::move(promise.value_);
      promise.value_.reset();
      return value;
    }

   private:
    handle_type handle_;
    bool reading_ = false;
  };

  // The next value, or std::nullopt at the end. Do not move or destroy the generator while this is awaited.
  awaiter next() noexcept {
    GATE_ASSERT(handle_);
    return awaiter(handle_);
  }

 private:
  explicit async_generator(handle_type handle) noexcept : handle_(handle) {}
  void reset() noexcept {
    if (const handle_type held = std::exchange(handle_, {})) detail::destroy_frame(held);
  }
  handle_type handle_;
};

}  // namespace gate
