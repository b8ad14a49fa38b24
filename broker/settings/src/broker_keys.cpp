#include "broker/settings/broker_keys.hpp"

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "broker/settings/service_keys.hpp"
#include "broker/settings/src/key_places.hpp"
#include "broker/settings/src/key_ranges.hpp"
#include "common/base/option_bounds.hpp"
#include "common/protocol/endpoint.hpp"
#include "common/settings/settings_text.hpp"

namespace gate::broker {
namespace {

using o = broker_options;

template <auto Member> constexpr field<o> member = field_of<o, Member>();

constexpr std::array<std::string_view, 4> ways_to_log_in{"none", "plain", "curve", "in-message"};
constexpr std::array<std::string_view, 3> compressions{"gzip", "bz2", "lzma"};

// An address may be followed by its settings: tcp://host:port?auth=curve.
std::string fault_of_address(std::string_view address) {
  const std::string_view fault = gate::peer::fault_to_bind(address.substr(0, address.find('?')));
  return fault.empty() ? std::string() : "'" + std::string(address) + "' is no address to bind: " + std::string(fault);
}

const key<o> keys[] = {
    {"frontend", member<&o::frontend>, unit::texts, 1, 0,
     "Addresses for clients: tcp://host:port (for port * the system chooses one), ipc://path",
     checked_by(fault_of_address)},
    {"backend", member<&o::backend>, unit::texts, 1, 0,
     "Addresses for workers. Each port serves both clients and workers. An address in both lists is bound once",
     checked_by(fault_of_address)},
    {"insecure", member<&o::insecure>, unit::flag, 0, 0,
     "true: the broker also binds addresses that other machines can reach and that ask for no login. false: it refuses "
     "to bind such an address"},
    {"auth", member<&o::auth>, unit::text, 1, 0,
     "How peers log in at an address that has no ?auth= of its own, such as tcp://0.0.0.0:5555?auth=curve. none: "
     "without a login; plain: with user and password; curve: with a key pair; in-message: with user and password in "
     "each message, as gate-rpc does (docs/security.md)",
     one_of(ways_to_log_in)},
    {"credentials", member<&o::credentials>, unit::text, 0, 0,
     "The credential store, which says who may log in and what they may do: a TOML file, or a folder of them. The "
     "broker reads it again on SIGHUP and when it changes",
     with_variable("GATE_BROKER_CREDENTIALS")},
    {"curve_key", member<&o::curve_key>, unit::text, 0, 0,
     "The broker's own key file, for auth = curve. gate keygen writes one"},
    {"zap_service", member<&o::zap_service>, unit::text, 0, 0,
     "Address of an external ZAP service that decides logins instead of the store. Empty: the store decides"},
    {"zap_bind", member<&o::zap_bind>, unit::texts, 0, 0,
     "Addresses where other programs may ask this broker about logins, by ZAP. They learn whether a password is right",
     checked_by(fault_of_address)},
    {"audit_log", member<&o::audit_log>, unit::text, 0, 0,
     "File for the audit log. SIGHUP opens it again. Empty: there is none"},
    {"remote_details", member<&o::remote_details>, unit::flag, 0, 0,
     "true: clients at all addresses receive the tracebacks of workers. false: only clients at local addresses without "
     "logins"},
    {"name", member<&o::name>, unit::text, 1, 0, "The name that the broker tells its peers"},
    {"log_level", member<&o::log_level>, unit::text, 1, 0, "How much is logged", reloadable(one_of(log_levels))},
    {"drain_timeout", member<&o::drain_timeout>, unit::time, 0, day_ms,
     "After SIGTERM: time that calls in flight have to end. Then calls that wait end as unavailable, and calls that "
     "run end as worker_lost"},
    {"heartbeat_interval", member<&o::heartbeat_interval>, unit::time, 10, day_ms,
     "Time between two heartbeats, of the broker and of its peers"},
    {"heartbeat_liveness", member<&o::heartbeat_liveness>, unit::count, 1, 1000,
     "Number of intervals without a heartbeat after which a worker is stalled and gets no new calls"},
    {"hello_timeout", member<&o::hello_timeout>, unit::time, 10, day_ms,
     "Time that an accepted connection has to send its hello; then it is cut. While a long first message arrives (32 "
     "KiB or more in that time) it has the same time again, up to 12 times in all"},
    {"gaterpc_heartbeat_interval", member<&o::gaterpc_heartbeat_interval>, unit::time, 10, day_ms,
     "Heartbeat interval of gate-rpc peers. An idle worker that is silent for heartbeat_liveness intervals is given "
     "up"},
    {"mdp_heartbeat_interval", member<&o::mdp_heartbeat_interval>, unit::time, 10, day_ms,
     "Heartbeat interval of Majordomo workers. An idle worker that is silent for heartbeat_liveness intervals is given "
     "up"},
    {"gaterpc_compression", member<&o::gaterpc_compression>, unit::text, 1, 0,
     "How gate-rpc peers compress HugeData. Their messages do not name it, so set here what the peers are set to",
     one_of(compressions)},
    {"transport_heartbeat_interval", member<&o::transport_heartbeat_interval>, unit::time, 10, day_ms,
     "Time between two pings of the transport"},
    {"transport_heartbeat_timeout", member<&o::transport_heartbeat_timeout>, unit::time, 10, day_ms,
     "Time that a peer has to answer a ping. A peer is cut when it has shown no sign of life for this time and one "
     "transport_heartbeat_interval"},
    {"queue_max", member<&o::queue_max>, unit::count, 0, count_most,
     "Calls of one service that wait for a worker. One more ends as busy, unless the heaviest share of the service "
     "makes "
     "room (docs/scheduling.md)"},
    {"queue_bytes_max", member<&o::queue_bytes_max>, unit::size, 0, bytes_most,
     "Bytes of the arguments of the calls of one service that wait. Beyond it: as for queue_max"},
    {"queue_total_max", member<&o::queue_total_max>, unit::count, 0, count_most,
     "Calls of all services that wait for a worker. One more: as for queue_max"},
    {"queue_total_bytes_max", member<&o::queue_total_bytes_max>, unit::size, 0, bytes_most,
     "Bytes of the arguments of the calls of all services that wait. Beyond it: as for queue_max"},
    {"queue_age_max", member<&o::queue_age_max>, unit::time, 1, day_ms,
     "Time that a call may wait for a worker, whatever its budget; then it ends as unavailable"},
    {"client_calls_max", member<&o::client_calls_max>, unit::count, 1, count_most,
     "Calls of one client that are queued or running; one more ends as busy"},
    {"client_bytes_max", member<&o::client_bytes_max>, unit::size, 1, bytes_most,
     "Bytes of the arguments of one client that are queued, or kept for a second attempt; beyond it busy"},
    {"idle_timeout", member<&o::idle_timeout>, unit::time, 1, day_ms,
     "For a call without a budget: time to the first reply, and between two parts; then it ends as timed_out"},
    {"credit_timeout", member<&o::credit_timeout>, unit::time, 1, 30 * day_ms,
     "Time for which a client may grant no credit while the reply of its call waits for it; then the call ends as "
     "too_slow. Less than 2 minutes also ends calls of clients that read slowly: they may hold a grant back for a "
     "minute"},
    {"budget_max", member<&o::budget_max>, unit::time, 1, 30 * day_ms,
     "The longest budget of a call. A longer one counts as this"},
    {"service_grace", member<&o::service_grace>, unit::time, 0, day_ms,
     "Time that calls wait for a service after its last worker left, or for any service after the broker's start; then "
     "they end as unavailable"},
    {"services_max", member<&o::services_max>, unit::count, 1, count_most,
     "Services known at once. A worker of one more is refused. When half of them are taken, a call to a name that no "
     "worker has offered yet ends as busy"},
    {"peers_max", member<&o::peers_max>, unit::count, 1, 1u << 19, "Connections at once; one more is cut"},
    {"worker_capacity_max", member<&o::worker_capacity_max>, unit::count, 1, 1u << 24,
     "Calls that one worker runs at once. A worker that announces more gets no more than this"},
    {"attempts_max", member<&o::attempts_max>, unit::count, 1, 1000,
     "Number of times that one idempotent call is given to a worker; then it ends as worker_lost"},
    {"slot_timeout", member<&o::slot_timeout>, unit::time, 1, day_ms,
     "Time for which a call that has ended keeps its slot at a gate-rpc or Majordomo worker that has not answered it; "
     "then the slot is free if the worker has sent anything since (docs/scheduling.md)"},
    {"internal_threads", member<&o::internal_threads>, unit::count, 1, 1024,
     "Threads for the plain methods that a broker of your own adds to the internal service. Calls beyond that wait for "
     "a thread"},
    {"requests_per_second_max", member<&o::requests_per_second_max>, unit::count, 0, count_most,
     "Requests a second of one principal, on average; one more ends as busy. 0: no limit"},
    {"requests_burst_max", member<&o::requests_burst_max>, unit::count, 0, count_most,
     "Requests of one principal at once after a pause. 0: as many as in one second"},
    {"principal_bytes_max", member<&o::principal_bytes_max>, unit::size, 0, bytes_most,
     "Bytes of the arguments of one principal's open calls; beyond it busy. 0: no limit"},
    {"peers_per_address_max", member<&o::peers_per_address_max>, unit::count, 0, count_most,
     "Connections of one address, except this machine's own; one more is cut. 0: no limit"},
    {"login_failures_max", member<&o::login_failures_max>, unit::count, 0, 1000,
     "Failed logins of one user at one address, or of all unknown users there, before they have to wait"},
    {"login_pause", member<&o::login_pause>, unit::time, 1, day_ms,
     "Time that a user has to wait after login_failures_max failed logins. Each further failure doubles it"},
    {"login_pause_max", member<&o::login_pause_max>, unit::time, 1, day_ms, "The longest pause after failed logins"},
    {"zap_timeout", member<&o::zap_timeout>, unit::time, 10, day_ms,
     "Time that an external ZAP service has to answer; then the login is put off"},
    {"zap_cache_time", member<&o::zap_cache_time>, unit::time, 0, day_ms,
     "Time for which the broker remembers that an external ZAP service admitted a login. A revocation there may take "
     "as long"},
    {"payload_bytes_max", member<&o::payload_bytes_max>, unit::size, 1, 1u << 31,
     "Bytes of the payload of one message: arguments, a result or an item. Beyond it too_large. Arguments and results "
     "of "
     "gate/2 peers above huge_threshold travel in chunks, and so are not bounded by this"},
    {"frame_bytes_max", member<&o::frame_bytes_max>, unit::size, 1024, bytes_most,
     "Bytes of one frame. Beyond it the transport ends the sender's connection"},
    {"frames_max", member<&o::frames_max>, unit::count, 3, 1u << 16,
     "Frames of one message. Beyond it the sender is cut"},
    {"messages_per_turn_max", member<&o::messages_per_turn_max>, unit::count, 1, 1u << 20,
     "Messages that are read from one port before other ports have their turn"},
    {"out_queue_bytes_max", member<&o::out_queue_bytes_max>, unit::size, 1024, bytes_most,
     "Bytes that wait for one peer that does not read; beyond it the peer is cut"},
    {"out_queue_age_max", member<&o::out_queue_age_max>, unit::time, 10, day_ms,
     "Time for which bytes may wait while the peer takes none of them, or does not confirm that it has read any; then "
     "the peer is cut"},
    {"out_queue_total_bytes_max", member<&o::out_queue_total_bytes_max>, unit::size, 1024, bytes_most,
     "Bytes that wait for all peers together, including the transport's buffers. Beyond it the peers that hold the "
     "most are cut"},
};

constexpr std::array broker_rules{
    ordered_keys{"transport_heartbeat_timeout", "transport_heartbeat_interval", "must not be shorter than", ""},
    ordered_keys{"frame_bytes_max", "payload_bytes_max", "must not be less than",
                 ": the transport would refuse what the broker allows"},
    ordered_keys{"login_pause_max", "login_pause", "must not be shorter than", ""},
};

const key_table<o> table{keys, broker_rules};

// Tables of the file that are not the broker's own keys. [worker] is for programs made by run_worker: one file may hold
// the settings of all programs of a machine.
constexpr std::string_view of_workers = "worker";

// What is wrong with an entry at the top of the file that is no key. Empty: nothing more is known.
std::string fault_of(const toml_entry& entry) {
  if (entry.name == "broker" && entry.value.is(toml_kind::table)) {
    return "unknown table [broker]: the broker's keys stand at the top of the file, without a table";
  }
  const std::string places = places_of_key(entry.name);
  if (places.empty()) return {};
  return "'" + entry.name + "' is no key of the top of the file: it belongs " + places;
}

}  // namespace

const key_table<broker_options>& broker_keys() noexcept { return table; }

std::string places_of_key(std::string_view name) {
  std::string places;
  const auto add = [&](bool is_there, std::string_view place) {
    if (is_there) places += (places.empty() ? "" : " or ") + std::string(place);
  };
  add(table.find(name) != nullptr, "at the top of the file");
  add(service_keys().find(name) != nullptr, "in [service.NAME]");
  add(method_keys().find(name) != nullptr, "in [service.NAME.method.METHOD]");
  return places;
}

found_settings read_options(const given_settings& given, broker_options& options) {
  file_section top{.file = given.file,
                   .table = &given.content,
                   .title = {},
                   .others = {service_sections.begin(), service_sections.end()},
                   .unknown = fault_of,
                   .hint = "the keys of a worker belong in [worker]"};
  const toml_value* const worker = given.content.find(of_workers);
  if (worker != nullptr && worker->is(toml_kind::table)) top.others.push_back(of_workers);
  broker_options changed = options;
  found_settings found = read_settings(table, top, given, changed);
  read_services(given, changed);
  options = std::move(changed);
  return found;
}

std::string example_config() {
  return example_text(
             "",
             "Settings of gate-broker and of worker programs. A line that begins with # and no blank is a "
             "setting with its default. To change it, remove the #; below a line #[table] remove also the # of "
             "that line, else the setting belongs to the table before it. Flags and environment variables "
             "(GATE_ and the name in capitals, see docs/limits.md) override this file, but not its sections of "
             "services. gate-broker --print-example-config wrote it.",
             shown_keys(table)) +
         "\n\n" + example_services();
}

broker_options within_bounds(broker_options options) noexcept {
  bring_durations_within_bounds(table, options, longest_option);
  bring_within_bounds(options.heartbeat_interval, options.heartbeat_liveness);
  bring_within_bounds(options.gaterpc_heartbeat_interval, options.heartbeat_liveness);
  bring_within_bounds(options.mdp_heartbeat_interval, options.heartbeat_liveness);
  return options;
}

}  // namespace gate::broker
