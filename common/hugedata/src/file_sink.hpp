#pragma once

#include <cstdint>

#include <gate/protocol.hpp>

namespace gate::huge {

// Writes all bytes at that place in a file. Blocks. Throws std::system_error.
void write_at(int descriptor, bytes_view raw, std::uint64_t at);

}  // namespace gate::huge
