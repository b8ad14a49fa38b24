// How far a producer may be ahead of its reader, so that what lies on the way between them is bounded in time and not
// in bytes alone: what else travels there waits behind it. No I/O, no clock.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include <gate/clock.hpp>

namespace gate::huge {

// Begins with little, doubles when as much arrived within `doubled_below` twice in a row, and becomes what arrives in
// `aimed_at` where it takes longer than `shrunk_above`. To each is added what the way to the producer and back takes:
// the time from the first credit to the first arrival. A window that is never opened does not follow: it is all that it
// may be.
class flow_window {
 public:
  static constexpr std::uint32_t first_bytes = 256u << 10;  // what it opens with: a chunk

  explicit flow_window(std::uint32_t most) noexcept : most_(most), window_(most), granted_(most) {}

  // The first credit; once, before anything arrives. From now on the window follows.
  std::uint32_t open(instant now) noexcept {
    follows_ = true;
    opened_at_ = now;
    window_ = std::min(most_, first_bytes);
    granted_ = window_;
    return window_;
  }

  void arrived(std::size_t bytes, instant now) noexcept {
    if (!follows_) return;
    if (!round_at_) {  // how long the first was under way nobody knows
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

  // What was read makes room: the credit to be given now. 0 after the window has become smaller, until the producer has
  // used more of what it has.
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
  // A producer that takes longer thinks before it begins.
  static constexpr duration way_max = std::chrono::milliseconds(500);
  static constexpr std::uint64_t largest = std::numeric_limits<std::uint32_t>::max();

  std::uint32_t most_, window_;
  bool follows_ = false;
  instant opened_at_{};
  duration way_{};
  std::uint64_t granted_ = 0, read_ = 0;  // since the beginning
  std::optional<instant> round_at_;       // since when a window's worth is arriving
  std::uint64_t round_bytes_ = 0;
  bool was_quick_ = false;  // the round before: one alone may have come late, and at once
};

}  // namespace gate::huge
