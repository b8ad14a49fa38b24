// Explains why nobody answers at an address, as far as this machine knows without asking there. libzmq does not tell.
#pragma once

#include <string>
#include <string_view>

namespace gate::peer {

// Call it after a connection to `endpoint` could not be made. The host must be an address, not a name. Text for people.
std::string why_nobody_answers(std::string_view endpoint);

}  // namespace gate::peer
