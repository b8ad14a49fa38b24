// result: a value, or the reason why there is none. Parsers return it, since malformed input is an ordinary case.
#pragma once

#include <type_traits>
#include <utility>
#include <variant>

#include <gate/assert.hpp>

namespace gate {

// Either a T or an E. Test it before use: value() of an error, and error() of a value, abort the process.
template <class T, class E> class result {
  static_assert(!std::is_same_v<T, E>);

 public:
  result(T value) : either_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: a T is a result
  result(E error) : either_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: so is a reason

  bool has_value() const noexcept { return either_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& value() & {
    GATE_ASSERT(has_value());
    return *std::get_if<0>(&either_);
  }
  const T& value() const& {
    GATE_ASSERT(has_value());
    return *std::get_if<0>(&either_);
  }
  T&& value() && { return std::move(value()); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const E& error() const {
    GATE_ASSERT(!has_value());
    return *std::get_if<1>(&either_);
  }

 private:
  std::variant<T, E> either_;
};

}  // namespace gate
