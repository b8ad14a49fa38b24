#include "broker/settings/config.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <tuple>
#include <type_traits>

#include <gate/assert.hpp>
#include <gate/did_you_mean.hpp>

#include "broker/security/endpoint_auth.hpp"
#include "common/base/option_bounds.hpp"
#include "common/protocol/endpoint.hpp"
#include "common/settings/quantity.hpp"
#include "common/settings/toml_text.hpp"

namespace gate::broker {
namespace {

using o = broker_options;
using std::chrono::milliseconds;

constexpr std::uint64_t day_ms = 24u * 60 * 60 * 1000;
constexpr std::uint64_t count_most = 1u << 30;
constexpr std::uint64_t bytes_most = std::uint64_t{1} << 40;

const std::array keys{
    config_key{"frontend", &o::frontend, 1, 0,
               "addresses for clients: tcp://host:port (for port * the system chooses one), ipc://path"},
    config_key{"backend", &o::backend, 1, 0,
               "addresses for workers; each port serves both clients and workers, and an address in both lists is "
               "bound once"},
    config_key{"insecure", &o::insecure, 0, 0,
               "true: anybody is admitted on addresses that other machines can reach; false: the broker refuses "
               "to bind such an address without logins"},
    config_key{"auth", &o::auth, 1, 0,
               "how peers log in: none, plain, curve, in-message; an address may set its own, as ?auth=curve"},
    config_key{"credentials", &o::credentials, 0, 0,
               "the credential store: a TOML file, or a folder of them; read again on SIGHUP and when it changes"},
    config_key{"curve_key", &o::curve_key, 0, 0, "the broker's own key file, for auth = curve (gate keygen makes one)"},
    config_key{"zap_service", &o::zap_service, 0, 0,
               "address of an external ZAP service that decides logins instead of the store"},
    config_key{"zap_bind", &o::zap_bind, 0, 0,
               "addresses where other programs may ask this broker about logins, by ZAP; they learn whether a "
               "password is right"},
    config_key{"audit_log", &o::audit_log, 0, 0, "file for the audit log; opened again on SIGHUP"},
    config_key{"remote_details", &o::remote_details, 0, 0,
               "true: clients at all addresses receive the tracebacks of workers; false: only clients at local "
               "addresses without logins"},
    config_key{"name", &o::name, 1, 0, "the name that the broker tells its peers"},
    config_key{"log_level", &o::log_level, 1, 0, "how much is logged: trace, debug, info, warn, error or off"},
    config_key{"drain_timeout", &o::drain_timeout, 0, day_ms,
               "after SIGTERM: time that calls in flight have to end; then calls that wait end as unavailable, "
               "and calls that run end as worker_lost"},
    config_key{"heartbeat_interval", &o::heartbeat_interval, 10, day_ms,
               "time between two heartbeats, of the broker and of its peers"},
    config_key{"heartbeat_liveness", &o::heartbeat_liveness, 1, 1000,
               "number of intervals without a heartbeat after which a worker is stalled and gets no new calls"},
    config_key{"hello_timeout", &o::hello_timeout, 10, day_ms,
               "time that an accepted connection has to send its hello, up to 12 times as long while a long one "
               "arrives; then it is cut"},
    config_key{"gaterpc_heartbeat_interval", &o::gaterpc_heartbeat_interval, 10, day_ms,
               "heartbeat interval of gate-rpc peers; an idle worker that is silent for heartbeat_liveness "
               "intervals is given up"},
    config_key{"mdp_heartbeat_interval", &o::mdp_heartbeat_interval, 10, day_ms,
               "heartbeat interval of Majordomo workers; an idle worker that is silent for heartbeat_liveness "
               "intervals is given up"},
    config_key{"gaterpc_compression", &o::gaterpc_compression, 1, 0,
               "how gate-rpc peers compress HugeData: gzip, bz2 or lzma; their messages do not name it"},
    config_key{"transport_heartbeat_interval", &o::transport_heartbeat_interval, 10, day_ms,
               "time between two pings of the transport"},
    config_key{"transport_heartbeat_timeout", &o::transport_heartbeat_timeout, 10, day_ms,
               "time that a peer has to answer a ping; it is cut when it has shown no sign of life for this time "
               "and one transport_heartbeat_interval"},
    config_key{"queue_max", &o::queue_max, 0, count_most,
               "calls of one service that wait for a worker; one more ends as busy, or takes the place of a call "
               "of the client with the most calls there"},
    config_key{"queue_bytes_max", &o::queue_bytes_max, 0, bytes_most,
               "bytes of the arguments of the calls of one service that wait; beyond it busy"},
    config_key{"queue_total_max", &o::queue_total_max, 0, count_most,
               "calls of all services that wait for a worker; one more ends as busy"},
    config_key{"queue_total_bytes_max", &o::queue_total_bytes_max, 0, bytes_most,
               "bytes of the arguments of the calls of all services that wait; beyond it busy"},
    config_key{"queue_age_max", &o::queue_age_max, 1, day_ms,
               "time that a call may wait for a worker, whatever its budget; then it ends as unavailable"},
    config_key{"client_calls_max", &o::client_calls_max, 1, count_most,
               "calls of one client that are queued or running; one more ends as busy"},
    config_key{"client_bytes_max", &o::client_bytes_max, 1, bytes_most,
               "bytes of the arguments of one client that are queued, or kept for a second attempt; beyond it busy"},
    config_key{"idle_timeout", &o::idle_timeout, 1, day_ms,
               "for a call without a budget: time to the first reply, and between two parts; then it ends as "
               "timed_out"},
    config_key{"credit_timeout", &o::credit_timeout, 1, 30 * day_ms,
               "time for which a client may grant no credit while the reply of its call waits for it; then the "
               "call ends as too_slow. Less than 2 minutes also ends calls of clients that read slowly"},
    config_key{"budget_max", &o::budget_max, 1, 30 * day_ms,
               "the longest budget of a call; a longer one counts as this"},
    config_key{"service_grace", &o::service_grace, 0, day_ms,
               "time that calls wait for a service after its last worker left, or for any service after the "
               "broker's start; then they end as unavailable"},
    config_key{"services_max", &o::services_max, 1, count_most,
               "services known at once; a worker of one more is refused, and when half of them are taken, a call "
               "to a name that no worker has offered yet ends as busy"},
    config_key{"peers_max", &o::peers_max, 1, 1u << 19, "connections at once; one more is cut"},
    config_key{"worker_capacity_max", &o::worker_capacity_max, 1, 1u << 24,
               "calls that one worker runs at once; a worker that announces more gets no more than this"},
    config_key{"attempts_max", &o::attempts_max, 1, 1000,
               "number of times that one idempotent call is given to a worker; then it ends as worker_lost"},
    config_key{"slot_timeout", &o::slot_timeout, 1, day_ms,
               "time for which a call that has ended keeps its slot at a gate-rpc or Majordomo worker that has "
               "not answered it; then the slot is free"},
    config_key{"internal_threads", &o::internal_threads, 1, 1024,
               "threads for the plain methods that a broker of your own adds to the internal service; calls "
               "beyond that wait for a thread"},
    config_key{"requests_per_second_max", &o::requests_per_second_max, 0, count_most,
               "requests a second of one principal, on average; one more ends as busy. 0: no limit"},
    config_key{"requests_burst_max", &o::requests_burst_max, 0, count_most,
               "requests of one principal at once after a pause; 0: as many as in one second"},
    config_key{"principal_bytes_max", &o::principal_bytes_max, 0, bytes_most,
               "bytes of the arguments of one principal's open calls; beyond it busy. 0: no limit"},
    config_key{"peers_per_address_max", &o::peers_per_address_max, 0, count_most,
               "connections of one address, except this machine's own; one more is cut. 0: no limit"},
    config_key{"login_failures_max", &o::login_failures_max, 0, 1000,
               "failed logins of one user at one address, or of all unknown users there, before they have to wait"},
    config_key{"login_pause", &o::login_pause, 1, day_ms,
               "time that a user has to wait after login_failures_max failed logins; each further failure doubles "
               "it"},
    config_key{"login_pause_max", &o::login_pause_max, 1, day_ms, "the longest pause after failed logins"},
    config_key{"zap_timeout", &o::zap_timeout, 10, day_ms,
               "time that an external ZAP service has to answer; then the login is put off"},
    config_key{"zap_cache_time", &o::zap_cache_time, 0, day_ms,
               "time for which a yes of an external ZAP service is remembered; a revocation there may take as long"},
    config_key{"payload_bytes_max", &o::payload_bytes_max, 1, 1u << 31,
               "bytes of one call's arguments, one result or one item; beyond it too_large"},
    config_key{"frame_bytes_max", &o::frame_bytes_max, 1024, bytes_most,
               "bytes of one frame; beyond it the transport ends the sender's connection"},
    config_key{"frames_max", &o::frames_max, 3, 1u << 16, "frames of one message; beyond it the sender is cut"},
    config_key{"messages_per_turn_max", &o::messages_per_turn_max, 1, 1u << 20,
               "messages that are read from one port before other ports have their turn"},
    config_key{"out_queue_bytes_max", &o::out_queue_bytes_max, 1024, bytes_most,
               "bytes that wait for one peer that does not read; beyond it the peer is cut"},
    config_key{"out_queue_age_max", &o::out_queue_age_max, 10, day_ms,
               "time for which bytes may wait while the peer takes none of them, or does not confirm that it has "
               "read any; then the peer is cut"},
    config_key{"out_queue_total_bytes_max", &o::out_queue_total_bytes_max, 1024, bytes_most,
               "bytes that wait for all peers together, including the transport's buffers; beyond it the peers "
               "that hold the most are cut"},
};

constexpr std::array compressions{"gzip", "bz2", "lzma"};
constexpr std::array log_levels{"trace", "debug", "info", "warn", "error", "off"};

// --- numbers with units

bool is_bytes(const config_key& key) noexcept { return key.name.ends_with("_bytes_max"); }
bool is_duration(const config_key& key) noexcept {
  return std::holds_alternative<milliseconds broker_options::*>(key.where);
}

std::string format_number(const config_key& key, std::uint64_t value) {
  if (is_duration(key)) return format_quantity(value, quantity::time);
  if (is_bytes(key)) return format_quantity(value, quantity::size);
  return std::to_string(value);
}

// --- the file

std::string guess(std::string_view unknown) {
  std::array<std::string_view, std::tuple_size_v<decltype(keys)>> names;
  std::transform(keys.begin(), keys.end(), names.begin(), [](const config_key& key) { return key.name; });
  return did_you_mean(unknown, names);
}

// Two keys: the value of the first must not be less than that of the second.
struct ordered_keys {
  std::string_view upper, lower;
  std::string_view rule, reason;
};
constexpr std::array ordered{
    ordered_keys{"transport_heartbeat_timeout", "transport_heartbeat_interval", "must not be shorter than", ""},
    ordered_keys{"frame_bytes_max", "payload_bytes_max", "must not be less than",
                 ": the transport would refuse what the broker allows"},
    ordered_keys{"login_pause_max", "login_pause", "must not be shorter than", ""},
};

const config_key& key_named(std::string_view name) {
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const config_key& k) { return k.name == name; });
  GATE_ASSERT(found != keys.end());
  return *found;
}

