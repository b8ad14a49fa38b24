// The command line of a broker program: its flags, its help, and the options that come out of it.
#pragma once

#include <string>
#include <vector>

#include <gate/broker_options.hpp>

#include "common/settings/settings_reader.hpp"

namespace gate::broker {

struct command_line {
  given_settings given;  // flags, variables and the file of --config
  std::string config;    // path of that file; empty: there is none
  std::vector<std::string> arguments;
  bool help = false, version = false, check_config = false, print_config = false, print_example = false;
};

// Throws usage_error, and settings_error if the file of --config cannot be read.
command_line read_command_line(int argc, char** argv, bool takes_arguments);

std::string help_of(const std::string& program, bool takes_arguments);
// The text of --version.
std::string version_of(const std::string& program);
// What --print-config prints: every key with its value in force, and where a value that is no default came from.
std::string print_config(const broker_options& options, const found_settings& found);

}  // namespace gate::broker
