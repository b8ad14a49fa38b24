// Durations and sizes as settings, flags and variables write them: "1.5s", "200ms", "64MiB", "2 GB". The one reader of
// them, and the one formatter.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gate {

enum class quantity : std::uint8_t {
  time,  // in milliseconds: ms, s, min or m, h
  size   // in bytes: B, KiB, MiB, GiB, TiB, PiB, EiB, KB, MB, GB, TB
};

// Reads a number, optional blanks, and a unit. The result is rounded, but more than 0 never becomes 0. 2^64 or more is
// read as 2^64 - 1, so check the result against a limit. Nothing for any other text. `unit_of_bare` is the unit of a
// number without one; empty: such a number is refused.
std::optional<std::uint64_t> parse_quantity(std::string_view text, quantity of,
                                            std::string_view unit_of_bare = {}) noexcept;

// In the largest unit that leaves a whole number, for bytes among those of 1024: "64MiB", "1500ms".
std::string format_quantity(std::uint64_t value, quantity of);

}  // namespace gate
