// Passwords as the store keeps them: hashed with argon2id by libsodium.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <gate/bytes.hpp>

namespace gate::security {

struct hash_cost {
  std::uint32_t memory_kib = 0;
  std::uint32_t passes = 0;
  std::uint64_t work() const noexcept { return std::uint64_t{memory_kib} * passes; }
};

// 19 MiB and 2 passes: some 16 ms. What `gate passwd` writes.
inline constexpr hash_cost usual_cost{19 * 1024, 2};
// The least that the store accepts, and the most, since a login must not stop the others.
inline constexpr hash_cost least_cost{8 * 1024, 1};
inline constexpr hash_cost most_cost{256 * 1024, 16};

// What a frame of PLAIN can hold.
inline constexpr std::size_t password_bytes_max = 255;

// Takes some 16 ms. Throws std::bad_alloc.
std::string hash_password(bytes_view password, hash_cost cost = usual_cost);

// Takes what the hash costs; false when the hash is none. The comparison is libsodium's, in constant time.
bool fits(bytes_view password, const std::string& hash) noexcept;

// What checking this hash costs; nothing when it is no argon2id hash that `fits` can check within most_cost.
std::optional<hash_cost> cost_of(std::string_view hash) noexcept;

// Looks like a hash, costs as much to check, and no password is known that fits.
std::string make_dummy_hash(hash_cost cost);

}  // namespace gate::security
