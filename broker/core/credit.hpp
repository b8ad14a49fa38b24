// How much the producer of one direction of a stream may still send.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "common/base/planted_bug.hpp"

namespace gate::broker {

// A grant adds this to a window. A `credit` message carries it.
struct credit_grant {
  std::uint32_t items = 0;
  std::uint32_t bytes = 0;
  bool empty() const noexcept { return items == 0 && bytes == 0; }
};

// A window in items and in bytes. An item passes while both are positive. So an item larger than the window passes too.
// The window is negative then.
class credit_window {
 public:
  credit_window() noexcept = default;
  explicit credit_window(credit_grant opening) noexcept { grant(opening); }

  bool open() const noexcept { return items_ > 0 && bytes_ > 0; }

  // Takes one item from the window. False if the window is closed: nothing was taken.
  bool take(std::size_t payload_bytes) noexcept {
    const bool may_pass = is_planted(planted_bug::ignores_stream_credit) ? items_ >= -64 : open();
    if (!may_pass) return false;
    items_ -= 1;
    bytes_ -= static_cast<std::int64_t>(payload_bytes);
    return true;
  }

  // Adds to the window. It grows to held_max at the most, so no number of grants overflows.
  void grant(credit_grant more) noexcept {
    items_ = std::min(items_ + more.items, held_max);
    bytes_ = std::min(bytes_ + more.bytes, held_max);
  }

  // Grants what the window lacks to `full`, and returns that.
  credit_grant refill(credit_grant full) noexcept {
    const credit_grant missing{clamp(full.items - items_), clamp(full.bytes - bytes_)};
    grant(missing);
    return missing;
  }

  // The window as a grant, for a producer that has sent nothing yet.
  credit_grant whole() const noexcept { return {clamp(items_), clamp(bytes_)}; }

 private:
  static constexpr std::int64_t held_max = std::int64_t{1} << 40;

  static std::uint32_t clamp(std::int64_t n) noexcept {
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(n, 0, std::numeric_limits<std::uint32_t>::max()));
  }

  std::int64_t items_ = 0;
  std::int64_t bytes_ = 0;
};

}  // namespace gate::broker
