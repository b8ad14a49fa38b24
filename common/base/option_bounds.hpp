// Durations that a program sets as options may be anything, milliseconds::max() too. They are brought within bounds
// once, where they come in, so that no sum or product of theirs overflows later.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace gate {

// As good as for ever.
inline constexpr std::chrono::milliseconds longest_option = std::chrono::hours(24 * 365 * 100);

// A negative time is none.
inline void bring_within_bounds(std::chrono::milliseconds& time) noexcept {
  time = std::clamp(time, std::chrono::milliseconds(0), longest_option);
}

// `liveness` intervals in a row make longest_option at the most.
inline void bring_within_bounds(std::chrono::milliseconds& interval, std::uint32_t& liveness) noexcept {
  liveness = std::max(liveness, 1u);
  interval = std::clamp(interval, std::chrono::milliseconds(1), longest_option / liveness);
}

// What libzmq takes as an int.
inline int milliseconds_of(std::chrono::milliseconds time) noexcept {
  return static_cast<int>(std::clamp<std::int64_t>(time.count(), 0, 1'000'000'000));
}

}  // namespace gate
