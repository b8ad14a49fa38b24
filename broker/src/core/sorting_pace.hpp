// How often a service may work out its lanes anew. Doing so costs time in proportion to the calls that wait and the
// methods that are announced, and a peer can ask for it with each hello, so it may take a tenth of the time; a burst
// is free. Time is what the core is told, cost is an estimate: the same input gives the same result.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include <gate/clock.hpp>

namespace gate::broker {

class sorting_pace {
 public:
  // When it may be done at the earliest; not after `now`: at once.
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
