// gate-broker's configuration file, in TOML. Durations are "5s", "200ms" or integer milliseconds, sizes are "64MiB" or
// integer bytes. One table of keys serves for reading the file, for the help, and for the limits in the statistics.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <gate/broker_options.hpp>

namespace gate::broker {

struct config_key {
  using field = std::variant<std::size_t broker_options::*, std::uint32_t broker_options::*,
                             std::chrono::milliseconds broker_options::*, bool broker_options::*,
                             std::string broker_options::*, std::vector<std::string> broker_options::*>;
  std::string_view name;
  field where;
  std::uint64_t least = 0, most = 0;  // of a number, in its unit: what is allowed. Of a text or a list: how long, least
  std::string_view doc;               // what it bounds, and what happens beyond it
};

std::span<const config_key> config_keys() noexcept;

// "bytes", "duration", "count", "flag", "text" or "list of texts".
std::string_view unit_of(const config_key& key) noexcept;
// The value in the form that the file has: "64MiB", "5s", 4096, true, ["tcp://..."].
std::string to_text(const config_key& key, const broker_options& options);
// The value in milliseconds, in bytes, or as a count. Nothing for a key that is no number.
std::optional<std::uint64_t> number_of(const config_key& key, const broker_options& options);

// The file cannot be read, or is no valid configuration. what() is one line that begins with the name of the file and
// the number of the line: "gate.toml:12: unknown key 'qeue_max' (did you mean 'queue_max'?)".
class config_error final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The options with durations so bounded that sums and products of them do not overflow. For options set by a program.
broker_options within_bounds(broker_options options) noexcept;

// Sets the options that the text states. `name` is the file's name in errors. On an error the options are unchanged.
void read_config(std::string_view text, std::string_view name, broker_options& options);
void read_config_file(const std::string& path, broker_options& options);

}  // namespace gate::broker
