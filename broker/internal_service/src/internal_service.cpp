#include "broker/internal_service/internal_service.hpp"

#include <array>
#include <utility>

#include <unistd.h>

#include <gate/assert.hpp>
#include <gate/version.hpp>

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

numbers report(const totals& t) {
  return {{"clients", t.clients},      {"workers", t.workers},           {"services", t.services},
          {"queued", t.queued},        {"queued_bytes", t.queued_bytes}, {"in_flight", t.in_flight},
          {"kept_bytes", t.kept_bytes}};
}

numbers report(const counters& c) {
  return {{"accepted", c.accepted},
          {"redispatched", c.redispatched},
          {"late_answers", c.late_answers},
          {"parts", c.parts},
          {"overruns", c.overruns},
          {"malformed", c.malformed},
          {"violations", c.violations},
          {"cut", c.cut},
          {"stalls", c.stalls},
          {"displaced", c.displaced},
          {"recalls", c.recalls},
          {"slots_given_back", c.slots_given_back},
          {"offers_refused", c.offers_refused},
          {"offers_ended", c.offers_ended},
          {"over_allowance", c.over_allowance}};
}

numbers report(const io_counters& c) {
  numbers named{{"messages_received", c.messages_received},
                {"envelopes_received", c.envelopes_received},
                {"bytes_received", c.bytes_received},
                {"messages_sent", c.messages_sent},
                {"envelopes_sent", c.envelopes_sent},
                {"bytes_sent", c.bytes_sent},
                {"connections_accepted", c.connections_accepted},
                {"connections_refused", c.connections_refused},
                {"address_refused", c.address_refused},
                {"impostors", c.impostors},
                {"logins_refused", c.logins_refused},
                {"logins_put_off", c.logins_put_off},
                {"handshakes_failed", c.handshakes_failed},
                {"handshakes_refused", c.handshakes_refused},
                {"ended_early", c.ended_early},
                {"unrecognised", c.unrecognised},
                {"too_many_frames", c.too_many_frames},
                {"silent", c.silent},
                {"too_slow", c.too_slow},
                {"owed_too_much", c.owed_too_much},
                {"too_slow_bytes", c.too_slow_bytes},
                {"too_slow_age", c.too_slow_age},
                {"silent_peers", c.silent_peers},
                {"discarded", c.discarded},
                {"not_understood", c.not_understood},
                {"not_sayable", c.not_sayable},
                {"silent_workers", c.silent_workers},
                {"parked", c.parked}};
  for (const auto& [status, count] : by_status(c.cut_for)) {
    if (status != to_string(errc::ok)) named.emplace("cut_" + status, count);
  }
  return named;
}

numbers report(const security::gatekeeper_counters& c) {
  return {{"accepted", c.logins.accepted},
          {"refused", c.logins.refused},
          {"put_off", c.logins.later},
          {"throttled", c.logins.throttled},
          {"from_cache", c.logins.from_cache},
          {"hashed", c.logins.hashed},
          {"zap_timeouts", c.logins.external_timeouts},
          {"zap_requests", c.zap_requests},
          {"zap_malformed", c.zap_malformed},
          {"store_reloads", c.reloads},
          {"store_reloads_failed", c.reloads_failed},
          {"audit_lines_lost", c.audit_lost}};
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
  s.now = report(engine_.state().measure());
  s.now.emplace("connections", engine_.connected());
  s.now.emplace("owed_bytes", engine_.owed_bytes());
  s.now.emplace("unread_bytes", engine_.unread_bytes());
  s.calls = report(engine_.state().counted());
  s.calls.emplace("hook_failures", hook_failures_());
  s.ended = by_status(engine_.state().counted().ended);
  s.refused = by_status(engine_.state().counted().refused);
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

// --- the service

internal_service::internal_service(engine& owner, const broker_options& options, Interface& more,
                                   std::function<std::uint64_t()> hook_failures)
    : engine_(owner),
      more_(more),
      own_(owner, options, std::move(hook_failures)),
      pool_(options.internal_threads, pool_queue_max),
      own_calls_(owner.where(), pool_, own_, *this, dispatcher_settings()),
      more_calls_(owner.where(), pool_, more_, *this, dispatcher_settings()) {
  engine_.set_internal([this](const message& m) { handle(m); });
  register_service();
}

internal_service::~internal_service() { engine_.set_internal({}); }

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
  engine_.open_internal();
  engine_.from_internal(hello, &about);
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
      windows_[m.call].grant({m.credit_items, m.credit_bytes});
      of(m.method).request(m, origin_of(m.call));
      break;
    case message_type::part:
      own_calls_.part(m);
      more_calls_.part(m);
      break;
    case message_type::credit:
      if (const auto found = windows_.find(m.call); found != windows_.end()) {
        found->second.grant({m.credit_items, m.credit_bytes});
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
  if (!sent.is_head()) found->second.overdraw(m.payload.size_bytes());
  engine_.from_internal(sent);
  return true;
}

bool internal_service::final(const message& m) {
  if (windows_.erase(m.call) == 0) return false;
  engine_.from_internal(m);
  return true;
}

bool internal_service::error(const message& m) {
  if (windows_.erase(m.call) == 0) return false;
  engine_.from_internal(m);
  return true;
}

bool internal_service::grant(call_id call, std::uint32_t items, std::uint32_t byte_count) {
  if (!windows_.contains(call)) return false;
  message m;
  m.type = message_type::credit;
  m.call = call;
  m.credit_items = items;
  m.credit_bytes = byte_count;
  engine_.from_internal(m);
  return true;
}

}  // namespace gate::broker
