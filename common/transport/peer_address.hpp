// The address of the other end of an accepted connection.
#pragma once

#include <string>

namespace gate::broker {

// The numeric address without the port. Empty for local sockets, and for a descriptor that is no socket.
std::string peer_address(int descriptor);

// The same with the port, as people write it.
std::string peer_endpoint(int descriptor);

}  // namespace gate::broker
