// How a program of ours ends when there is no memory left for it.
#pragma once

#include <cstddef>

namespace gate {

// Whether the system gives this process no block of so many bytes at the moment. Async-signal-safe.
bool is_memory_short(std::size_t bytes = std::size_t{1} << 20) noexcept;

// From now on, where something ends the process by abort() because it has no memory (libzmq and the C++ runtime do so),
// the program says "PROGRAM: out of memory" on stderr and exits with 1. Any other abort() is as it was. For programs,
// at their start: a library leaves SIGABRT to the process.
void exit_when_memory_runs_out(const char* program) noexcept;

}  // namespace gate
