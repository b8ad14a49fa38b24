#include "broker/credential_store/password.hpp"

#include <array>
#include <charconv>
#include <new>

#include <sodium.h>

#include "common/credentials/secret.hpp"

namespace gate::security {
namespace {

// Reads "m=19456" as 19456, and removes it from the text.
std::optional<std::uint32_t> take_number(std::string_view& text, std::string_view name, char end) {
  if (!text.starts_with(name)) return std::nullopt;
  text.remove_prefix(name.size());
  std::uint32_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || rest == text.data() + text.size() || *rest != end) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()) + 1);
  return value;
}

bool is_base64(std::string_view text) noexcept {
  return !text.empty() && text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") ==
                              std::string_view::npos;
}

template <std::size_t N> std::string random_base64() {
  std::array<unsigned char, N> raw{};
  randombytes_buf(raw.data(), raw.size());
  std::array<char, sodium_base64_ENCODED_LEN(N, sodium_base64_VARIANT_ORIGINAL_NO_PADDING)> text{};
  sodium_bin2base64(text.data(), text.size(), raw.data(), raw.size(), sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
  return text.data();
}

// libsodium needs a valid address even for an empty password.
const char* address_of(bytes_view password) noexcept { return password.empty() ? "" : password.data(); }

}  // namespace

std::string hash_password(bytes_view password, hash_cost cost) {
  need_sodium();
  std::array<char, crypto_pwhash_STRBYTES> text{};
  if (crypto_pwhash_str_alg(text.data(), address_of(password), password.size(), cost.passes,
                            std::size_t{cost.memory_kib} * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    throw std::bad_alloc();
  }
  return text.data();
}

bool fits(bytes_view password, const std::string& hash) noexcept {
  need_sodium();
  if (!cost_of(hash)) return false;
  return crypto_pwhash_str_verify(hash.c_str(), address_of(password), password.size()) == 0;
}

std::optional<hash_cost> cost_of(std::string_view hash) noexcept {
  constexpr std::string_view head = "$argon2id$v=19$";
  if (!hash.starts_with(head) || hash.size() >= crypto_pwhash_STRBYTES) return std::nullopt;
  hash.remove_prefix(head.size());
  const auto memory = take_number(hash, "m=", ',');
  const auto passes = take_number(hash, "t=", ',');
  const auto lanes = take_number(hash, "p=", '$');
  if (!memory || !passes || lanes != 1u) return std::nullopt;
  if (*memory < least_cost.memory_kib || *memory > most_cost.memory_kib) return std::nullopt;
  if (*passes < least_cost.passes || *passes > most_cost.passes) return std::nullopt;
  const std::size_t middle = hash.find('$');
  if (middle == std::string_view::npos) return std::nullopt;
  // libsodium writes a salt of 16 bytes and a hash of 32 bytes.
  const std::string_view salt = hash.substr(0, middle), digest = hash.substr(middle + 1);
  if (salt.size() != 22 || digest.size() != 43 || !is_base64(salt) || !is_base64(digest)) return std::nullopt;
  return hash_cost{*memory, *passes};
}

std::string make_dummy_hash(hash_cost cost) {
  need_sodium();
  return "$argon2id$v=19$m=" + std::to_string(cost.memory_kib) + ",t=" + std::to_string(cost.passes) + ",p=1$" +
         random_base64<16>() + "$" + random_base64<32>();
}

}  // namespace gate::security
