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

// An argument with the name of its parameter. named() makes it. `Unnamed` is true if the value is a temporary that g++
// before 13 destroys twice inside an await.
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

// Passes an argument by name: `client["calculator"]["divide"](gate::named("a", 1.0), gate::named("b", 2.0))`. The
// method needs a GATE_DOC that names its parameters. Without one, or with a name that the method does not have, the
// call ends as `invalid_argument`.
template <class T> auto named(std::string_view name, T&& value) {
  constexpr bool literal = std::is_convertible_v<T, const char*> && !std::is_null_pointer_v<std::remove_cvref_t<T>>;
  using held = std::conditional_t<literal, std::string, std::decay_t<T>>;
  return named_argument<held, !detail::safe_argument<T>>(name, held(std::forward<T>(value)));
}

template <class T> struct detail::breaks<named_argument<T, true>> : std::true_type {};

// Options of one call. Set them with the functions of PendingCall, which say what each option does. Few calls use the
// texts, so they are allocated only if needed.
struct call_options {
  struct texts {
    std::string metadata;  // encoded by append_metadata
    std::string idempotency_key;
    std::string traceparent, tracestate;
    std::optional<std::uint64_t> resume_offset;  // the byte from which a huge answer is sent again
    std::string resume_etag;                     // the state of the content that the offset belongs to
  };

  call_options() = default;

  // The texts; allocates them at the first call.
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
