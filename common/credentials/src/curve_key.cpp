#include "common/credentials/curve_key.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include <sodium.h>

#include "common/credentials/private_file.hpp"

namespace gate {
namespace {

constexpr std::string_view alphabet =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
static_assert(alphabet.size() == 85);
constexpr std::size_t key_text_size = 40;

void encode(std::span<const unsigned char, 32> from, char* to) noexcept {
  for (std::size_t i = 0; i < from.size(); i += 4) {
    std::uint32_t value = 0;
    for (std::size_t k = 0; k < 4; ++k) value = value << 8 | from[i + k];
    for (std::size_t k = 5; k-- > 0; value /= 85) to[k] = alphabet[value % 85];
    to += 5;
  }
}

bool decode(std::string_view from, std::span<unsigned char, 32> to) noexcept {
  if (from.size() != key_text_size) return false;
  for (std::size_t i = 0; i < 8; ++i) {
    std::uint64_t value = 0;
    for (const char c : from.substr(i * 5, 5)) {
      const std::size_t digit = alphabet.find(c);
      if (digit == std::string_view::npos) return false;
      value = value * 85 + digit;
    }
    if (value > UINT32_MAX) return false;
    for (std::size_t k = 4; k-- > 0; value >>= 8) to[i * 4 + k] = static_cast<unsigned char>(value & 0xff);
  }
  return true;
}

// The text between the quotation marks of `name = "..."`. Empty if the line has another form.
std::optional<std::string_view> value_of(std::string_view line, std::string_view name) {
  const auto skip = [&] {
    while (line.starts_with(' ') || line.starts_with('\t')) line.remove_prefix(1);
  };
  skip();
  if (!line.starts_with(name)) return std::nullopt;
  line.remove_prefix(name.size());
  skip();
  if (!line.starts_with('=')) return std::nullopt;
  line.remove_prefix(1);
  skip();
  if (!line.starts_with('"')) return std::nullopt;
  line.remove_prefix(1);
  const std::size_t end = line.find('"');
  if (end == std::string_view::npos) return std::nullopt;
  return line.substr(0, end);
}

}  // namespace

std::string to_z85(const curve_key& key) {
  std::string text(key_text_size, '\0');
  encode(key, text.data());
  return text;
}

std::optional<curve_key> parse_curve_key(std::string_view z85) {
  curve_key key{};
  if (!decode(z85, key)) return std::nullopt;
  return key;
}

curve_pair make_curve_pair() {
  need_sodium();
  curve_pair pair;
  curve_key raw{};
  crypto_box_keypair(pair.public_key.data(), raw.data());
  pair.secret_key = secret(key_text_size);
  encode(raw, pair.secret_key.data());
  sodium_memzero(raw.data(), raw.size());
  return pair;
}

curve_pair read_curve_file(const std::string& path) {
  const secret text = read_private_file(path);
  std::optional<std::string_view> public_text, secret_text;
  for (std::string_view rest = text.view(); !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (const auto value = value_of(line, "public")) public_text = value;
    if (const auto value = value_of(line, "secret")) secret_text = value;
  }
  if (!secret_text) throw private_file_error(path + ": has no line secret = \"...\" (gate keygen makes such a file)");
  curve_key raw{}, derived{};
  const bool readable = decode(*secret_text, raw);
  if (readable) crypto_scalarmult_base(derived.data(), raw.data());
  sodium_memzero(raw.data(), raw.size());
  if (!readable) throw private_file_error(path + ": its secret is no key of 40 characters in Z85");
  if (public_text && parse_curve_key(*public_text) != derived) {
    throw private_file_error(path + ": its public key does not belong to its secret key");
  }
  return {derived, secret(*secret_text)};
}

void write_curve_file(const std::string& path, const curve_pair& pair) {
  const std::string head =
      "# A CURVE key pair. The secret key stays in this file; you may give the public key to anybody.\npublic = \"" +
      to_z85(pair.public_key) + "\"\nsecret = \"";
  secret text(head.size() + pair.secret_key.size() + 2);
  std::memcpy(text.data(), head.data(), head.size());
  std::memcpy(text.data() + head.size(), pair.secret_key.view().data(), pair.secret_key.size());
  std::memcpy(text.data() + head.size() + pair.secret_key.size(), "\"\n", 2);
  write_private_file(path, text.view(), when_there::refuse);
}

}  // namespace gate
