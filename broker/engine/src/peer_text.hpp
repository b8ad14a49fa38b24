// The name of a peer in log lines: "worker 'echo#1' of 'echo' at 10.0.0.7, user 'ops', MDP/0.1".
#pragma once

#include <string>

#include "broker/core/core.hpp"
#include "broker/engine/remote_peers.hpp"

namespace gate::broker {

// The parts that are known. Names that the peer chose are escaped. Call this before the core forgets the peer.
std::string peer_text(const remote_peer& p, const core& known);

// What is lost if this peer is cut: the end of a log line. Call this before the core forgets the peer.
std::string losses_text(const remote_peer& p, const core& known);

// A connection whose peer is not known: its other end and ours.
std::string connection_text(const std::string& endpoint, int descriptor);

}  // namespace gate::broker
