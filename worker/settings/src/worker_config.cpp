#include "worker/settings/worker_config.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <sstream>
#include <tuple>

#include <gate/did_you_mean.hpp>

#include "common/protocol/endpoint.hpp"
#include "common/settings/quantity.hpp"
#include "common/settings/toml_text.hpp"

namespace gate::worker {

namespace {

using o = worker_options;
using std::chrono::milliseconds;

constexpr std::uint64_t day_ms = 24u * 60 * 60 * 1000;

const std::array keys{
    config_key{"broker", &o::broker, 0, 0, "The broker's address for workers"},
    config_key{"dialect", &o::dialect, 0, 0, "The protocol that the broker speaks: gate/2 or gate-rpc"},
    config_key{"credentials", &settings::credentials_file, 0, 0,
               "File with user and password, or key and server_key; mode 0600"},
    config_key{"gaterpc_compression", &o::gaterpc_compression, 0, 0,
               "How the peers of a gate-rpc broker compress HugeData: gzip, bz2 or lzma"},
    config_key{"service", &o::service, 0, 0, "Name of the service; default: the class's name"},
    config_key{"name", &o::name, 0, 0, "The name that operators see for this worker; default: host:pid"},
    config_key{"capacity", &o::capacity, 1, limits::worker_capacity_max,
               "Calls at once; further calls wait in the broker, or go to another worker"},
    config_key{"threads", &o::threads, 0, 4096,
               "Threads for plain methods and generators; 0: one for each core, at least two"},
    config_key{"drain_timeout", &o::drain_timeout, 0, day_ms, "Time that calls have to end when the worker drains"},
    config_key{"strict", &o::strict, 0, 0,
               "true: unknown or missing fields of structs among the arguments end the call as invalid_argument; "
               "false: unknown fields are ignored, and missing ones keep their default"},
    config_key{"stuck_max", &o::stuck_max, 0, 4096,
               "Stuck methods, each of which keeps a thread; beyond it, or without a free thread, the worker exits"},
    config_key{"stuck_after", &o::stuck_after, 1, day_ms,
               "Time that a plain method may run on after its call has ended; then it is stuck"},
    config_key{"heartbeat_interval", &o::heartbeat_interval, 10, day_ms,
               "Time between two heartbeats; the broker's value is in force once the worker is registered"},
    config_key{"heartbeat_liveness", &o::heartbeat_liveness, 1, 1000,
               "Number of intervals without any message of the broker after which the connection is given up"},
    config_key{"connect_timeout", &o::connect_timeout, 10, day_ms,
               "Time that one attempt to connect and register may take"},
    config_key{"reconnect_pause_min", &o::reconnect_pause_min, 1, day_ms,
               "First pause before connecting again; it doubles at each failure"},
    config_key{"reconnect_pause_max", &o::reconnect_pause_max, 1, day_ms, "Longest pause before connecting again"},
    config_key{"out_queue_bytes_max", &o::out_queue_bytes_max, 1024, std::uint64_t{1} << 40,
               "Bytes that wait to be sent; beyond it streams and transfers wait"},
    config_key{"huge_threshold", &o::huge_threshold, 4096, std::uint64_t{1} << 40,
               "Bytes of a result; a result with a longer encoding leaves in chunks"},
    config_key{"huge_window_bytes", &o::huge_window_bytes, 4096, std::uint64_t{1} << 30,
               "Bytes of a huge argument that a caller may send ahead of its reader"},
    config_key{"huge_value_bytes_max", &o::huge_value_bytes_max, 0, std::uint64_t{1} << 40,
               "Bytes of the huge arguments of one call that are collected in memory"},
    config_key{"huge_peer_bytes_max", &o::huge_peer_bytes_max, 0, std::uint64_t{1} << 40,
               "Bytes of the huge arguments of all calls that are collected in memory"},
    config_key{"huge_bytes_max", &o::huge_bytes_max, 0, std::uint64_t{1} << 63, "Bytes of one huge argument"},
    config_key{"huge_ratio_max", &o::huge_ratio_max, 0, 1'000'000,
               "How many times larger a huge argument of unknown size may become by decompression"},
    config_key{"log_level", &settings::log_level, 0, 0, "How much to log: trace, debug, info, warn, error or off"},
};

constexpr std::array log_levels{"trace", "debug", "info", "warn", "error", "off"};

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

[[noreturn]] void must_be(const config_key& key, const std::string& what) {
  throw config_error("'" + std::string(key.name) + "' must be " + what);
}

// A bare number is one of milliseconds or bytes.
std::optional<std::uint64_t> parse(const config_key& key, std::string_view text) {
  if (const auto number = parse_number(text)) return number;
  if (key.is_duration()) return parse_quantity(text, quantity::time);
  return key.is_size() ? parse_quantity(text, quantity::size) : std::nullopt;
}

std::string format(const config_key& key, std::uint64_t number) {
  if (key.is_duration()) return format_quantity(number, quantity::time);
  return key.is_size() ? format_quantity(number, quantity::size) : std::to_string(number);
}

std::uint64_t number_of(const config_key& key, std::string_view text) {
  const auto number = parse(key, text);
  if (number && *number >= key.least && *number <= key.most) return *number;
  const std::string range = "from " + format(key, key.least) + " to " + format(key, key.most);
  if (number) must_be(key, range);
  if (key.is_duration()) must_be(key, "a duration such as \"5s\" or \"200ms\", " + range);
  if (key.is_size()) must_be(key, "a size such as \"64MiB\", " + range);
  must_be(key, "a whole number " + range);
}

std::string text_of(const config_key& key, std::string_view text) {
  if (text.empty()) must_be(key, "a text that is not empty");
  if (text.find('\0') != std::string_view::npos) must_be(key, "a text without a NUL character");
  const bool known = std::find(log_levels.begin(), log_levels.end(), text) != log_levels.end();
  if (key.name == "broker") {
    const std::string_view fault = peer::fault_to_connect(text);
    if (!fault.empty())
      throw config_error("'" + std::string(text) + "' is no address of a broker: " + std::string(fault));
  }
  if (key.name == "log_level" && !known) must_be(key, "trace, debug, info, warn, error or off");
  if ((key.name == "service" || key.name == "name") && text.size() > limits::name_bytes_max) {
    must_be(key, "no longer than " + std::to_string(limits::name_bytes_max) + " bytes");
  }
  return std::string(text);
}

std::string text_of(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  std::ostringstream text;
  text << toml::node_view<const toml::node>(node);
  return text.str();
}

std::string guess(std::string_view unknown) {
  std::array<std::string_view, std::tuple_size_v<decltype(keys)>> names;
  std::transform(keys.begin(), keys.end(), names.begin(), [](const config_key& key) { return key.name; });
  return did_you_mean(unknown, names);
}

class reader {
 public:
  reader(std::string_view file, settings& to) : file_(file), to_(to) {}

