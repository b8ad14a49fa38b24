// What the kernel knows of a connection, for `pulse`.
#pragma once

#include <optional>

#include <gate/clock.hpp>

#include "common/link/pulse.hpp"

namespace gate::peer {

// Of a TCP or unix stream socket; nothing for a descriptor that is none of these, or closed.
std::optional<path_sample> sample_path(int descriptor, instant now) noexcept;

}  // namespace gate::peer
