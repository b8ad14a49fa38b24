// The form of addresses, as ZeroMQ writes them: tcp://host:port, ipc://path, inproc://name.
#pragma once

#include <string_view>

namespace gate::peer {

// What is wrong with an address to connect to, for people; empty when nothing is as far as its form tells. No name is
// looked up.
std::string_view fault_to_connect(std::string_view endpoint) noexcept;

// The same of an address to bind: its port may be 0 or *, any that is free.
std::string_view fault_to_bind(std::string_view endpoint) noexcept;

// The host of a TCP address that has no such fault: what stands before its last colon.
std::string_view host_of(std::string_view endpoint) noexcept;

}  // namespace gate::peer
