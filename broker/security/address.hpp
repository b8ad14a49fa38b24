// The origin of a peer: the part of its address by which limits tell peers apart.
#pragma once

#include <string>
#include <string_view>

namespace gate::security {

// IPv4: the whole address. IPv6: the first 64 bits, because one host owns all addresses behind them. IPv4 within IPv6
// counts as IPv4. All local sockets have the same origin. If the text is not an address, it is its own origin, cut at
// 64 bytes.
std::string origin_of(std::string_view address);

// True for loopback and for what is not a network address: all peers of this machine share that origin.
bool is_shared_origin(std::string_view origin) noexcept;

}  // namespace gate::security
