// When memory that was freed goes back to the system: the allocator keeps what is freed, which is good while as much is
// needed again, and bad for ever after a flood. Decides only.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include <gate/clock.hpp>

namespace gate::broker {

class memory_keeper {
 public:
  // To be told of all bytes that are held, again and again. True when it is time: for so long there was need of no more
  // than half of what was held at the most since the last time, and that is worth the walk.
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
  // When to ask again at the latest.
  instant next() const noexcept { return low_since_ == instant::max() ? low_since_ : low_since_ + quiet; }

  static constexpr std::size_t worth_bytes = 8u << 20;
  static constexpr auto quiet = std::chrono::seconds(1);

 private:
  std::size_t most_ = 0;
  instant low_since_ = instant::max();
};

}  // namespace gate::broker
