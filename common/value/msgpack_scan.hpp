// Examines msgpack bytes without decoding them: where a value ends, and whether a given reader accepts it. It builds no
// tree, so it takes one pass over the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <gate/limits.hpp>
#include <gate/protocol.hpp>

namespace gate::wire::msgpack_scan {

enum class reader : std::uint8_t {
  ours,    // any value within limits::value_depth_max
  python,  // also accepted by Python's msgpack: strict UTF-8, its size limits, no list or map as a key
};

// The depth of a list or map of values, such as a call's arguments. Each value in it has the full depth of its own.
inline constexpr std::size_t depth_with_values = limits::value_depth_max + 1;

// Removes the first value from `raw` and returns it. If `raw` does not begin with a value, returns nothing and leaves
// it.
std::optional<bytes_view> take_value(bytes_view& raw, reader who = reader::ours,
                                     std::size_t depth_max = limits::value_depth_max);
// Removes the header of a list or map and returns the number of its elements, or of its pairs.
std::optional<std::uint32_t> take_list(bytes_view& raw) noexcept;
std::optional<std::uint32_t> take_map(bytes_view& raw) noexcept;

// For bytes that are one value:
bool is_text(bytes_view value) noexcept;
bool is_list(bytes_view value) noexcept;
bool is_map(bytes_view value) noexcept;
// The content of a text, or of a binary. Empty if the value is something else.
std::optional<bytes_view> text_of(bytes_view value) noexcept;
std::optional<bytes_view> binary_of(bytes_view value) noexcept;

// True if the bytes are exactly one value, one list of values, or one map of values with texts as keys.
bool one_value(bytes_view raw, reader who = reader::ours, std::size_t depth_max = limits::value_depth_max);
bool one_list(bytes_view raw, reader who = reader::ours);
bool one_named_map(bytes_view raw, reader who = reader::ours);
// The content, if the bytes are exactly one text.
std::optional<bytes_view> one_text(bytes_view raw);

bool valid_utf8(bytes_view text) noexcept;

}  // namespace gate::wire::msgpack_scan
