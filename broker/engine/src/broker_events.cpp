#include "broker/engine/broker_events.hpp"

#include "broker/core/reserved_names.hpp"
#include "common/log/log.hpp"
#include "common/protocol/qualified_name.hpp"

namespace gate::broker {

namespace {

security::audit_kind kind_of(const observer::refusal_record& r) {
  using security::audit_kind;
  switch (r.reason) {
    case refusal::call_denied:
      return is_reserved(r.service) ? audit_kind::operate_refused : audit_kind::call_refused;
    case refusal::offer_denied:
    case refusal::offer_ended:
      return audit_kind::offer_refused;
    default:
      return audit_kind::limit_reached;
  }
}

}  // namespace

void broker_events::worker_up(const worker_record& w) {
  if (w.id == internal_peer) return;
  if (may_log()) log::info("worker {} serves '{}'", static_cast<std::uint64_t>(w.id), w.service);
  if (hooks_ != nullptr) hooks_->worker_up(w);
}

void broker_events::worker_down(const worker_record& w, std::string_view why) {
  if (w.id == internal_peer) return;
  if (may_log()) log::info("worker {} left '{}': {}", static_cast<std::uint64_t>(w.id), w.service, why);
  if (hooks_ != nullptr) hooks_->worker_down(w, why);
}

void broker_events::worker_stalled(const worker_record& w, bool stalled) {
  const std::string_view what = stalled ? "is stalled: no heartbeat, so no new calls" : "is ready again";
  if (may_log()) log::info("worker {} of '{}' {}", static_cast<std::uint64_t>(w.id), w.service, what);
  if (hooks_ != nullptr) hooks_->worker_stalled(w, stalled);
}

void broker_events::slot_given_back(const worker_record& w, std::string_view method, std::uint64_t so_far) {
  if (!may_log()) return;
  log::warn(
      "worker {} '{}' of '{}' at {} owes the answer to a call of {} that ended long ago: its slot is given to "
      "others (slot_timeout; {} of this worker so far)",
      static_cast<std::uint64_t>(w.id), w.name, w.service, w.address, method, so_far);
}

void broker_events::service_up(std::string_view service) {
  if (hooks_ != nullptr && !is_reserved(service)) hooks_->service_up(service);
}

void broker_events::service_down(std::string_view service) {
  if (hooks_ != nullptr && !is_reserved(service)) hooks_->service_down(service);
}

void broker_events::call_done(const call_record& call) {
  if (audits_operators_ && is_reserved(call.service) && !is_for_everybody(call.method)) {
    security::audit_record record{};
    record.kind = security::audit_kind::operator_act;
    record.principal = call.caller;
    record.service = call.service;
    record.method = call.method;
    record.what = to_string(call.status);
    audit(record);
  }
  if (hooks_ != nullptr) hooks_->call_done(call);
}

void broker_events::refused(const refusal_record& r) {
  const security::audit_kind as = kind_of(r);
  security::audit_record record{};
  record.kind = as;
  record.principal = r.principal;
  record.address = r.address;
  record.name_space = r.name_space;
  record.service = r.service;
  record.method = r.method;
  record.what = r.why;
  audit(record);
  if (!may_log()) return;
  log::warn("{} of {} at {}, service {}: {}", security::to_string(as), security::in_quotes(r.principal), r.address,
            security::in_quotes(full_name(r.name_space, r.service)), r.why);
}

void broker_events::complain(std::string_view what, std::string_view about) {
  if (!may_log()) return;
  if (about.empty()) {
    log::warn("{}", what);
  } else {
    log::warn("{}: {}", what, about);
  }
}

bool broker_events::may_log() {
  if (!lines_.admit(loop_.now())) return false;
  if (const std::uint64_t left_out = lines_.take_left_out()) {
    log::warn("{} lines about peers were left out", left_out);
  }
  return true;
}

}  // namespace gate::broker
