// Any number of bytes that can be checked without keeping them: each byte follows from its offset.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <gate/generator.hpp>

namespace gate::test {

// Half of the bytes are noise and half are not, so compression halves the size.
inline std::string bytes_at(std::uint64_t offset, std::size_t size) {
  constexpr std::uint64_t block = 512;
  const std::uint64_t first = offset / 8, last = (offset + size + 7) / 8;
  std::string words(static_cast<std::size_t>((last - first) * 8), '\0');
  for (std::uint64_t w = first; w < last; ++w) {
    std::uint64_t x = w / block;
    if (w / block % 2 == 0) {
      x = (w + 1) * 0x9e3779b97f4a7c15u;
      x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
      x ^= x >> 31;
    }
    std::memcpy(words.data() + (w - first) * 8, &x, 8);
  }
  return words.substr(static_cast<std::size_t>(offset - first * 8), size);
}

inline generator<std::string> byte_pieces(std::uint64_t size, std::size_t piece_bytes = 300'000) {
  for (std::uint64_t at = 0; at < size; at += piece_bytes) {
    std::string piece = bytes_at(at, static_cast<std::size_t>(std::min<std::uint64_t>(piece_bytes, size - at)));
    co_yield std::move(piece);
  }
}

// Checks such bytes as they come.
class byte_check {
 public:
  explicit byte_check(std::uint64_t from = 0) noexcept : at_(from) {}
  void take(std::string_view raw) {
    if (raw != bytes_at(at_, raw.size())) sound_ = false;
    at_ += raw.size();
  }
  bool sound() const noexcept { return sound_; }
  std::uint64_t position() const noexcept { return at_; }

 private:
  std::uint64_t at_;
  bool sound_ = true;
};

}  // namespace gate::test
