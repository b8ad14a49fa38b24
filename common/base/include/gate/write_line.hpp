// One line on a descriptor that perhaps nobody reads.
#pragma once

#include <chrono>
#include <string_view>

namespace gate {

// Writes the line and a newline, if the descriptor takes them within `patience`. Returns false if it did not take all.
// Never throws, and raises no SIGPIPE. For the few lines that a program writes on its own to stdout and stderr.
// Thread-safe; a line of at most PIPE_BUF (4096) bytes stays whole in a pipe.
bool write_line(int descriptor, std::string_view line,
                std::chrono::milliseconds patience = std::chrono::milliseconds(300)) noexcept;

}  // namespace gate
