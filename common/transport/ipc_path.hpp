// Checks paths of ipc:// addresses. libzmq removes whatever is at the path before it binds.
#pragma once

#include <string>
#include <string_view>

namespace gate::broker {

// Why an address must not be bound: a process listens at its path, or a file is there that is no socket. Empty if it
// may be bound, as over a socket that an ended process has left, and for addresses that are no paths. It finds out by
// connecting to the path.
std::string in_the_way_of(std::string_view endpoint);

}  // namespace gate::broker