// A table for programs made by run_worker. One file may hold the settings of all programs of a machine.
constexpr std::string_view of_workers = "worker";
// A table that does not exist, and that people write by analogy.
constexpr std::string_view of_brokers = "broker";

class reader {
 public:
  reader(std::string_view name, broker_options& options) : name_(name), options_(options) {}

  void read(const toml::table& table) {
    for (const auto& [name, node] : table) {
      if (name.str() == of_workers && node.is_table()) continue;
      const auto found =
          std::find_if(keys.begin(), keys.end(), [&](const config_key& k) { return k.name == name.str(); });
      if (found == keys.end() && name.str() == of_brokers && node.is_table()) {
        fail(name.source(), "unknown table [broker]: the broker's keys stand at the top of the file, without a table");
      }
      if (found == keys.end()) {
        fail(name.source(), "unknown key '" + std::string(name.str()) + "'" + guess(name.str()));
      }
      std::visit([&](auto member) { set(*found, node, options_.*member); }, found->where);
    }
    for (const ordered_keys& pair : ordered) check(pair, table);
  }

 private:
  [[noreturn]] void fail(const toml::source_region& at, const std::string& what) const {
    throw config_error(std::string(name_) + ":" + std::to_string(at.begin.line) + ": " + what);
  }
  [[noreturn]] void wrong(const config_key& key, const toml::node& node, std::string_view expected) const {
    fail(node.source(), "'" + std::string(key.name) + "' must be " + std::string(expected));
  }

