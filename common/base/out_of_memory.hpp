// How our programs end if there is no memory left.
#pragma once

#include <cstddef>

namespace gate {

// Whether the system refuses this process a block of this many bytes at the moment. Async-signal-safe.
bool is_memory_short(std::size_t bytes = std::size_t{1} << 20) noexcept;

// libzmq and the C++ runtime call abort() if they have no memory. From now on, the program then writes "PROGRAM: out of
// memory" on stderr and exits with 1. Any other abort() stays as it was. Call it at the start of a program; a library
// leaves SIGABRT to the process.
void exit_when_memory_runs_out(const char* program) noexcept;

}  // namespace gate
