// How a peer becomes a client or a worker, and how it ceases to be one.
#include <algorithm>
#include <string>
#include <utility>

#include <gate/assert.hpp>

#include "broker/core/reserved_names.hpp"
#include "broker/core/src/core_state.hpp"
#include "common/protocol/gate2_own.hpp"

namespace gate::broker {

namespace {

call_way way_of(const method_descriptor& method, const worker& w) noexcept {
  if (w.work.threads() == 0 || !method.pooled) return call_way::capacity;
  return method.kind == method_kind::stream ? call_way::slices : call_way::thread;
}

}  // namespace

void core::state::on_hello(peer& p, const message& m, const descriptor* described) {
  if (p.state != peer_state::fresh) {
    // Each hello of a worker sorts the calls that wait for its service.
    if (++p.hellos_again > limits::hellos_again_max)
      return violation(p, refusal::too_many_hellos, "it said hello too often on one connection");
    resign(p, "it said hello again");
  }
  if (m.version_min > gate2_version || m.version_max < gate2_version) {
    const std::string text = text_of({"the broker speaks version ", std::to_string(gate2_version), ", the peer speaks ",
                                      std::to_string(m.version_min), " to ", std::to_string(m.version_max),
                                      "; update the older of the two"});
    return dismiss(p, refusal::old_version, text);
  }
  p.name = m.name;
  if (m.role == peer_role::worker) {
    if (may_register(p, m)) register_worker(p, m, described);
    return;
  }
  if (m.role != peer_role::client) {
    return violation(p, refusal::bad_hello, "a hello must say whether it is a client's or a worker's");
  }
  wheel_.disarm(static_cast<life_timer&>(p));
  p.state = peer_state::client;
  ++clients_;
  welcome(p, m.capabilities);
}

// If it returns false, it has dismissed the peer.
bool core::state::may_register(peer& p, const message& m) {
  const service_key what = meant_by(p, m.service);
  if (what.name.empty() || m.service.size() > limits::name_bytes_max || m.capacity == 0) {
    violation(p, refusal::bad_hello, "a worker's hello must name its service and a capacity of at least 1");
    return false;
  }
  if (is_reserved(what.name) && !p.internal()) {
    dismiss(p, refusal::reserved_name,
            text_of({"the name '", m.service, "' is reserved for the broker; choose another one"}));
    return false;
  }
  if (!may_offer(p, what)) return false;
  if (services_.find(what.space, what.name) == nullptr && services_.size() >= limits_.services_max) {
    dismiss(p, refusal::services_full,
            text_of({"the broker has no room for another service (services_max = ",
                     std::to_string(limits_.services_max), ")"}));
    return false;
  }
  return true;
}

void core::state::register_worker(peer& p, const message& m, const descriptor* described) {
  const service_key what = meant_by(p, m.service);
  service* home = services_.find(what.space, what.name);
  if (home == nullptr) home = &create_service(what);
  p.work = std::make_unique<worker>();
  worker& w = *p.work;
  w.self = &p;
  w.home = home;
  w.registration = ++registrations_;
  const std::uint32_t capacity = p.internal() ? m.capacity : std::min(m.capacity, limits_.worker_capacity_max);
  w.work = held_work(capacity, described == nullptr ? 0 : described->threads);
  w.recalls = w.work.threads() != 0 && (m.capabilities & capability::recall) != 0;
  w.registered_at = w.heard_at = now_;
  std::vector<offered_method> methods;
  if (described != nullptr) {
    w.about = *described;
    w.described = true;
    methods.reserve(described->methods.size());
    for (const method_descriptor& method : described->methods) methods.push_back({method.name, way_of(method, w)});
  }
  if (!home->pool.has_room_for(methods)) {
    p.work.reset();
    dismiss(
        p, refusal::service_methods_full,
        text_of({"the workers of service '", home->full_name(), "' offer as many different methods as the broker ",
                 "knows of one service (service_methods_max = ", std::to_string(limits::service_methods_max), ")"}));
    return drop_if_unused(*home);
  }
  if (p.name.empty()) {
    w.number = home->nameless.take();
    p.name = made_up_names::name(home->name(), w.number);
  }
  p.state = peer_state::worker;
  ++workers_;
  home->workers.push_back(w);
  ++home->worker_count;
  wheel_.disarm(static_cast<life_timer&>(p));
  if (p.context.heartbeats && !p.internal()) {
    wheel_.arm(static_cast<life_timer&>(p), now_ + limits_.heartbeat_interval * limits_.heartbeat_liveness);
  }
  welcome(p, m.capabilities);
  wheel_.disarm(*home);  // its grace is over, since a worker has come
  home->for_the_patient = false;
  const bool first = home->pool.members() == 0;
  const bool changed = home->pool.join(w, std::move(methods));
  if (observer_ != nullptr) {
    observer_->worker_up(record_of(w));
    if (first) observer_->service_up(home->full_name());
  }
  if (changed) regroup(*home);
  w.work.time_methods(w.methods().numbers_end);
  serve(w);
}

void core::state::welcome(peer& p, std::uint32_t capabilities) {
  message m;
  m.type = message_type::welcome;
  m.version_min = m.version_max = gate2_version;
  m.capabilities = capabilities & (capability::streams | capability::recall | wire::gate2::capability_pieces);
  m.name = limits_.name;
  m.heartbeat_interval = limits_.heartbeat_interval;
  m.liveness = limits_.heartbeat_liveness;
  m.payload_bytes_max = limits_.payload_bytes_max;
  out_.send(p.id, m);
  if (p.context.heartbeats && !p.internal()) {
    p.beat_at = now_ + limits_.heartbeat_interval;
    wheel_.arm(static_cast<beat_timer&>(p), p.beat_at);
  }
  if (!draining_ || p.internal()) return;
  message leaving;
  leaving.type = message_type::drain;
  out_.send(p.id, leaving);
}

void core::state::on_heartbeat(peer& p) {
  worker& w = *p.work;
  w.heard_at = now_;
  if (!std::exchange(w.stalled, false)) return;
  wheel_.arm(static_cast<life_timer&>(p), now_ + limits_.heartbeat_interval * limits_.heartbeat_liveness);
  if (observer_ != nullptr) observer_->worker_stalled(record_of(w), false);
  serve(w);
}

// A heartbeat only notes the time. The timer is not moved then: when it is due, the worker's last heartbeat is looked
// at.
void core::state::on_life(peer& p) {
  if (p.state == peer_state::fresh) {
    return dismiss(p, refusal::late_hello, "the connection said no hello within hello_timeout");
  }
  worker& w = *p.work;
  const instant late_at = w.heard_at + limits_.heartbeat_interval * limits_.heartbeat_liveness;
  if (now_ < late_at) return wheel_.arm(static_cast<life_timer&>(p), late_at);
  w.stalled = true;
  ++counted_.stalls;
  w.home->pool.changed(w);
  if (observer_ != nullptr) observer_->worker_stalled(record_of(w), true);
}

void core::state::on_beat(peer& p) {
  message m;
  m.type = message_type::heartbeat;
  out_.send(p.id, m);
  // Counted from the planned time, so that rounding does not make each interval longer. A heartbeat that was missed is
  // not made up for.
  p.beat_at += limits_.heartbeat_interval;
  if (p.beat_at <= now_) p.beat_at = now_ + limits_.heartbeat_interval;
  wheel_.arm(static_cast<beat_timer&>(p), p.beat_at);
}

void core::state::on_worker_drain(worker& w) {
  if (std::exchange(w.draining, true)) return;
  const peer_id id = w.self->id;
  retire(w);
  message m;
  m.type = message_type::drained;
  out_.send(id, m);
}

// The peer closes its connection. If it does not, the broker does.
void core::state::on_bye(peer& p, const message& m) {
  out_.cut(p.id, errc::ok, {});
  forget(p, m.text.empty() ? std::string_view("it said bye") : m.text);
}

void core::state::violation(peer& p, refusal why, std::string_view text) {
  ++counted_.violations;
  dismiss(p, why, text);
}

void core::state::dismiss(peer& p, refusal why, std::string_view text) {
  counted_.reasons.count(why);
  send_away(p, row_of(why).status, text);
}

void core::state::send_away(peer& p, errc status, std::string_view text) {
  const peer_id id = p.id;
  ++counted_.cut;
  say_bye(id, status, text);
  out_.cut(id, status, text);
  forget(p, text);
}

void core::state::say_bye(peer_id to, errc status, std::string_view text) {
  message m;
  m.type = message_type::bye;
  m.status = status;
  m.text = text;
  m.origin = origin::broker;
  out_.send(to, m);
}

void core::state::forget(peer& p, std::string_view why) {
  const std::unique_ptr<peer> leaving = peers_.extract(p);
  resign(*leaving, why);
}

void core::state::resign(peer& p, std::string_view why) {
  wheel_.disarm(static_cast<life_timer&>(p));
  wheel_.disarm(static_cast<beat_timer&>(p));
  const peer_state former = std::exchange(p.state, peer_state::fresh);
  if (former == peer_state::client) {
    --clients_;
    client_left(p);
  } else if (former == peer_state::worker) {
    --workers_;
    const std::unique_ptr<worker> work = std::move(p.work);
    worker_left(*work, why);
  }
}

}  // namespace gate::broker