  void check(const ordered_keys& pair, const toml::table& table) const {
    const config_key& upper = key_named(pair.upper);
    const config_key& lower = key_named(pair.lower);
    if (*number_of(upper, options_) >= *number_of(lower, options_)) return;
    const toml::node* const above = table.get(upper.name);
    const toml::node* const below = table.get(lower.name);
    if (above == nullptr && below == nullptr) return;  // not this file's fault
    const auto said = [&](const config_key& key, const toml::node* node) {
      return "'" + std::string(key.name) + "' (" + format_number(key, *number_of(key, options_)) +
             (node == nullptr ? ", its default)" : ")");
    };
    const bool later =
        above == nullptr || (below != nullptr && below->source().begin.line > above->source().begin.line);
    fail((later ? below : above)->source(),
         said(upper, above) + " " + std::string(pair.rule) + " " + said(lower, below) + std::string(pair.reason));
  }

  template <class Number> void set_number(const config_key& key, const toml::node& node, Number& to) const {
    const std::string range = "from " + format_number(key, key.least) + " to " + format_number(key, key.most);
    std::optional<std::uint64_t> value;
    if (const auto* number = node.as_integer(); number != nullptr && number->get() >= 0) {
      value = static_cast<std::uint64_t>(number->get());
    } else if (const auto* text = node.as_string()) {
      if (is_duration(key)) value = parse_quantity(text->get(), quantity::time);
      if (is_bytes(key)) value = parse_quantity(text->get(), quantity::size);
    }
    if (!value) {
      if (is_duration(key)) {
        wrong(key, node, "a duration such as \"5s\" or \"200ms\", or a whole number of milliseconds, " + range);
      }
      if (is_bytes(key)) wrong(key, node, "a size such as \"64MiB\", or a whole number of bytes, " + range);
      wrong(key, node, "a whole number " + range);
    }
    if (*value < key.least || *value > key.most) wrong(key, node, range);
    to = static_cast<Number>(*value);
  }

