// The settings of a worker program: one table that gives each its flag, its configuration key and its words.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

#include <gate/worker_options.hpp>

namespace gate::worker {

// A setting that is wrong; the text names it, and the file and line where it stands.
class config_error final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct settings {
  worker_options options;
  std::string credentials_file;  // empty: what the environment says
  std::string log_level = "info";
};

struct config_key {
  using milliseconds = std::chrono::milliseconds;
  using member =
      std::variant<std::string worker_options::*, std::uint32_t worker_options::*, std::size_t worker_options::*,
                   milliseconds worker_options::*, std::string settings::*, broker_dialect worker_options::*,
                   gaterpc_codec worker_options::*, bool worker_options::*>;

  std::string_view name;  // "drain_timeout" in the file, --drain-timeout as a flag
  member where;
  std::uint64_t least, most;  // of numbers, of durations in milliseconds, of sizes in bytes
  std::string_view doc;

  bool is_text() const noexcept { return where.index() == 0 || where.index() >= 4; }
  bool is_duration() const noexcept { return where.index() == 3; }
  bool is_size() const noexcept { return name.find("_bytes") != name.npos || name == "huge_threshold"; }
};

std::span<const config_key> config_keys() noexcept;

std::string flag_of(const config_key& key);
// The value in force, as one would write it: "30s", "4MiB", "1024".
std::string to_text(const config_key& key, const settings& from);
// Throws config_error("'capacity' must be from 1 to 65535").
void set(const config_key& key, std::string_view text, settings& to);

// Reads the table [worker]; others are somebody else's. Throws config_error, and then `to` is unchanged.
void read_config(std::string_view text, std::string_view file_name, settings& to);
void read_config_file(const std::string& path, settings& to);

}  // namespace gate::worker
