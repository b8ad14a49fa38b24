// The form of addresses, as ZeroMQ writes them: tcp://host:port, ipc://path, inproc://name.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gate::peer {

// Of the path in an ipc address, as the system takes it.
inline constexpr std::size_t ipc_path_bytes_max = 107;

// What is wrong with an address to connect to, for people; empty when nothing is as far as its form tells. No name is
// looked up.
std::string_view fault_to_connect(std::string_view endpoint) noexcept;

// Throws Error(invalid_argument) that says so, with the address.
void check_to_connect(const std::string& endpoint);

// What is wrong with an address to bind: its port may be 0 or *, any that is free.
std::string_view fault_to_bind(std::string_view endpoint) noexcept;

// libzmq binds addresses and interfaces, not names: `localhost` becomes 127.0.0.1, which it means everywhere.
std::string bindable(std::string endpoint);

// The host of a TCP address that has no such fault: what stands before its last colon.
std::string_view host_of(std::string_view endpoint) noexcept;

}  // namespace gate::peer
