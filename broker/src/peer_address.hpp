// Where an accepted connection comes from, before its peer has said anything.
#pragma once

#include <string>

namespace gate::broker {

// The numeric address of the other end, without its port; empty for local sockets, and for a descriptor that is none.
std::string peer_address(int descriptor);

// The same with its port, as people write it; empty likewise.
std::string peer_endpoint(int descriptor);

}  // namespace gate::broker
