#include "worker/settings/worker_keys.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include <gate/assert.hpp>

#include "common/base/option_bounds.hpp"
#include "common/protocol/endpoint.hpp"
#include "common/settings/settings_text.hpp"

namespace gate {

template <> struct setting_type<broker_dialect> {
  static setting_value to(broker_dialect d) { return std::string(to_string(d)); }
  static broker_dialect from(const setting_value& v) {
    const auto named = broker_dialect_of(std::get<std::string>(v));
    GATE_ASSERT(named.has_value());  // the reader takes the choices of the table only
    return *named;
  }
};

template <> struct setting_type<gaterpc_codec> {
  static setting_value to(gaterpc_codec c) { return std::string(to_string(c)); }
  static gaterpc_codec from(const setting_value& v) {
    const auto named = gaterpc_codec_of(std::get<std::string>(v));
    GATE_ASSERT(named.has_value());
    return *named;
  }
};

}  // namespace gate

namespace gate::worker {
namespace {

using o = settings;

template <auto Member> constexpr field<o> member = field_of<o, Member>();

constexpr std::uint64_t day_ms = 24u * 60 * 60 * 1000;
constexpr std::uint64_t bytes_most = std::uint64_t{1} << 40;

constexpr std::array<std::string_view, 2> dialects{"gate/2", "gate-rpc"};
constexpr std::array<std::string_view, 3> compressions{"gzip", "bz2", "lzma"};

std::string fault_of_address(std::string_view address) {
  const std::string_view fault = peer::fault_to_connect(address);
  return fault.empty() ? std::string()
                       : "'" + std::string(address) + "' is no address of a broker: " + std::string(fault);
}

const key<o> keys[] = {
    {"broker", member<&o::broker>, unit::text, 1, 0, "The broker's address for workers", checked_by(fault_of_address)},
    {"dialect", member<&o::dialect>, unit::text, 1, 0, "The protocol that the broker speaks", one_of(dialects)},
    {"credentials", member<&o::credentials_file>, unit::text, 0, 0,
     "File that says how the worker logs in: user and password, or key and server_key. Its mode is 0600. SIGHUP reads "
     "that file again. Empty: what GATE_USER and other variables say (docs/security.md)"},
    {"gaterpc_compression", member<&o::gaterpc_compression>, unit::text, 1, 0,
     "How the peers of a gate-rpc broker compress HugeData", one_of(compressions)},
    {"service", member<&o::service>, unit::text, 0, limits::name_bytes_max,
     "Name of the service. Empty: the name that the worker's class gives", with_variable("GATE_WORKER_SERVICE")},
    {"name", member<&o::name>, unit::text, 0, limits::name_bytes_max,
     "The name that operators see for this worker. Empty: host:pid"},
    {"capacity", member<&o::capacity>, unit::count, 1, limits::worker_capacity_max,
     "Calls at once. Further calls wait in the broker, or go to another worker"},
    {"threads", member<&o::threads>, unit::count, 0, 4096,
     "Threads for plain methods and generators. 0: one for each core, at least two. Calls wait for a thread"},
    {"drain_timeout", member<&o::drain_timeout>, unit::time, 0, day_ms,
     "Time that calls have to end when the worker drains. Then the worker leaves, and its calls end or go to another "
     "worker"},
    {"strict", member<&o::strict>, unit::flag, 0, 0,
     "true: unknown or missing fields of structs among the arguments end the call as invalid_argument. false: unknown "
     "fields are ignored, and missing ones keep their default"},
    {"stuck_max", member<&o::stuck_max>, unit::count, 0, 4096,
     "Stuck methods, each of which keeps a thread. With one more, or if stuck methods hold all threads, the worker "
     "exits "
     "with 3"},
    {"stuck_after", member<&o::stuck_after>, unit::time, 1, day_ms,
     "Time that a plain method may run on after its call has ended; then it is stuck"},
    {"heartbeat_interval", member<&o::heartbeat_interval>, unit::time, 10, day_ms,
     "Time between two heartbeats. The broker's value is in force once the worker is registered"},
    {"heartbeat_liveness", member<&o::heartbeat_liveness>, unit::count, 1, 1000,
     "Number of intervals without any message of the broker after which the connection is given up"},
    {"connect_timeout", member<&o::connect_timeout>, unit::time, 10, day_ms,
     "Time that one attempt to connect and register may take"},
    {"reconnect_pause_min", member<&o::reconnect_pause_min>, unit::time, 1, day_ms,
     "First pause before connecting again. It doubles at each failure"},
    {"reconnect_pause_max", member<&o::reconnect_pause_max>, unit::time, 1, day_ms,
     "Longest pause before connecting again"},
    {"out_queue_bytes_max", member<&o::out_queue_bytes_max>, unit::size, 1024, bytes_most,
     "Bytes that wait to be sent. Beyond it streams and transfers wait; results and errors do not"},
    {"huge_threshold", member<&o::huge_threshold>, unit::size, 4096, bytes_most,
     "Bytes of a result. A result with a longer encoding leaves in chunks (docs/hugedata.md)"},
    {"huge_window_bytes", member<&o::huge_window_bytes>, unit::size, 4096, std::uint64_t{1} << 30,
     "Bytes of a huge argument that a caller may send ahead of its reader"},
    {"huge_value_bytes_max", member<&o::huge_value_bytes_max>, unit::size, 0, bytes_most,
     "Bytes of the huge arguments of one call that are collected in memory"},
    {"huge_peer_bytes_max", member<&o::huge_peer_bytes_max>, unit::size, 0, bytes_most,
     "Bytes of the huge arguments of all calls that are collected in memory"},
    {"huge_bytes_max", member<&o::huge_bytes_max>, unit::size, 0, std::uint64_t{1} << 63, "Bytes of one huge argument"},
    {"huge_ratio_max", member<&o::huge_ratio_max>, unit::count, 0, 1'000'000,
     "How many times larger a huge argument of unknown size may become by decompression"},
    {"log_level", member<&o::log_level>, unit::text, 1, 0, "How much is logged", reloadable(one_of(log_levels))},
};

const key_table<o> table{keys};

constexpr std::string_view own_table = "worker";

}  // namespace

const key_table<settings>& worker_keys() noexcept { return table; }

found_settings read_worker_settings(const given_settings& given, settings& to) {
  file_section own{.file = given.file,
                   .table = nullptr,
                   .title = "[worker]",
                   .others = {},
                   .unknown = {},
                   .hint = "the keys of gate-broker belong at the top of the file"};
  const toml_value* const found = given.content.find(own_table);
  const auto& all = given.content.entries;
  if (found == nullptr && !all.empty()) {
    const auto first =
        std::min_element(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
    fail_at(own, first->at, "there is no table [worker] in this file");
  }
  if (found != nullptr && !found->is(toml_kind::table)) fail_at(own, found->begin, "[worker] must be a table");
  own.table = found;
  return read_settings(table, own, given, to);
}

std::string example_config() {
  return example_text("[worker]", "Settings of worker programs, in the table [worker].", shown_keys(table));
}

worker_options within_bounds(worker_options options) {
  settings all;
  static_cast<worker_options&>(all) = std::move(options);
  bring_durations_within_bounds(table, all, longest_option);
  bring_within_bounds(all.heartbeat_interval, all.heartbeat_liveness);
  return std::move(static_cast<worker_options&>(all));
}

}  // namespace gate::worker
