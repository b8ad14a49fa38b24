// The keys of [worker]: one table, from which flags, variables, the file, --help and the documents are made.
#pragma once

#include <string>

#include <gate/worker_options.hpp>

#include "common/settings/key_table.hpp"
#include "common/settings/settings_reader.hpp"

namespace gate::worker {

// What a program made by run_worker is told: the options of its worker, and what only a program has.
struct settings : worker_options {
  settings() = default;  // so it is no aggregate: see docs/gcc12.md

  std::string credentials_file;  // empty: what the environment says
  std::string log_level = "info";
};

const key_table<settings>& worker_keys() noexcept;

// Sets all that flags, variables and the table [worker] of the file state. Other tables are somebody else's. Throws
// settings_error, and then `to` is unchanged. The result says where the value of each key came from.
found_settings read_worker_settings(const given_settings& given, settings& to);

// The section [worker] of a configuration file with every key as a comment, its meaning and its default.
std::string example_config();

// The options with durations so bounded that sums and products of them do not overflow. For options set by a program.
worker_options within_bounds(worker_options options);

}  // namespace gate::worker
