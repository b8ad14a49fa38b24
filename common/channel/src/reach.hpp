// Why nobody answers at an address, as far as this machine knows without asking there: libzmq does not tell.
#pragma once

#include <string>
#include <string_view>

namespace gate::peer {

// Of an endpoint without a name to be looked up, after a connection to it could not be made. For people.
std::string why_nobody_answers(std::string_view endpoint);

}  // namespace gate::peer
