// The first exchange of CURVE (RFC 26), as bytes on a connection of ZMTP 3: a client's HELLO, which only the server
// with that key can read, and the server's WELCOME. Neither tells who the client is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <gate/curve_key.hpp>

namespace gate::peer::curve {

// Flags, size, and the name with its length: what tells a WELCOME from any other command.
inline constexpr std::size_t command_head_bytes = 10;

// A HELLO under a key pair that is made for it and forgotten.
std::string hello(const curve_key& server);

// False of less than command_head_bytes too.
bool is_welcome(std::string_view raw);

}  // namespace gate::peer::curve
