// The largest values that the tables of keys allow.
#pragma once

#include <cstdint>

namespace gate::broker {

constexpr std::uint64_t day_ms = 24u * 60 * 60 * 1000;
constexpr std::uint64_t count_most = 1u << 30;
constexpr std::uint64_t bytes_most = std::uint64_t{1} << 40;

}  // namespace gate::broker
