// Durations and sizes as configurations and flags write them: "1.5s", "200ms", "64MiB", "2 GB".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gate {

enum class quantity : std::uint8_t {
  time,  // of milliseconds: ms, s, min, h
  size   // of bytes: B, KiB, MiB, GiB, TiB, PiB, EiB, KB, MB, GB, TB
};

// A number, perhaps blanks, and one of the units; rounded. Nothing for anything else, a bare number included, and for
// 2^64 or more.
std::optional<std::uint64_t> parse_quantity(std::string_view text, quantity of) noexcept;

// In the largest unit that leaves a whole number, for bytes among those of 1024: "64MiB", "1500ms".
std::string format_quantity(std::uint64_t value, quantity of);

}  // namespace gate