  void read(const toml::table& root) {
    const toml::node* const own = root.get("worker");
    if (own == nullptr && !root.empty()) fail(root.begin()->first.source(), "there is no table [worker] in this file");
    if (own == nullptr) return;
    const toml::table* const table = own->as_table();
    if (table == nullptr) fail(own->source(), "[worker] must be a table");
    for (const auto& [name, node] : *table) read(name, node);
  }

 private:
  [[noreturn]] void fail(const toml::source_region& at, const std::string& what) const {
    throw config_error(std::string(file_) + ":" + std::to_string(at.begin.line) + ": " + what);
  }
  void read(const toml::key& name, const toml::node& node) {
    const auto found =
        std::find_if(keys.begin(), keys.end(), [&](const config_key& k) { return k.name == name.str(); });
    if (found == keys.end()) {
      fail(name.source(), "unknown key '" + std::string(name.str()) + "' in [worker]" + guess(name.str()));
    }
    try {
      set(*found, text_of(node), to_);
    } catch (const config_error& e) {
      fail(node.source(), e.what());
    }
  }

  std::string_view file_;
  settings& to_;
};

}  // namespace

std::span<const config_key> config_keys() noexcept { return keys; }

std::string flag_of(const config_key& key) {
  std::string flag = "--" + std::string(key.name);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

std::string to_text(const config_key& key, const settings& from) {
  struct visitor {
    const config_key& key;
    const settings& from;
    std::string operator()(std::string worker_options::*m) const { return from.options.*m; }
    std::string operator()(std::uint32_t worker_options::*m) const { return format(key, from.options.*m); }
    std::string operator()(std::size_t worker_options::*m) const { return format(key, from.options.*m); }
    std::string operator()(milliseconds worker_options::*m) const {
      return format(key, static_cast<std::uint64_t>((from.options.*m).count()));
    }
    std::string operator()(std::string settings::*m) const { return from.*m; }
    std::string operator()(broker_dialect worker_options::*m) const { return std::string(to_string(from.options.*m)); }
    std::string operator()(gaterpc_codec worker_options::*m) const { return std::string(to_string(from.options.*m)); }
    std::string operator()(bool worker_options::*m) const { return from.options.*m ? "true" : "false"; }
  };
  return std::visit(visitor{key, from}, key.where);
}

void set(const config_key& key, std::string_view text, settings& to) {
  struct visitor {
    const config_key& key;
    std::string_view text;
    settings& to;
    void operator()(std::string worker_options::*m) const { to.options.*m = text_of(key, text); }
    void operator()(std::uint32_t worker_options::*m) const {
      to.options.*m = static_cast<std::uint32_t>(number_of(key, text));
    }
    void operator()(std::size_t worker_options::*m) const {
      to.options.*m = static_cast<std::size_t>(number_of(key, text));
    }
    void operator()(milliseconds worker_options::*m) const {
      to.options.*m = milliseconds(static_cast<std::int64_t>(number_of(key, text)));
    }
    void operator()(std::string settings::*m) const { to.*m = text_of(key, text); }
    void operator()(broker_dialect worker_options::*m) const {
      const std::optional<broker_dialect> named = broker_dialect_of(text);
      if (!named) must_be(key, "gate/2 or gate-rpc");
      to.options.*m = *named;
    }
    void operator()(gaterpc_codec worker_options::*m) const {
      const std::optional<gaterpc_codec> named = gaterpc_codec_of(text);
      if (!named) must_be(key, "gzip, bz2 or lzma");
      to.options.*m = *named;
    }
    void operator()(bool worker_options::*m) const {
      if (text != "true" && text != "false") must_be(key, "true or false");
      to.options.*m = text == "true";
    }
  };
  std::visit(visitor{key, text, to}, key.where);
}

void read_config(std::string_view text, std::string_view file_name, settings& to) {
  settings changed = to;
  try {
    reader(file_name, changed).read(parse_toml(text, file_name));
  } catch (const toml::parse_error& e) {
    throw config_error(std::string(file_name) + ":" + std::to_string(e.source().begin.line) + ": " +
                       std::string(e.description()));
  }
  to = std::move(changed);
}

void read_config_file(const std::string& path, settings& to) {
  std::string text;
  try {
    text = read_toml_file(path);
  } catch (const toml_file_error& e) {
    throw config_error(e.what());
  }
  read_config(text, path, to);
}

}  // namespace gate::worker
