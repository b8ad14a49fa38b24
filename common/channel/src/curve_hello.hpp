// The first exchange of CURVE (RFC 26), as bytes on a ZMTP 3 connection. The client sends a HELLO that only the server
// with that key can read. The server answers with a WELCOME. Neither says who the client is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/credentials/curve_key.hpp"

namespace gate::peer::curve {

// Flags, size, and the name with its length: they tell a WELCOME from other commands.
inline constexpr std::size_t command_head_bytes = 10;

// Makes a HELLO with a new key pair, which is then dropped.
std::string hello(const curve_key& server);

// Returns false also if there are less than command_head_bytes.
bool is_welcome(std::string_view raw);

}  // namespace gate::peer::curve
