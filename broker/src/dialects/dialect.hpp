// Which language a connection speaks, and what the broker does for each of them. Their frames are read and written in
// common/src/wire, one file a dialect.
#pragma once

#include <optional>
#include <string_view>

#include "common/src/wire/foreign.hpp"

namespace gate::broker {

using wire::dialect;

// The dialect that an endpoint's option names: gate2, gate-rpc, mdp01 or mdp02. Nothing for other names.
std::optional<dialect> dialect_named(std::string_view option) noexcept;

// Tells the dialect of a connection from all frames of its first message. `only`: what the endpoint is for, which
// decides where two dialects look alike and refuses the others; unknown: any.
wire::recognised recognise(wire::frames_view frames, dialect only);

}  // namespace gate::broker