  void set(const config_key& key, const toml::node& node, std::size_t& to) const { set_number(key, node, to); }
  void set(const config_key& key, const toml::node& node, std::uint32_t& to) const { set_number(key, node, to); }
  void set(const config_key& key, const toml::node& node, milliseconds& to) const {
    std::int64_t count = 0;
    set_number(key, node, count);
    to = milliseconds(count);
  }
  void set(const config_key& key, const toml::node& node, bool& to) const {
    const auto* flag = node.as_boolean();
    if (flag == nullptr) wrong(key, node, "true or false");
    to = flag->get();
  }
  void set(const config_key& key, const toml::node& node, std::string& to) const {
    const auto* text = node.as_string();
    if (text == nullptr) wrong(key, node, "a text");
    if (key.name == "log_level" && std::find(log_levels.begin(), log_levels.end(), text->get()) == log_levels.end()) {
      wrong(key, node, "trace, debug, info, warn, error or off");
    }
    if (key.name == "auth" && !security::parse_auth(text->get())) {
      wrong(key, node, "none, plain, curve or in-message");
    }
    if (key.name == "gaterpc_compression" &&
        std::find(compressions.begin(), compressions.end(), text->get()) == compressions.end()) {
      wrong(key, node, "gzip, bz2 or lzma");
    }
    if (text->get().size() < key.least) fail(node.source(), "'" + std::string(key.name) + "' must not be empty");
    check_no_nul(key, *text);
    to = text->get();
  }
  // For the system a path or an address ends at its first NUL.
  void check_no_nul(const config_key& key, const toml::value<std::string>& text) const {
    if (text.get().find('\0') == std::string::npos) return;
    fail(text.source(), "'" + std::string(key.name) + "' must not contain a NUL character");
  }
  // The address without its options.
  void check_address(const config_key& key, const toml::value<std::string>& text) const {
    check_no_nul(key, text);
    const std::string_view address = text.get();
    const std::string_view fault = gate::peer::fault_to_bind(address.substr(0, address.find('?')));
    if (!fault.empty()) fail(text.source(), "'" + text.get() + "' is no address to bind: " + std::string(fault));
  }
  void set(const config_key& key, const toml::node& node, std::vector<std::string>& to) const {
    std::vector<std::string> texts;
    const auto* const list = node.as_array();
    if (const auto* text = node.as_string()) {
      check_address(key, *text);
      texts.push_back(text->get());
    } else if (list != nullptr) {
      for (const toml::node& item : *list) {
        const auto* one = item.as_string();
        if (one == nullptr) wrong(key, item, "a list of texts");
        check_address(key, *one);
        texts.push_back(one->get());
      }
    }
    if (texts.empty() && list == nullptr) wrong(key, node, "a text or a list of texts");
    if (texts.size() < key.least) fail(node.source(), "'" + std::string(key.name) + "' must have at least one address");
    to = std::move(texts);
  }

