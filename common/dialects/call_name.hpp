// The name of a call for a foreign worker, where the protocol has a client's address that the worker echoes. It tells
// the worker nothing about clients, and the broker finds the call by it without a table.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <gate/protocol.hpp>

namespace gate::wire {

class call_name {
 public:
  static constexpr std::size_t size = 8;

  explicit call_name(call_id call) noexcept {
    auto number = static_cast<std::uint64_t>(call);
    for (std::size_t i = size; i-- > 0; number >>= 8) bytes_[i] = static_cast<char>(number & 0xff);
  }
  bytes_view bytes() const noexcept { return {bytes_.data(), bytes_.size()}; }

  static std::optional<call_id> read(bytes_view frame) noexcept {
    if (frame.size() != size) return std::nullopt;
    std::uint64_t number = 0;
    for (const char c : frame) number = number << 8 | static_cast<std::uint8_t>(c);
    return call_id{number};
  }

 private:
  std::array<char, size> bytes_{};
};

}  // namespace gate::wire
