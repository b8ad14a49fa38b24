// The protocol that a worker or a client speaks to its broker.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace gate {

enum class broker_dialect : std::uint8_t {
  gate2,     // "gate/2": for a gate-broker
  gate_rpc,  // "gate-rpc": for a broker of the Python project gate-rpc, version 0.2.12; see docs/dialects.md, "Outward"
};

inline constexpr std::array<std::string_view, 2> broker_dialect_names{"gate/2", "gate-rpc"};

constexpr std::string_view to_string(broker_dialect d) noexcept {
  return broker_dialect_names[static_cast<std::size_t>(d)];
}

// The dialect of that name; empty if there is none.
constexpr std::optional<broker_dialect> broker_dialect_of(std::string_view name) noexcept {
  for (std::size_t i = 0; i < broker_dialect_names.size(); ++i) {
    if (broker_dialect_names[i] == name) return static_cast<broker_dialect>(i);
  }
  return std::nullopt;
}

// How all peers of a gate-rpc broker compress HugeData. Their messages do not say it, so set what the peers are set to.
enum class gaterpc_codec : std::uint8_t { gzip, bz2, lzma };

inline constexpr std::array<std::string_view, 3> gaterpc_codec_names{"gzip", "bz2", "lzma"};

constexpr std::string_view to_string(gaterpc_codec c) noexcept {
  return gaterpc_codec_names[static_cast<std::size_t>(c)];
}

// The codec of that name; empty if there is none.
constexpr std::optional<gaterpc_codec> gaterpc_codec_of(std::string_view name) noexcept {
  for (std::size_t i = 0; i < gaterpc_codec_names.size(); ++i) {
    if (gaterpc_codec_names[i] == name) return static_cast<gaterpc_codec>(i);
  }
  return std::nullopt;
}

}  // namespace gate
