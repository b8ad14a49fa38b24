// Decides how often a service may work out its lanes. The work grows with the calls that wait and the methods that are
// announced, and each hello of a worker may ask for it. So it may take a tenth of the time; a burst is free. The cost
// is an estimate and not measured, so that the same input gives the same result.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include <gate/clock.hpp>

namespace gate::broker {

class sorting_pace {
 public:
  // When it may be done next. A time in the past: at once.
  instant next() const noexcept { return paid_at_ - share * burst; }
  void done(instant now, std::size_t calls, std::size_t methods) noexcept {
    const auto cost = std::chrono::nanoseconds(250) * calls + std::chrono::microseconds(2) * methods;
    paid_at_ = std::max(paid_at_, now) + share * cost;
  }

 private:
  static constexpr int share = 10;  // one part of so many
  static constexpr std::chrono::milliseconds burst{20};

  instant paid_at_{};
};

}  // namespace gate::broker
