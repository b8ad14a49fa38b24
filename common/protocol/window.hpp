// The credit of one direction of one stream: how much its producer may still send (docs/protocol.md, "Credit").
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace gate::peer {

class window {
 public:
  bool open() const noexcept { return items_ > 0 && bytes_ > 0; }
  std::int64_t items() const noexcept { return items_; }
  std::int64_t bytes() const noexcept { return bytes_; }

  void grow(std::uint32_t items, std::uint32_t bytes) noexcept {
    items_ = std::min(items_ + items, most);
    bytes_ = std::min(bytes_ + bytes, most);
  }
  // Takes one item of that size. An item may be larger than the rest, because otherwise one larger than the window
  // could never pass.
  void take(std::size_t bytes) noexcept {
    items_ -= 1;
    bytes_ -= static_cast<std::int64_t>(bytes);
  }

 private:
  static constexpr std::int64_t most = std::int64_t{1} << 40;  // far below an overflow, far above any use
  std::int64_t items_ = 0, bytes_ = 0;
};

}  // namespace gate::peer
