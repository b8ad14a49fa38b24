// The command line of a worker program: its flags, its help, and the settings that come out of it.
#pragma once

#include <string>
#include <vector>

#include <gate/credentials.hpp>

#include "common/settings/settings_reader.hpp"
#include "worker/settings/worker_keys.hpp"

namespace gate::worker {

struct command_line {
  given_settings given;  // flags, variables and the file of --config
  std::string config;    // path of that file; empty: there is none
  std::vector<std::string> arguments;
  bool help = false, version = false, check_config = false, print_config = false, print_example = false;
  bool print_ready = false;
};

// Throws usage_error, and settings_error if the file of --config cannot be read.
command_line read_command_line(int argc, char** argv, bool takes_arguments);

std::string help_of(const std::string& program, bool takes_arguments);
// What --version prints.
std::string version_of(const std::string& program);
// What --print-config prints: every key with its value in force, and where a value that is no default came from.
std::string print_config(const settings& chosen, const found_settings& found);

// The file that the credentials are in. Empty: variables hold them, or there are none. A flag goes before the variables
// GATE_CREDENTIALS, GATE_USER and so on, these before the file of --config.
std::string file_of_credentials(const settings& chosen, const found_settings& found);
// Throws credentials_error.
credentials read_credentials(const settings& chosen, const found_settings& found);

}  // namespace gate::worker
