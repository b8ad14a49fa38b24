// Finds out which dialect a connection speaks. Each dialect has its own files for reading and writing its frames.
#pragma once

#include <optional>
#include <string_view>

#include "common/dialects/foreign_peer.hpp"

namespace gate::broker {

using wire::dialect;

// The dialect that an endpoint's option names: gate2, gate-rpc, mdp01 or mdp02. Nothing for other names.
std::optional<dialect> dialect_named(std::string_view option) noexcept;

// Finds the dialect of a connection from the frames of its first message. `only` is the dialect of the endpoint: it
// decides if two dialects look alike, and other dialects are refused. `unknown`: the endpoint takes any dialect.
wire::recognised recognise(wire::frames_view frames, dialect only);

}  // namespace gate::broker
