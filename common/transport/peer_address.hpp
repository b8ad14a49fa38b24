// The address of the other end of an accepted connection.
#pragma once

#include <string>

namespace gate::broker {

// The numeric address without the port. Empty for local sockets, and for a descriptor that is not a socket.
std::string peer_address(int descriptor);

// The address with the port, in the usual form: 127.0.0.1:5555, [::1]:5555.
std::string peer_endpoint(int descriptor);

}  // namespace gate::broker
