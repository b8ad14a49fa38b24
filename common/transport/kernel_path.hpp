// Reads the kernel's figures about a connection, for `pulse`.
#pragma once

#include <optional>

#include <gate/clock.hpp>

#include "common/link/pulse.hpp"

namespace gate::peer {

// For a TCP or unix stream socket. Empty for any other descriptor, or a closed one.
std::optional<path_sample> sample_path(int descriptor, instant now) noexcept;

}  // namespace gate::peer
