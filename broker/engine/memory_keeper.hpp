// Decides when freed memory goes back to the system. The allocator keeps freed memory. That is good while as much is
// needed again, and bad after a flood.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include <gate/clock.hpp>

namespace gate::broker {

class memory_keeper {
 public:
  // Call this often, with the number of bytes that are held. Returns true if it is time: for `quiet` no more than half
  // of the maximum since the last time was held, and at least worth_bytes less than that.
  bool is_due(std::size_t held, instant now) noexcept {
    most_ = std::max(most_, held);
    if (held > most_ / 2 || most_ - held < worth_bytes) {
      low_since_ = instant::max();
      return false;
    }
    low_since_ = std::min(low_since_, now);
    if (now < next()) return false;
    most_ = held;
    low_since_ = instant::max();
    return true;
  }
  // When to call is_due() again. max(): no need to.
  instant next() const noexcept { return low_since_ == instant::max() ? low_since_ : low_since_ + quiet; }

  static constexpr std::size_t worth_bytes = 8u << 20;
  static constexpr auto quiet = std::chrono::seconds(1);

 private:
  std::size_t most_ = 0;
  instant low_since_ = instant::max();
};

}  // namespace gate::broker
