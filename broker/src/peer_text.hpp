// How operators are told of a peer: "worker 'echo#1' of 'echo' at 10.0.0.7, user 'ops', MDP/0.1".
#pragma once

#include <string>

#include "broker/src/core/core.hpp"
#include "broker/src/peers.hpp"

namespace gate::broker {

// As far as it is known; what the peer says of itself is escaped. Ask before the core forgets it.
std::string peer_text(const remote_peer& p, const core& known);

}  // namespace gate::broker
