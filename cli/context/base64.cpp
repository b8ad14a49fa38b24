#include "cli/context/base64.hpp"

#include <cstddef>
#include <cstdint>

namespace gate::cli {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string to_base64(std::string_view raw) {
  std::string text;
  text.reserve((raw.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < raw.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      bits = bits << 8 | (i + k < raw.size() ? static_cast<std::uint8_t>(raw[i + k]) : 0U);
    }
    const std::size_t digits = raw.size() - i >= 3 ? 4 : raw.size() - i + 1;
    for (std::size_t k = 0; k < 4; ++k) text += k < digits ? alphabet[bits >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  std::string raw;
  raw.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  unsigned pending = 0;
  for (const char c : text) {
    const std::size_t digit = alphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    pending += 6;
    if (pending < 8) continue;
    pending -= 8;
    raw += static_cast<char>(bits >> pending & 0xff);
  }
  const bool leftover_is_zero = (bits & ((1U << pending) - 1)) == 0;
  if (!leftover_is_zero || pending != padding * 2) return std::nullopt;
  return raw;
}

}  // namespace gate::cli
