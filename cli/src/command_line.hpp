// The command line of `gate`: its options and subcommands. Only this file and its source know CLI11.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/context/settings.hpp"

namespace gate::cli {

// Runs a subcommand. Returns the exit code, or throws Error, credentials_error or an exception of outcome.hpp.
using action = std::function<int()>;

// Reads the arguments after the program's name. Sets `chosen`, which refers to `common`. Returns an exit code if the
// program is done: it has printed help, or stderr says what is wrong.
std::optional<int> read_command_line(const std::vector<std::string>& arguments, settings& common, action& chosen);

// CLI11 splits an argument such as `[1,2]`. A marker byte at its beginning prevents that.
std::string marked(const std::string& argument);
std::string unmarked(const std::string& argument);

// Runs the program and returns its exit code.
int run(int argc, char** argv);

}  // namespace gate::cli
