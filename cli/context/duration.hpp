// Times in the form that people read and write.
#pragma once

#include <chrono>
#include <string>

namespace gate::cli {

// Reads "250ms", "5s", "2min", "1h", or a number of seconds. Throws usage_error.
std::chrono::milliseconds parse_duration(const std::string& text);
// Writes "1.5 s", "3 min 20 s": two units at most.
std::string show_duration(std::chrono::milliseconds time);

}  // namespace gate::cli
