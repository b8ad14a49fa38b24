// Looking at msgpack bytes without decoding them: where a value ends, and whether it is what another reader takes. No
// tree is built, so the cost is the bytes' own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <gate/limits.hpp>
#include <gate/protocol.hpp>

namespace gate::wire::msgpack_scan {

enum class reader : std::uint8_t {
  ours,    // any value within limits::value_depth_max
  python,  // and what Python's msgpack takes as well: strict UTF-8, its size limits, no list or map as a key
};

// How deep a list or map of values is nested, such as that of a call's arguments: each value has its own depth.
inline constexpr std::size_t depth_with_values = limits::value_depth_max + 1;

// Takes the first value off the bytes; empty, and they are untouched, when they begin with none.
std::optional<bytes_view> take_value(bytes_view& raw, reader who = reader::ours,
                                     std::size_t depth_max = limits::value_depth_max);
// Takes the header of a list or map off the bytes: the number of elements, or of pairs.
std::optional<std::uint32_t> take_list(bytes_view& raw) noexcept;
std::optional<std::uint32_t> take_map(bytes_view& raw) noexcept;

// Of bytes that are one value:
bool is_text(bytes_view value) noexcept;
bool is_list(bytes_view value) noexcept;
bool is_map(bytes_view value) noexcept;
// What a text, or a binary, holds; empty when the value is something else.
std::optional<bytes_view> text_of(bytes_view value) noexcept;
std::optional<bytes_view> binary_of(bytes_view value) noexcept;

// Whether the bytes are exactly one value; one list of values; one map of values whose keys are texts.
bool one_value(bytes_view raw, reader who = reader::ours, std::size_t depth_max = limits::value_depth_max);
bool one_list(bytes_view raw, reader who = reader::ours);
bool one_named_map(bytes_view raw, reader who = reader::ours);
// Exactly one text: its content.
std::optional<bytes_view> one_text(bytes_view raw);

bool valid_utf8(bytes_view text) noexcept;

}  // namespace gate::wire::msgpack_scan
