// Limits the durations that a program sets as options. They may have any value, even milliseconds::max(). They are
// limited once, where they come in: no later sum or product overflows.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace gate {

// Practically for ever.
inline constexpr std::chrono::milliseconds longest_option = std::chrono::hours(24 * 365 * 100);

// A negative time counts as 0.
inline void bring_within_bounds(std::chrono::milliseconds& time) noexcept {
  time = std::clamp(time, std::chrono::milliseconds(0), longest_option);
}

// Limits `interval` so that `liveness` intervals in a row are not longer than longest_option.
inline void bring_within_bounds(std::chrono::milliseconds& interval, std::uint32_t& liveness) noexcept {
  liveness = std::max(liveness, 1u);
  interval = std::clamp(interval, std::chrono::milliseconds(1), longest_option / liveness);
}

// A time as libzmq takes it: an int.
inline int milliseconds_of(std::chrono::milliseconds time) noexcept {
  return static_cast<int>(std::clamp<std::int64_t>(time.count(), 0, 1'000'000'000));
}

}  // namespace gate
