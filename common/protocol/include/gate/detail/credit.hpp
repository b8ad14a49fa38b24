// How much the producer of one direction of a stream may still send: docs/protocol.md, "Credit".
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

namespace gate {

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
    if (!open()) return false;
    overdraw(payload_bytes);
    return true;
  }

  // Takes one item, though the window may be closed.
  void overdraw(std::size_t payload_bytes) noexcept {
    items_ -= 1;
    bytes_ -= static_cast<std::int64_t>(payload_bytes);
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

  std::int64_t items() const noexcept { return items_; }

 private:
  static constexpr std::int64_t held_max = std::int64_t{1} << 40;

  static std::uint32_t clamp(std::int64_t n) noexcept {
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(n, 0, std::numeric_limits<std::uint32_t>::max()));
  }

  std::int64_t items_ = 0;
  std::int64_t bytes_ = 0;
};

// What the consumer of a stream has consumed and not yet granted to the producer again. It grants in steps: a grant for
// each item would cost a message for each.
class consumed_credit {
 public:
  // A part of a window, of 2 or more parts, rounded up.
  static constexpr std::uint32_t step_of(std::uint32_t window, std::uint32_t parts) noexcept {
    return window / parts + (window % parts != 0 ? 1 : 0);
  }
  static constexpr credit_grant step_of(credit_grant window, std::uint32_t parts) noexcept {
    return {step_of(window.items, parts), step_of(window.bytes, parts)};
  }

  void add(std::size_t payload_bytes) noexcept {
    constexpr std::size_t most = std::numeric_limits<std::uint32_t>::max();
    ++consumed_.items;
    consumed_.bytes = static_cast<std::uint32_t>(std::min(most, consumed_.bytes + payload_bytes));
  }

  // Whether it is time for a grant: a step of items was consumed, or a step of bytes.
  bool reaches(credit_grant step) const noexcept { return reaches_items(step.items) || consumed_.bytes >= step.bytes; }
  bool reaches_items(std::uint32_t step) const noexcept { return consumed_.items >= step; }

  // What was consumed, which counts as granted from now on: all of it, or one of the two.
  credit_grant take() noexcept { return std::exchange(consumed_, {}); }
  std::uint32_t take_items() noexcept { return std::exchange(consumed_.items, 0); }
  std::uint32_t take_bytes() noexcept { return std::exchange(consumed_.bytes, 0); }

 private:
  credit_grant consumed_;
};

}  // namespace gate
