// What a peer tells of the process that it lives in.
#pragma once

#include <cstdint>
#include <string>

#include <gate/descriptor.hpp>

namespace gate::peer {

std::string host_name();
// Host, process id and version; the rest is empty.
descriptor describe_this_process();
// Differs from process to process and from call to call.
std::uint64_t random_seed();

}  // namespace gate::peer
