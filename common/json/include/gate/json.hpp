// JSON, which people write, and values, which travel.
//
// JSON has no words for some values. These are objects with one key that begins with `$`, in both directions:
//   bytes       {"$bytes": "aGVsbG8="}                         base64
//   timestamp   {"$timestamp": "2026-11-20T11:28:12.5Z"}       UTC, up to nine digits of a second
//   not finite  {"$float": "nan"}, "inf", "-inf"
//   extension   {"$extension": [5, "AQI="]}                    the type, and the bytes in base64
// All functions are thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include <gate/value.hpp>

namespace gate {

// A text is not JSON, or it is JSON that cannot travel: it is nested deeper than limits::value_depth_max, a number is
// beyond float64, or an object with a `$` key is wrong. what() says which.
class json_error final : public std::runtime_error {
 public:
  explicit json_error(const std::string& what, std::size_t byte = 0) : std::runtime_error(what), byte_(byte) {}

  // The position of the byte at which the text stops being JSON: the first byte is 1. 0 if the text is JSON.
  std::size_t byte() const noexcept { return byte_; }

 private:
  std::size_t byte_;
};

// The value of a JSON text. A number with a point or an exponent becomes float64, any other an integer if 64 bits hold
// it, float64 if not. The keys of an object keep their order. Takes memory in proportion to the text, some twenty times
// its size at most. Throws json_error.
value from_json(std::string_view text);

enum class json_layout : std::uint8_t {
  one_line,
  readable,  // in one line of 100 bytes at most; a longer text is indented by two
};

// The JSON of a value. A key that is not text becomes the JSON of the key: {"1": "one"}. Text that is not UTF-8 has
// U+FFFD in place of the wrong bytes. A map with the same key twice has it twice.
std::string to_json(const value& v, json_layout layout = json_layout::one_line);

}  // namespace gate
