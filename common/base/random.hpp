// Random numbers for jitters and ids: splitmix64, from a seed.
#pragma once

#include <cstdint>

namespace gate::peer {

// Returns a seed that differs from process to process and from call to call.
std::uint64_t random_seed();

inline std::uint64_t next_random(std::uint64_t& state) noexcept {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

}  // namespace gate::peer
