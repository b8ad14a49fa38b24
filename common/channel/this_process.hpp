// Describes the process that a peer lives in.
#pragma once

#include <cstdint>
#include <string>

#include <gate/descriptor.hpp>

namespace gate::peer {

// Returns host, process id and version; the other fields are empty.
descriptor describe_this_process();

}  // namespace gate::peer
