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
  // One item of that size. An item may be larger than what is left, so that one larger than the window passes at all.
  void take(std::size_t bytes) noexcept {
    items_ -= 1;
    bytes_ -= static_cast<std::int64_t>(bytes);
  }

 private:
  static constexpr std::int64_t most = std::int64_t{1} << 40;  // far from overflow, farther than any use
  std::int64_t items_ = 0, bytes_ = 0;
};

}  // namespace gate::peer
