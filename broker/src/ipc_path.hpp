// Paths of ipc:// addresses. libzmq removes what stands at the path before it binds, whatever it is.
#pragma once

#include <string>
#include <string_view>

namespace gate::broker {

// Why an address must not be bound, for people: somebody listens at its path, or a file stands there that is no socket.
// Empty when it may be, a socket left behind by a process that is gone included; and for addresses that are no paths.
// Connects to the path, and hangs up.
std::string in_the_way_of(std::string_view endpoint);

}  // namespace gate::broker
