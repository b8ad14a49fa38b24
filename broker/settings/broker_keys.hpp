// The keys of gate-broker: one table, from which flags, variables, the file, --help and the documents are made.
#pragma once

#include <string>

#include <gate/broker_options.hpp>

#include "common/settings/key_table.hpp"
#include "common/settings/settings_reader.hpp"

namespace gate::broker {

const key_table<broker_options>& broker_keys() noexcept;

// Sets all options that flags, variables and the file state. Throws settings_error, and then the options are unchanged.
// The result says where the value of each key came from.
found_settings read_options(const given_settings& given, broker_options& options);

// A configuration file with every key as a comment, its meaning and its default.
std::string example_config();

// The options with durations so bounded that sums and products of them do not overflow. For options set by a program.
broker_options within_bounds(broker_options options) noexcept;

}  // namespace gate::broker
