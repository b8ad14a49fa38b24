// Decides how far a producer may be ahead of its reader. Other messages wait behind the bytes that are on their way, so
// these are limited in time, and not in number alone. No I/O, no clock.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include <gate/clock.hpp>

namespace gate::huge {

// The window:
// - is small at first;
// - doubles if twice in a row a whole window arrived within `doubled_below`;
// - shrinks to what arrives in `aimed_at` if a window took longer than `shrunk_above`.
// The way to the producer and back is added to each of these times. It is measured from the first credit to the first
// arrival. A window that is never opened does not adapt: it stays at its maximum.
class flow_window {
 public:
  static constexpr std::uint32_t first_bytes = 256u << 10;  // the window at the opening: one chunk

  explicit flow_window(std::uint32_t most) noexcept : most_(most), window_(most), granted_(most) {}

  // Returns the first credit. Call it once, before anything arrives. From now on the window adapts.
  std::uint32_t open(instant now) noexcept {
    follows_ = true;
    opened_at_ = now;
    window_ = std::min(most_, first_bytes);
    granted_ = window_;
    return window_;
  }

  void arrived(std::size_t bytes, instant now) noexcept {
    if (!follows_) return;
    if (!round_at_) {  // nobody knows how long the first bytes were on their way
      way_ = std::clamp<duration>(now - opened_at_, duration::zero(), way_max);
      round_at_ = now;
      return;
    }
    round_bytes_ += bytes;
    const duration took = now - *round_at_;
    if (round_bytes_ < window_ || took <= duration::zero()) return;
    const bool quick = took < way_ + doubled_below;
    if (quick && was_quick_) window_ = window_ > most_ / 2 ? most_ : window_ * 2;
    was_quick_ = quick;
    if (took > way_ + shrunk_above) {
      const double in_time =
          static_cast<double>(round_bytes_) * (std::chrono::duration<double>(way_ + aimed_at) / took);
      window_ = std::clamp(static_cast<std::uint32_t>(in_time), std::min(least_bytes, window_), window_);
    }
    round_at_ = now;
    round_bytes_ = 0;
  }

  // Returns the credit to give now that these bytes were read. Returns 0 after the window has shrunk, until the
  // producer has used more of its credit.
  std::uint32_t read(std::size_t bytes) noexcept {
    read_ += bytes;
    if (read_ + window_ <= granted_) return 0;
    const std::uint64_t credit = std::min<std::uint64_t>(read_ + window_ - granted_, largest);
    granted_ += credit;
    return static_cast<std::uint32_t>(credit);
  }

  std::uint32_t bytes() const noexcept { return window_; }

 private:
  static constexpr std::uint32_t least_bytes = 64u << 10;
  static constexpr duration doubled_below = std::chrono::milliseconds(125);
  static constexpr duration aimed_at = std::chrono::milliseconds(200);
  static constexpr duration shrunk_above = std::chrono::milliseconds(300);
  // If the first bytes take longer, the producer was computing before it began: that is not the way.
  static constexpr duration way_max = std::chrono::milliseconds(500);
  static constexpr std::uint64_t largest = std::numeric_limits<std::uint32_t>::max();

  std::uint32_t most_, window_;
  bool follows_ = false;
  instant opened_at_{};
  duration way_{};
  std::uint64_t granted_ = 0, read_ = 0;  // since the beginning
  std::optional<instant> round_at_;       // the time since which a window's worth arrives
  std::uint64_t round_bytes_ = 0;
  bool was_quick_ = false;  // in the last round. A single quick round may have come late, all at once
};

}  // namespace gate::huge
