// The views of the core for operators: counters, services, workers, peers.
#include <algorithm>
#include <chrono>
#include <optional>

#include "broker/core/src/core_state.hpp"

namespace gate::broker {

namespace {

std::chrono::milliseconds age(instant then, instant now) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(now - then);
}

service_view view_of(const service& s) {
  service_view v;
  v.name_space = s.space();
  v.name = s.name();
  v.queued = s.queue.calls();
  v.queued_bytes = s.queue.bytes();
  for (const worker& w : s.workers) {
    ++v.workers;
    if (w.stalled) ++v.stalled;
    v.in_flight += w.work.held();
    v.capacity += std::min(w.work.capacity(), UINT32_MAX - v.capacity);
    if (v.description.empty()) v.description = w.about.description;
    if (v.described_by == 0 && w.described) v.described_by = w.registration;
  }
  return v;
}

}  // namespace

std::vector<service_view> core::state::services() const {
  std::vector<service_view> list;
  list.reserve(services_.size());
  for (const service* s : services_.all()) list.push_back(view_of(*s));
  return list;
}

std::optional<service_view> core::state::find_service(std::string_view name_space, std::string_view name) const {
  const service* const s = services_.find(name_space, name);
  return s == nullptr ? std::nullopt : std::optional(view_of(*s));
}

std::vector<worker_view> core::state::workers() const {
  std::vector<worker_view> list;
  list.reserve(workers_);
  for (const peer& p : peers_.all()) {
    if (p.state != peer_state::worker) continue;
    const worker& w = *p.work;
    worker_view v;
    v.id = p.id;
    v.name_space = w.home->space();
    v.service = w.home->name();
    v.name = p.name;
    v.address = p.context.address;
    v.dialect = p.context.dialect;
    v.host = w.about.host;
    v.version = w.about.version;
    v.pid = w.about.pid;
    v.capacity = w.work.capacity();
    v.threads = w.work.threads();
    v.in_flight = w.work.held();
    v.slots_given_back = w.given_back;
    v.stalled = w.stalled;
    v.draining = w.draining;
    v.up = age(w.registered_at, now_);
    v.last_heartbeat = age(w.heard_at, now_);
    list.push_back(std::move(v));
  }
  return list;
}

const descriptor* core::state::describe(std::string_view name_space, std::string_view name) const {
  const service* s = services_.find(name_space, name);
  if (s == nullptr) return nullptr;
  for (const worker& w : s->workers) {
    if (w.described) return &w.about;
  }
  return nullptr;
}

std::size_t core::state::workers_of(std::string_view name_space, std::string_view name) const {
  const service* const s = services_.find(name_space, name);
  return s == nullptr ? 0 : s->pool.members();
}

std::uint32_t core::state::held_by(peer_id holder) const noexcept {
  const peer* const p = peers_.find(holder);
  return p == nullptr || p->work == nullptr ? 0 : p->work->work.held();
}

totals core::state::measure() const noexcept {
  return {.clients = clients_,
          .workers = workers_,
          .services = services_.size(),
          .queued = queued_,
          .queued_bytes = queued_bytes_,
          .in_flight = running_,
          .kept_bytes = kept_bytes_};
}

std::optional<peer_view> core::state::find_peer(peer_id id) const {
  const peer* const p = peers_.find(id);
  if (p == nullptr) return std::nullopt;
  peer_view v;
  v.name = p->name;
  v.is_client = p->state == peer_state::client;
  v.calls = p->calls_open;
  if (p->work != nullptr) {
    v.service = p->work->home->full_name();
    v.calls = p->work->work.held();
  }
  return v;
}

std::optional<call_source> core::state::source_of(peer_id holder, call_id name) const {
  const peer* const p = peers_.find(holder);
  if (p == nullptr || p->work == nullptr) return std::nullopt;
  const call* const c = calls_.held_by(*p->work, name);
  if (c == nullptr || c->client == nullptr) return std::nullopt;
  return call_source{.client = c->client->id, .number = c->client_call, .address = c->client->context.address};
}

observer::worker_record core::state::record_of(const worker& w) noexcept {
  return {.id = w.self->id, .service = w.home->full_name(), .name = w.self->name, .address = w.self->context.address};
}

}  // namespace gate::broker
