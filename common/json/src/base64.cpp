#include "common/json/src/base64.hpp"

#include <cstddef>

#include <sodium.h>

namespace gate {
namespace {

constexpr int variant = sodium_base64_VARIANT_ORIGINAL;

}  // namespace

std::string to_base64(std::string_view raw) {
  std::string text(sodium_base64_encoded_len(raw.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(raw.data()), raw.size(), variant);
  text.pop_back();  // libsodium ends it with a zero
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string raw(text.size() / 4 * 3, '\0');
  std::size_t size = 0;
  const int wrong = sodium_base642bin(reinterpret_cast<unsigned char*>(raw.data()), raw.size(), text.data(),
                                      text.size(), nullptr, &size, nullptr, variant);
  if (wrong != 0) return std::nullopt;
  raw.resize(size);
  return raw;
}

}  // namespace gate