  std::string_view name_;
  broker_options& options_;
};

}  // namespace

std::span<const config_key> config_keys() noexcept { return keys; }

broker_options within_bounds(broker_options options) noexcept {
  for (const config_key& key : keys) {
    if (const auto* const time = std::get_if<milliseconds o::*>(&key.where)) bring_within_bounds(options.*(*time));
  }
  bring_within_bounds(options.heartbeat_interval, options.heartbeat_liveness);
  bring_within_bounds(options.gaterpc_heartbeat_interval, options.heartbeat_liveness);
  bring_within_bounds(options.mdp_heartbeat_interval, options.heartbeat_liveness);
  return options;
}

std::string_view unit_of(const config_key& key) noexcept {
  if (is_duration(key)) return "duration";
  if (is_bytes(key)) return "bytes";
  if (std::holds_alternative<bool broker_options::*>(key.where)) return "flag";
  if (std::holds_alternative<std::string broker_options::*>(key.where)) return "text";
  if (std::holds_alternative<std::vector<std::string> broker_options::*>(key.where)) return "list of texts";
  return "count";
}

std::optional<std::uint64_t> number_of(const config_key& key, const broker_options& options) {
  return std::visit(
      [&](auto member) -> std::optional<std::uint64_t> {
        const auto& value = options.*member;
        using type = std::remove_cvref_t<decltype(value)>;
        if constexpr (std::is_same_v<type, milliseconds>) {
          return static_cast<std::uint64_t>(value.count());
        } else if constexpr (std::is_same_v<type, std::size_t> || std::is_same_v<type, std::uint32_t>) {
          return value;
        } else {
          return std::nullopt;
        }
      },
      key.where);
}

std::string to_text(const config_key& key, const broker_options& options) {
  if (const auto number = number_of(key, options)) {
    const std::string text = format_number(key, *number);
    return is_duration(key) || is_bytes(key) ? '"' + text + '"' : text;
  }
  if (const auto* flag = std::get_if<bool broker_options::*>(&key.where)) return options.*(*flag) ? "true" : "false";
  if (const auto* text = std::get_if<std::string broker_options::*>(&key.where)) return '"' + options.*(*text) + '"';
  std::string list;
  for (const std::string& item : options.*std::get<std::vector<std::string> broker_options::*>(key.where)) {
    list += (list.empty() ? "" : ", ") + ('"' + item + '"');
  }
  return "[" + list + "]";
}

void read_config(std::string_view text, std::string_view name, broker_options& options) {
  broker_options changed = options;
  try {
    reader(name, changed).read(parse_toml(text, name));
  } catch (const toml::parse_error& e) {
    throw config_error(std::string(name) + ":" + std::to_string(e.source().begin.line) + ": " +
                       std::string(e.description()));
  }
  options = std::move(changed);
}

void read_config_file(const std::string& path, broker_options& options) {
  std::string text;
  try {
    text = read_toml_file(path);
  } catch (const toml_file_error& e) {
    throw config_error(e.what());
  }
  read_config(text, path, options);
}

}  // namespace gate::broker
