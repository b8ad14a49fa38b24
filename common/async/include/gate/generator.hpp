#pragma once

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <iterator>
#include <optional>
#include <type_traits>
#include <utility>

#include <gate/assert.hpp>
#include <gate/detail/destroy_frame.hpp>
#include <gate/named_value.hpp>

namespace gate {

namespace detail {

// g++ before 13 destroys the members of an aggregate twice in `co_yield row{1, "a"}`. So the library refuses such a
// line at compile time with that compiler. Give the value a name on an earlier line and yield the name, without
// std::move: the library cannot tell std::move(name) from a temporary. A temporary of a type that cannot be copied is
// allowed, unless it is such an aggregate.
template <class T>
inline constexpr bool risky_to_yield =
    compiler_destroys_aggregates_twice && (breaks_itself<T>() || (breaks<T>::value && std::copy_constructible<T>));

}  // namespace detail

// A sequence that is computed while it is read: a coroutine with `co_yield value;` and without awaits.
//
//   while (auto item = g.next()) use(*item);        for (auto& item : g) use(item);
//
// The body starts with the first next(), and runs on the thread that calls next(). If it throws, next() throws that
// exception and the sequence ends. Destroying the generator destroys the locals of the body. Move-only. T is an object
// type that can be moved. To yield an aggregate, see detail::risky_to_yield.
template <class T> class [[nodiscard]] generator {
  static_assert(std::is_object_v<T> && std::is_move_constructible_v<T>, "a generator yields movable objects");

 public:
  using value_type = T;

  class promise_type {
   public:
    generator get_return_object() noexcept { return generator(handle_type::from_promise(*this)); }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }
    std::suspend_always yield_value(const T& value)
      requires std::copy_constructible<T>
    {
      value_.emplace(value);
      return {};
    }
    std::suspend_always yield_value(T&& value) {
      static_assert(!detail::risky_to_yield<T>, GATE_NAME_THE_ITEM);
      value_.emplace(std::move(value));
      return {};
    }
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { error_ = std::current_exception(); }
    // To await in the body, use an async_generator.
    void await_transform(auto&&) = delete;

   private:
    friend class generator;
    std::optional<T> value_;
    std::exception_ptr error_;
  };
  using handle_type = std::coroutine_handle<promise_type>;

  generator(generator&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  generator& operator=(generator&& other) noexcept {
    if (this != &other) {
      reset();
      handle_ = std::exchange(other.handle_, {});
    }
    return *this;
  }
  ~generator() { reset(); }

  // The next value, or std::nullopt at the end.
  std::optional<T> next() {
    GATE_ASSERT(handle_);
    if (handle_.done()) return std::nullopt;
    promise_type& promise = handle_.promise();
    handle_.resume();
    if (promise.error_) std::rethrow_exception(std::exchange(promise.error_, {}));
    std::optional<T> value = std::move(promise.value_);
    promise.value_.reset();
    return value;
  }

  class iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    explicit iterator(generator& source) : source_(&source), value_(source.next()) {}
    iterator(iterator&&) noexcept = default;
    iterator& operator=(iterator&&) noexcept = default;
    T& operator*() const noexcept { return *value_; }
    iterator& operator++() {
      value_.reset();
      if (auto item = source_->next()) value_.emplace(std::move(*item));
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& i, std::default_sentinel_t) noexcept { return !i.value_.has_value(); }

   private:
    generator* source_;
    mutable std::optional<T> value_;
  };
  iterator begin() { return iterator(*this); }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  explicit generator(handle_type handle) noexcept : handle_(handle) {}
  void reset() noexcept {
    if (const handle_type held = std::exchange(handle_, {})) detail::destroy_frame(held);
  }
  handle_type handle_;
};

}  // namespace gate
