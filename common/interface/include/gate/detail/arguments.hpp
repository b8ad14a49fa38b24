// Finds the parameters of a method in the payload of a request, and the error text if they do not fit.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <gate/argument_list.hpp>
#include <gate/detail/running_call.hpp>
#include <gate/value.hpp>

namespace gate::detail {

// The most parameters of a method.
inline constexpr std::size_t parameters_max = 32;

// A pointer to the bytes after one well-formed msgpack value; null if the value is incomplete or malformed. The time is
// in proportion to its size.
const char* skip_value(const char* at, const char* end) noexcept;

// Finds the argument of each parameter, by position or by name. An argument that was left out is an empty view.
// Arguments that no parameter takes go to `rest`; if it is null they are an error. Throws Error(invalid_argument) with
// the reason.
void split_arguments(const running_call& call, bytes_view payload, std::span<bytes_view> each, argument_list* rest);

// Throws Error(invalid_argument): "calculator.add(a: int32, b: int32): argument 2 'b' must be int32, got string".
// `why` is the text of the decoder.
[[noreturn]] void throw_bad_argument(const running_call& call, std::size_t index, bytes_view got, std::string_view why);
[[noreturn]] void throw_bad_item(const running_call& call, bytes_view got, std::string_view why);

// A HugeData is not decoded. It is taken from the call.
template <class T> inline constexpr bool is_huge = std::is_same_v<T, HugeData>;

template <class T> struct optional_parameter : std::false_type {};
template <class T> struct optional_parameter<std::optional<T>> : std::true_type {};

template <class T> T decode_argument(running_call& call, std::size_t index, bytes_view encoded) {
  if constexpr (optional_parameter<T>::value) {
    if (encoded.empty()) return std::nullopt;
  }
  try {
    if constexpr (is_huge<T> || std::is_same_v<T, std::optional<HugeData>>) {
      return call.take_huge_argument(encoded);
    } else {
      return decode_as<T>(encoded, std::string_view());
    }
  } catch (const Error& e) {
    throw_bad_argument(call, index, encoded, e.what());
  }
}

// Holds the arguments of a method. If one of their destructors throws, reset() throws that exception, and the
// destructor of this class ignores it.
template <class T, bool Quiet = std::is_nothrow_destructible_v<T>> class kept {
 public:
  explicit kept(T&& value) : value_(std::move(value)) {}
  T& get() noexcept { return value_; }
  void reset() noexcept {}

 private:
  T value_;
};
template <class T> class kept<T, false> {
 public:
  explicit kept(T&& value) : value_(new T(std::move(value))) {}
  kept(kept&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
  kept& operator=(kept&&) = delete;
  ~kept() {
    try {
      reset();
    } catch (...) {
    }
  }
  T& get() noexcept { return *value_; }
  void reset() { delete std::exchange(value_, nullptr); }  // NOLINT: a smart pointer would end the process

 private:
  T* value_;
};

template <class Tuple, std::size_t... I, class... Rest>
Tuple decode_each(running_call& call, [[maybe_unused]] std::span<const bytes_view> each, std::index_sequence<I...>,
                  Rest&&... rest) {
  // Braces are evaluated from left to right, so the error is about the first argument that does not fit.
  return Tuple{decode_argument<std::tuple_element_t<I, Tuple>>(call, I, each[I])..., std::forward<Rest>(rest)...};
}

// Whether the last of the parameters takes all arguments that the others do not take.
template <class Tuple> struct ends_in_rest : std::false_type {};
template <class... A>
  requires(sizeof...(A) != 0)
struct ends_in_rest<std::tuple<A...>>
    : std::is_same<std::tuple_element_t<sizeof...(A) - 1, std::tuple<A...>>, argument_list> {};

template <class Tuple> Tuple decode_arguments(running_call& call, bytes_view payload) {
  constexpr bool takes_rest = ends_in_rest<Tuple>::value;
  constexpr std::size_t count = std::tuple_size_v<Tuple> - (takes_rest ? 1 : 0);
  const strict_reading strict(call.reads_strictly);
  std::array<bytes_view, count == 0 ? 1 : count> each;
  if constexpr (takes_rest) {
    argument_list rest;
    split_arguments(call, payload, std::span(each.data(), count), &rest);
    return decode_each<Tuple>(call, each, std::make_index_sequence<count>(), std::move(rest));
  } else {
    split_arguments(call, payload, std::span(each.data(), count), nullptr);
    return decode_each<Tuple>(call, each, std::make_index_sequence<count>());
  }
}

}  // namespace gate::detail
