// gate-broker's configuration file: one table of keys, from which the file is read, the help is printed and the
// statistics name their limits. TOML; durations as "5s", "200ms" or integer milliseconds, sizes as "64MiB" or integer
// bytes.
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
// The value as it would stand in the file: "64MiB", "5s", 4096, true, ["tcp://..."].
std::string to_text(const config_key& key, const broker_options& options);
// Milliseconds, bytes or count; nothing for a key that is no number.
std::optional<std::uint64_t> number_of(const config_key& key, const broker_options& options);

// The file cannot be read, or says something that is no configuration. what() is one line that begins with the file's
// name and the line in it: "gate.toml:12: unknown key 'qeue_max' (did you mean 'queue_max'?)".
class config_error final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Options that a program has set, with durations that no sum or product overflows.
broker_options within_bounds(broker_options options) noexcept;

// Takes over what the text says; `name` stands for the file in errors. On an error the options are as they were.
void read_config(std::string_view text, std::string_view name, broker_options& options);
void read_config_file(const std::string& path, broker_options& options);

}  // namespace gate::broker
