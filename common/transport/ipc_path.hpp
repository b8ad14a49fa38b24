// Checks paths of ipc:// addresses. libzmq removes any file at the path before it binds.
#pragma once

#include <string>
#include <string_view>

namespace gate::broker {

// Why the address must not be bound: a process listens at its path, or a file is there that is not a socket. Empty if
// it may be bound: also if an ended process has left a socket, and for addresses without a path. The check connects to
// the path.
std::string in_the_way_of(std::string_view endpoint);

}  // namespace gate::broker
