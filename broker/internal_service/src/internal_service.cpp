#include "broker/internal_service/internal_service.hpp"

#include <array>
#include <span>
#include <utility>
#include <vector>

#include <unistd.h>

#include <gate/assert.hpp>
#include <gate/version.hpp>

#include "broker/internal_service/stats.hpp"
#include "broker/settings/broker_keys.hpp"
#include "common/base/host_name.hpp"
#include "common/protocol/qualified_name.hpp"

namespace gate::broker {
namespace {

constexpr std::uint32_t calls_max = 1024;
constexpr std::size_t pool_queue_max = calls_max;

std::int64_t milliseconds_of(duration d) { return std::chrono::duration_cast<std::chrono::milliseconds>(d).count(); }

numbers by_status(const std::array<std::uint64_t, errc_max + 1>& counts) {
  numbers named;
  for (std::uint8_t i = 0; i <= errc_max; ++i) {
    if (counts[i] != 0) named.emplace(to_string(static_cast<errc>(i)), counts[i]);
  }
  return named;
}

// The counters by the names of their table.
template <class Counters, class Number>
numbers report(const Counters& counted, std::span<const counter_row<Counters, Number>> table) {
  numbers named;
  for (const auto& row : table) named.emplace(row.name, counted.*row.member);
  return named;
}

numbers report(const io_counters& c) {
  numbers named = report(c, io_counter_table());
  for (const auto& [status, count] : by_status(c.cut_for)) {
    if (status != to_string(errc::ok)) named.emplace("cut_" + status, count);
  }
  return named;
}

numbers report(const security::gatekeeper_counters& c) {
  numbers named = report(c.logins, security::login_counter_table());
  named.merge(report(c, security::gatekeeper_counter_table()));
  return named;
}

// The reasons that there were.
numbers report(const refusal_counts& of_core, const refusal_counts& of_engine) {
  numbers named;
  for (const refusal_row& row : refusal_table()) {
    const std::uint64_t count = of_core.of(row.value) + of_engine.of(row.value);
    if (count != 0) named.emplace(row.name, count);
  }
  return named;
}

template <class Table> void add_rows(std::vector<stats_row>& to, const Table& table) {
  for (const auto& row : table) to.push_back({row.name, row.help});
}

method_report report(const method_descriptor& m) {
  method_report r;
  r.name = m.name;
  r.kind = m.kind == method_kind::stream ? "stream" : "unary";
  r.client_stream = m.client_stream;
  for (const parameter_info& p : m.parameters) {
    parameter_report parameter;
    parameter.name = p.name;
    parameter.type = p.type;
    r.parameters.push_back(std::move(parameter));
  }
  r.result = m.result;
  r.doc = m.doc;
  return r;
}

dispatcher_options dispatcher_settings() {
  dispatcher_options settings;
  settings.service = "gate";
  settings.origin = origin::broker;
  settings.calls_max = calls_max;
  return settings;
}

}  // namespace

// --- the methods

operator_methods::operator_methods(const engine& about, const broker_options& options,
                                   std::function<std::uint64_t()> hook_failures)
    : engine_(about), options_(options), hook_failures_(std::move(hook_failures)), started_(about.where().now()) {}

std::vector<service_report> operator_methods::services(Call& call) const {
  std::vector<service_report> all;
  for (const service_view& view : engine_.state().services()) {
    if (!engine_.may_see(call.caller(), view.name_space, view.name)) continue;
    service_report r;
    r.name = full_name(view.name_space, view.name);
    r.description = view.description;
    r.workers = view.workers;
    r.stalled = view.stalled;
    r.queued = view.queued;
    r.queued_bytes = view.queued_bytes;
    r.in_flight = view.in_flight;
    r.capacity = view.capacity;
    all.push_back(std::move(r));
  }
  return all;
}

std::vector<worker_report> operator_methods::workers() const {
  std::vector<worker_report> all;
  for (const worker_view& view : engine_.state().workers()) {
    worker_report r;
    r.id = static_cast<std::uint64_t>(view.id);
    r.service = full_name(view.name_space, view.service);
    r.name = view.name;
    r.dialect = view.dialect;
    r.address = view.address;
    r.host = view.host;
    r.version = view.version;
    r.pid = view.pid;
    r.capacity = view.capacity;
    r.threads = view.threads;
    r.in_flight = view.in_flight;
    r.slots_given_back = view.slots_given_back;
    r.stalled = view.stalled;
    r.draining = view.draining;
    r.up_ms = view.up.count();
    r.last_heartbeat_ms = view.last_heartbeat.count();
    all.push_back(std::move(r));
  }
  return all;
}

task<encoded_description> operator_methods::describe_service(Call& call, const std::string& service) {
  const qualified_name said = split_name(service);
  const std::string space(said.name_space.value_or(engine_.home_of(call.caller())));
  std::optional<service_view> view = engine_.state().find_service(space, said.name);
  if (!view || view->workers == 0 || !engine_.may_see(call.caller(), space, said.name)) {
    throw Error(errc::unavailable, "no worker offers the service '" + service + "'; `services` lists those there are");
  }
  service_description answer;
  answer.name = full_name(space, said.name);
  const description_cache::source from{view->described_by, std::move(view->description)};
  encoded_description encoded{descriptions_.find(answer.name, from)};
  if (encoded.encoded != nullptr) co_return encoded;
  answer.description = from.description;
  if (const descriptor* const described = engine_.state().describe(space, said.name)) {
    answer.described = true;
    answer.version = described->version;
    answer.labels = described->labels;
    for (const method_descriptor& m : described->methods) answer.methods.push_back(report(m));
  }
  encoded.encoded = descriptions_.keep(answer.name, from, encode(answer));
  co_return encoded;
}

broker_stats operator_methods::stats() const {
  broker_stats s;
  s.version = version;
  s.uptime_ms = milliseconds_of(engine_.where().now() - started_);
  s.now = report(engine_.state().measure(), total_table());
  s.now.emplace("connections", engine_.connected());
  s.now.emplace("owed_bytes", engine_.owed_bytes());
  s.now.emplace("unread_bytes", engine_.unread_bytes());
  s.calls = report(engine_.state().counted(), counter_table());
  s.calls.emplace("hook_failures", hook_failures_());
  s.ended = by_status(engine_.state().counted().ended);
  s.refused = by_status(engine_.state().counted().refused);
  s.reasons = report(engine_.state().counted().reasons, engine_.counted().reasons);
  s.transport = report(engine_.counted());
  s.logins = report(engine_.door().counted());
  for (const auto& key : broker_keys().keys) {
    if (const std::optional<std::uint64_t> number = number_of(key, options_)) s.limits.emplace(key.name, *number);
  }
  s.limits["peers_max"] = engine_.peers_max();  // the value in force
  return s;
}

broker_info operator_methods::info() const {
  broker_info i;
  i.name = options_.name;
  i.version = version;
  i.host = host_name();
  i.pid = static_cast<std::uint32_t>(::getpid());
  i.uptime_ms = milliseconds_of(engine_.where().now() - started_);
  bound_addresses bound = engine_.endpoints();
  i.frontend = std::move(bound.frontend);
  i.backend = std::move(bound.backend);
  return i;
}

std::vector<stats_section> describe_stats() {
  std::vector<stats_section> sections(5);
  sections[0].name = "now";
  add_rows(sections[0].rows, total_table());
  sections[0].rows.push_back({"connections", "connections that the transport has"});
  sections[0].rows.push_back({"owed_bytes", "bytes that wait for peers, or that the transport has not sent yet"});
  sections[0].rows.push_back({"unread_bytes", "bytes that came and are not handled yet"});
  sections[1].name = "calls";
  add_rows(sections[1].rows, counter_table());
  sections[1].rows.push_back({"hook_failures", "exceptions that hooks of this broker threw"});
  sections[2].name = "reasons";
  add_rows(sections[2].rows, refusal_table());
  sections[3].name = "transport";
  add_rows(sections[3].rows, io_counter_table());
  sections[3].rows.push_back(
      {"cut_STATUS", "peers that were cut, by the status of their bye: `cut_busy`, for example"});
  sections[4].name = "logins";
  add_rows(sections[4].rows, security::login_counter_table());
  add_rows(sections[4].rows, security::gatekeeper_counter_table());
  return sections;
}

// --- the service

internal_service::internal_service(engine& owner, const broker_options& options, Interface& more,
                                   std::function<std::uint64_t()> hook_failures)
    : engine_(owner),
      more_(more),
      own_(owner, options, std::move(hook_failures)),
      pool_(options.internal_threads, pool_queue_max),
      own_calls_(owner.where(), pool_, own_, *this, dispatcher_settings()),
      more_calls_(owner.where(), pool_, more_, *this, dispatcher_settings()) {
  engine_.internal().on_message([this](const message& m) { handle(m); });
  register_service();
}

internal_service::~internal_service() { engine_.internal().on_message({}); }

void internal_service::register_service() {
  descriptor about;
  about.host = host_name();
  about.pid = static_cast<std::uint32_t>(::getpid());
  about.version = version;
  about.description = "the broker itself";
  about.methods = more_.describe();
  for (method_descriptor& m : own_.describe()) {
    if (more_.find(m.name) == nullptr) about.methods.push_back(std::move(m));
  }
  message hello;
  hello.type = message_type::hello;
  hello.version_min = hello.version_max = gate2_version;
  hello.role = peer_role::worker;
  hello.service = "gate";
  hello.name = "gate";
  hello.capacity = calls_max;
  engine_.internal().open(engine_.where().now());
  engine_.internal().received(hello, &about, engine_.where().now());
}

dispatcher& internal_service::of(std::string_view method) {
  return more_.find(method) != nullptr ? more_calls_ : own_calls_;
}

call_origin internal_service::origin_of(call_id call) const {
  const std::optional<call_source> source = engine_.state().source_of(internal_peer, call);
  if (!source) return {};
  return {.number = source->number, .address = source->address};
}

void internal_service::handle(const message& m) {
  switch (m.type) {
    case message_type::request:
      windows_[m.call].grow(m.credit_items, m.credit_bytes);
      of(m.method).request(m, origin_of(m.call));
      break;
    case message_type::part:
      own_calls_.part(m);
      more_calls_.part(m);
      break;
    case message_type::credit:
      if (const auto found = windows_.find(m.call); found != windows_.end()) {
        found->second.grow(m.credit_items, m.credit_bytes);
        own_calls_.window_opened(m.call);
        more_calls_.window_opened(m.call);
      }
      break;
    case message_type::cancel:
      own_calls_.cancelled(m.call, errc::cancelled);
      more_calls_.cancelled(m.call, errc::cancelled);
      break;
    default:
      break;
  }
}

bool internal_service::window_open(call_id call) const noexcept {
  const auto found = windows_.find(call);
  return found != windows_.end() && found->second.open();
}

bool internal_service::part(call_id call, payload_view item) {
  message m;
  m.call = call;
  m.payload = item;
  return huge_part(m);
}

bool internal_service::huge_part(const message& m) {
  const auto found = windows_.find(m.call);
  if (found == windows_.end()) return false;
  message sent = m;
  sent.type = message_type::part;
  if (!sent.is_head()) found->second.take(m.payload.size_bytes());
  engine_.internal().received(sent, nullptr, engine_.where().now());
  return true;
}

bool internal_service::final(const message& m) {
  if (windows_.erase(m.call) == 0) return false;
  engine_.internal().received(m, nullptr, engine_.where().now());
  return true;
}

bool internal_service::error(const message& m) {
  if (windows_.erase(m.call) == 0) return false;
  engine_.internal().received(m, nullptr, engine_.where().now());
  return true;
}

bool internal_service::grant(call_id call, std::uint32_t items, std::uint32_t byte_count) {
  if (!windows_.contains(call)) return false;
  message m;
  m.type = message_type::credit;
  m.call = call;
  m.credit_items = items;
  m.credit_bytes = byte_count;
  engine_.internal().received(m, nullptr, engine_.where().now());
  return true;
}

}  // namespace gate::broker
