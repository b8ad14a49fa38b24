// Times that somebody else chose, milliseconds::max() perhaps: a sum ends at the last instant in place of an overflow.
#pragma once

#include <chrono>

#include <gate/clock.hpp>

namespace gate {

// A length of any unit as a duration: one that is too long becomes the longest, a negative one becomes zero.
template <class R, class P> constexpr duration saturated(std::chrono::duration<R, P> length) noexcept {
  // As a double, which holds any length of any unit, if not exactly: close to the bound exactness does not matter.
  constexpr double longest = 9.2e18;
  const double nanoseconds = std::chrono::duration<double, std::nano>(length).count();
  if (!(nanoseconds > 0)) return duration::zero();
  return nanoseconds < longest ? std::chrono::duration_cast<duration>(length) : duration::max();
}

// The time at which so much has passed since `start`. Saturates: too long a length ends at instant::max(), which never
// comes, and a negative one counts as zero. Use it in place of `start + length` wherever somebody else chose the
// length.
template <class R, class P> constexpr instant after(instant start, std::chrono::duration<R, P> length) noexcept {
  const duration whole = saturated(length);
  return start > instant::max() - whole ? instant::max() : start + whole;
}

}  // namespace gate
