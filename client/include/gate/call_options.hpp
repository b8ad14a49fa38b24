#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <gate/named_value.hpp>

namespace gate {

// An argument that says which parameter it is for. Made by named(). `Unnamed` is true if the value is a temporary
// that g++ before 13 destroys twice inside an await.
template <class T, bool Unnamed = false> class named_argument {
 public:
  named_argument(std::string_view name, T value) : name_(name), value_(std::move(value)) {}
  const std::string& name() const noexcept { return name_; }
  const T& value() const& noexcept { return value_; }
  T&& value() && noexcept { return std::move(value_); }

 private:
  std::string name_;
  T value_;
};

// `client["calculator"]["divide"](gate::named("a", 1.0), gate::named("b", 2.0))`. The worker must know the names of its
// parameters (GATE_DOC); it answers `invalid_argument` otherwise, and for a name that it does not know.
template <class T> auto named(std::string_view name, T&& value) {
  constexpr bool literal = std::is_convertible_v<T, const char*> && !std::is_null_pointer_v<std::remove_cvref_t<T>>;
  using held = std::conditional_t<literal, std::string, std::decay_t<T>>;
  return named_argument<held, !detail::safe_argument<T>>(name, held(std::forward<T>(value)));
}

template <class T> struct detail::breaks<named_argument<T, true>> : std::true_type {};

// What a caller says about one call besides its arguments; PendingCall has a word for each. Small, since most calls say
// little: the texts have a place of their own.
struct call_options {
  struct texts {
    std::string metadata;  // encoded, see append_metadata
    std::string idempotency_key;
    std::string traceparent, tracestate;
    std::optional<std::uint64_t> resume_offset;  // a huge answer is to go on there, if its etag is still this
    std::string resume_etag;
  };

  call_options() = default;

  texts& more() {
    if (!extra) extra = std::make_unique<texts>();
    return *extra;
  }

  std::optional<std::chrono::milliseconds> budget;
  std::optional<std::pair<std::uint32_t, std::uint32_t>> window;  // items, bytes
  std::optional<bool> strict;
  bool idempotent = false;
  std::uint8_t priority = 0;
  std::unique_ptr<texts> extra;
};

}  // namespace gate
