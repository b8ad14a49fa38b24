// What a peer tells of the process that it lives in.
#pragma once

#include <cstdint>
#include <string>

#include <gate/descriptor.hpp>

namespace gate::peer {

std::string host_name();
// Host, process id and version; the rest is empty.
descriptor describe_this_process();

}  // namespace gate::peer
