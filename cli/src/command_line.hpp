// The command line of `gate`: its options and subcommands. The one place that knows CLI11.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/context/settings.hpp"

namespace gate::cli {

// What a subcommand does: gives the exit code, or throws Error, credentials_error or what outcome.hpp has.
using action = std::function<int()>;

// Reads the arguments after the program's name. `chosen` is what they ask for; it looks at `common`. Gives an exit code
// when there is nothing to do any more: help was printed, or stderr says what is wrong.
std::optional<int> read_command_line(const std::vector<std::string>& arguments, settings& common, action& chosen);

// CLI11 takes an argument such as `[1,2]` apart, unless it is marked by a byte before it.
std::string marked(const std::string& argument);
std::string unmarked(const std::string& argument);

// Does what the arguments say, and gives the exit code.
int run(int argc, char** argv);

}  // namespace gate::cli
