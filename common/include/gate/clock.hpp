#pragma once

#include <chrono>

namespace gate {

// Lengths and points of time everywhere in the project. Monotonic: a change of the wall clock does not move them.
using duration = std::chrono::nanoseconds;
using instant = std::chrono::time_point<std::chrono::steady_clock, duration>;

// Where a loop takes the time from; tests inject one that jumps. Called by the loop's thread only.
class clock_source {
 public:
  clock_source() = default;
  clock_source(const clock_source&) = delete;
  clock_source& operator=(const clock_source&) = delete;
  virtual ~clock_source() = default;
  virtual instant now() const noexcept = 0;
};

class steady_clock_source final : public clock_source {
 public:
  instant now() const noexcept override { return std::chrono::steady_clock::now(); }
};

}  // namespace gate
