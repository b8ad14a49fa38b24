// Sums of times without overflow, for times that a user or a peer chose, for example milliseconds::max().
#pragma once

#include <chrono>

#include <gate/clock.hpp>

namespace gate {

// A length of time of any unit as a gate::duration. Too long a length becomes the longest one, a negative one zero.
template <class R, class P> constexpr duration saturated(std::chrono::duration<R, P> length) noexcept {
  // A double holds any length of any unit, though not exactly. Close to the bound that does not matter.
  constexpr double longest = 9.2e18;
  const double nanoseconds = std::chrono::duration<double, std::nano>(length).count();
  if (!(nanoseconds > 0)) return duration::zero();
  return nanoseconds < longest ? std::chrono::duration_cast<duration>(length) : duration::max();
}

// The time `start + length`. If that is too late to be expressed, the result is instant::max(), which never comes. A
// negative length counts as zero. Use it wherever a user or a peer chose the length.
template <class R, class P> constexpr instant after(instant start, std::chrono::duration<R, P> length) noexcept {
  const duration whole = saturated(length);
  return start > instant::max() - whole ? instant::max() : start + whole;
}

}  // namespace gate
