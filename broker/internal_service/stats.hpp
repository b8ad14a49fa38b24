// What `stats` of the internal service reports. Each number has a row in a table of counters: of the core, of the
// engine, or of the gatekeeper.
#pragma once

#include <string_view>
#include <vector>

namespace gate::broker {

// A number of `stats`, and what it counts.
struct stats_row {
  std::string_view name, help;
};

// A section of `stats`.
struct stats_section {
  std::string_view name;
  std::vector<stats_row> rows;
};

// All sections whose numbers have names of their own. docs/operations.md lists them. (`ended` and `refused` count by
// status, `limits` by the keys of the configuration.)
std::vector<stats_section> describe_stats();

}  // namespace gate::broker
