#pragma once

#include <chrono>

namespace gate {

// A length of time and a point in time, in the whole library. They are monotonic: a change of the system clock does not
// affect them.
using duration = std::chrono::nanoseconds;
using instant = std::chrono::time_point<std::chrono::steady_clock, duration>;

// The clock of a loop. A test passes one that jumps instead of waiting. The loop calls it on its own thread only.
class clock_source {
 public:
  clock_source() = default;
  clock_source(const clock_source&) = delete;
  clock_source& operator=(const clock_source&) = delete;
  virtual ~clock_source() = default;
  virtual instant now() const noexcept = 0;
};

// The clock of the system: std::chrono::steady_clock.
class steady_clock_source final : public clock_source {
 public:
  instant now() const noexcept override { return std::chrono::steady_clock::now(); }
};

}  // namespace gate
