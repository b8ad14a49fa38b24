// Passwords as the store keeps them: argon2id hashes, made by libsodium.
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

// 19 MiB and 2 passes take some 16 ms. `gate passwd` uses this cost.
inline constexpr hash_cost usual_cost{19 * 1024, 2};
// The least and the most that the store accepts. The most is limited because one login must not hold up the others.
inline constexpr hash_cost least_cost{8 * 1024, 1};
inline constexpr hash_cost most_cost{256 * 1024, 16};

// The longest password that a frame of PLAIN can hold.
inline constexpr std::size_t password_bytes_max = 255;

// Takes some 16 ms. Throws std::bad_alloc.
std::string hash_password(bytes_view password, hash_cost cost = usual_cost);

// Takes the time that the hash's cost demands. False also if the hash is not valid. libsodium compares in constant
// time.
bool fits(bytes_view password, const std::string& hash) noexcept;

// The cost of checking this hash. Empty if it is not an argon2id hash that fits() can check within most_cost.
std::optional<hash_cost> cost_of(std::string_view hash) noexcept;

// A hash that costs as much to check as a genuine one. Nobody knows a password that fits it.
std::string make_dummy_hash(hash_cost cost);

}  // namespace gate::security
