// Where a peer comes from, as far as limits tell peers apart.
#pragma once

#include <string>
#include <string_view>

namespace gate::security {

// Of IPv4 the whole address, of IPv6 the first 64 bits, since a host owns all behind them, and IPv4 within IPv6 as
// IPv4. All local sockets are one. What is no address stays as it is, cut at 64 bytes.
std::string origin_of(std::string_view address);

// Loopback, or no network address at all: all peers of this machine share it.
bool is_shared_origin(std::string_view origin) noexcept;

}  // namespace gate::security
