// Checks the form of addresses, as ZeroMQ writes them: tcp://host:port, ipc://path, inproc://name.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gate::peer {

// The system's limit for the path in an ipc address.
inline constexpr std::size_t ipc_path_bytes_max = 107;

// The fault of an address to connect to, as a text for people. Empty if its form is right. Names are not looked up.
std::string_view fault_to_connect(std::string_view endpoint) noexcept;

// Throws Error(invalid_argument) with that text and the address.
void check_to_connect(const std::string& endpoint);

// The same for an address to bind. Here the port may also be 0 or *, which means any free port.
std::string_view fault_to_bind(std::string_view endpoint) noexcept;

// Replaces `localhost` by 127.0.0.1. libzmq binds addresses and interfaces, but no names.
std::string bindable(std::string endpoint);

// The host of a TCP address without a fault: the part before its last colon.
std::string_view host_of(std::string_view endpoint) noexcept;

}  // namespace gate::peer
