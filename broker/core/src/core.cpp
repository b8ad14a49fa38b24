#include "broker/core/core.hpp"

#include <utility>

#include "broker/core/src/core_state.hpp"

namespace gate::broker {

std::string text_of(std::initializer_list<std::string_view> pieces) {
  std::size_t size = 0;
  for (std::string_view piece : pieces) size += piece.size();
  std::string text;
  text.reserve(size);
  for (std::string_view piece : pieces) text += piece;
  return text;
}

void core::state::opened(peer_id id, const peer_context& context, instant now) {
  enter(now);
  if (peers_.size() >= limits_.peers_max && id != internal_peer) {
    const std::string text =
        text_of({"the broker has no room for another peer (peers_max = ", std::to_string(limits_.peers_max),
                 "); connect to another broker or try later"});
    ++counted_.cut;
    counted_.reasons.count(refusal::peers_full);
    say_bye(id, errc::busy, text);
    return out_.cut(id, errc::busy, text);
  }
  peer& p = peers_.open(id, context);
  wheel_.arm(static_cast<life_timer&>(p), now_ + limits_.hello_timeout);
}

void core::state::received(peer_id id, const message& m, const descriptor* described, instant now) {
  enter(now);
  peer* p = peers_.find(id);
  if (p == nullptr) return;
  if (m.type == message_type::hello) return on_hello(*p, m, described);
  if (p->state == peer_state::client) return from_client(*p, m);
  if (p->state == peer_state::worker) return from_worker(*p, m);
  if (m.type == message_type::bye) return on_bye(*p, m);
  violation(*p, refusal::no_hello, "the first message of a connection must be a hello");
}

void core::state::from_client(peer& p, const message& m) {
  switch (m.type) {
    case message_type::request:
      return on_request(p, m);
    case message_type::part:
      return on_client_part(p, m);
    case message_type::credit:
      return on_client_credit(p, m);
    case message_type::cancel:
      return on_cancel(p, m);
    case message_type::heartbeat:
    case message_type::drain:
      return;  // a client's silence is no fault, and its leaving no event
    case message_type::bye:
      return on_bye(p, m);
    default:
      return violation(p, refusal::unexpected_message, text_of({"a client does not send ", to_string(m.type)}));
  }
}

void core::state::from_worker(peer& p, const message& m) {
  worker& w = *p.work;
  switch (m.type) {
    case message_type::final:
    case message_type::error:
      return on_answer(w, m);
    case message_type::part:
      return on_worker_part(w, m);
    case message_type::credit:
      return on_worker_credit(w, m);
    case message_type::returned:
      return on_returned(w, m);
    case message_type::heartbeat:
      return on_heartbeat(p);
    case message_type::drain:
      return on_worker_drain(w);
    case message_type::bye:
      return on_bye(p, m);
    default:
      return violation(p, refusal::unexpected_message, text_of({"a worker does not send ", to_string(m.type)}));
  }
}

void core::state::malformed(peer_id id, std::string_view why, instant now, refusal reason) {
  enter(now);
  peer* p = peers_.find(id);
  if (p == nullptr) return;
  ++counted_.malformed;
  dismiss(*p, reason, text_of({"malformed message: ", why}));
}

void core::state::rejected(peer_id id, refusal why, std::string_view text, instant now) {
  enter(now);
  if (peer* p = peers_.find(id); p != nullptr) send_away(*p, row_of(why).status, text);
}

bool core::state::allows(peer_id id, const message& request, instant now) {
  enter(now);
  peer* const p = peers_.find(id);
  if (p == nullptr) return false;
  if (!is_within_allowance(*p, {{}, request.service}, request)) return false;
  give_back_allowance(p->context.principal, charge_of(request));
  return true;
}

void core::state::closed(peer_id id, instant now, std::string_view why) {
  enter(now);
  if (peer* p = peers_.find(id); p != nullptr) forget(*p, why.empty() ? "its connection ended" : why);
}

void core::state::arriving(peer_id id, instant now) {
  enter(now);
  if (peer* p = peers_.find(id); p != nullptr && p->work != nullptr && p->context.heartbeats) on_heartbeat(*p);
}

void core::state::answering(peer_id id, call_id name, instant now) {
  enter(now);
  peer* p = peers_.find(id);
  if (p == nullptr || p->work == nullptr) return;
  call* const c = calls_.held_by(*p->work, name);
  if (c == nullptr || c->way != call_way::thread) return;
  c->answering = true;
  give_thread_back(*c);
}

void core::state::unsent(peer_id id, const message& request, instant now) {
  enter(now);
  peer* p = peers_.find(id);
  if (p == nullptr || p->work == nullptr) return;
  retire(*p->work);  // its connection is about to end: nothing may be given to it again
  on_returned(*p->work, request);
}

void core::state::flushed(peer_id id, instant now) {
  enter(now);
  if (peer* p = peers_.find(id); p != nullptr && p->owes_credit) refill(*p);
}

void core::state::unread(peer_id id, const message& request, refusal why, std::string_view text, instant now) {
  enter(now);
  peer* const p = peers_.find(id);
  if (p == nullptr || p->state != peer_state::client) return;
  refuse(*p, request, why, text);
}

void core::state::tick(instant now) {
  enter(now);
  while (wheel_timer* const due = wheel_.pop_due(now_)) {
    timer& t = static_cast<timer&>(*due);
    switch (t.kind()) {
      case timer_kind::call:
        on_deadline(static_cast<call&>(t));
        break;
      case timer_kind::service:
        on_grace_over(static_cast<service&>(t));
        break;
      case timer_kind::sorting:
        on_sorting(static_cast<sorting_timer&>(t).of);
        break;
      case timer_kind::life:
        on_life(static_cast<peer&>(static_cast<life_timer&>(t)));
        break;
      case timer_kind::hold:
        on_hold(static_cast<worker&>(static_cast<hold_timer&>(t)));
        break;
      case timer_kind::beat:
        on_beat(static_cast<peer&>(static_cast<beat_timer&>(t)));
        break;
    }
  }
}

void core::state::drain(instant now) {
  enter(now);
  if (std::exchange(draining_, true)) return;
  message m;
  m.type = message_type::drain;
  for (const peer& p : peers_.all()) {
    if (p.state != peer_state::fresh && !p.internal()) out_.send(p.id, m);
  }
}

void core::state::shut_down(instant now) {
  enter(now);
  draining_ = true;
  std::vector<call*> open;
  calls_.for_each([&open](call& c) {
    if (c.stage != call_stage::abandoned) open.push_back(&c);
  });
  for (call* c : open) {
    if (c->stage == call_stage::running) {
      end(*c, errc::worker_lost, "the broker shut down while the call was running; it may have been executed");
    } else {
      end(*c, lost_status(*c), "the broker shut down before a worker was free");
    }
  }
  while (!peers_.all().empty()) {
    peer& p = peers_.all().front();
    if (!p.internal()) say_bye(p.id, errc::ok, "the broker shut down");
    forget(p, "the broker shut down");
  }
}

// --- the class itself ------------------------------------------------------------------------------------------------

core::core(const broker_limits& limits, const service_policies& policies, access* rights, allowance* allowed,
           observer* watcher, output& out, instant now, std::uint64_t seed)
    : state_(std::make_unique<state>(limits, policies, rights, allowed, watcher, out, now, seed)) {}
core::~core() = default;

void core::opened(peer_id peer, const peer_context& context, instant now) { state_->opened(peer, context, now); }
void core::received(peer_id peer, const message& m, const descriptor* described, instant now) {
  state_->received(peer, m, described, now);
}
void core::malformed(peer_id peer, std::string_view why, instant now, refusal reason) {
  state_->malformed(peer, why, now, reason);
}
void core::rejected(peer_id peer, refusal why, std::string_view text, instant now) {
  state_->rejected(peer, why, text, now);
}
bool core::allows(peer_id peer, const message& request, instant now) { return state_->allows(peer, request, now); }
void core::rights_changed(instant now) { state_->rights_changed(now); }
void core::closed(peer_id peer, instant now, std::string_view why) { state_->closed(peer, now, why); }
void core::arriving(peer_id peer, instant now) { state_->arriving(peer, now); }
void core::answering(peer_id worker, call_id call, instant now) { state_->answering(worker, call, now); }
void core::unsent(peer_id worker, const message& request, instant now) { state_->unsent(worker, request, now); }
void core::flushed(peer_id peer, instant now) { state_->flushed(peer, now); }
void core::unread(peer_id client, const message& request, refusal why, std::string_view text, instant now) {
  state_->unread(client, request, why, text, now);
}
void core::forget_spare() { state_->forget_spare(); }
void core::tick(instant now) { state_->tick(now); }
instant core::next_deadline() const noexcept { return state_->next_deadline(); }
void core::drain(instant now) { state_->drain(now); }
bool core::drained() const noexcept { return state_->drained(); }
void core::shut_down(instant now) { state_->shut_down(now); }

const counters& core::counted() const noexcept { return state_->counted(); }
std::vector<service_view> core::services() const { return state_->services(); }
std::optional<service_view> core::find_service(std::string_view name_space, std::string_view name) const {
  return state_->find_service(name_space, name);
}
std::vector<worker_view> core::workers() const { return state_->workers(); }
const descriptor* core::describe(std::string_view name_space, std::string_view service) const {
  return state_->describe(name_space, service);
}
totals core::measure() const noexcept { return state_->measure(); }
std::size_t core::workers_of(std::string_view name_space, std::string_view service) const {
  return state_->workers_of(name_space, service);
}
std::uint32_t core::held_by(peer_id worker) const noexcept { return state_->held_by(worker); }
std::optional<peer_view> core::find_peer(peer_id id) const { return state_->find_peer(id); }
std::optional<call_source> core::source_of(peer_id worker, call_id name) const {
  return state_->source_of(worker, name);
}
std::string core::check(instant now) const { return state_->check(now); }

}  // namespace gate::broker
