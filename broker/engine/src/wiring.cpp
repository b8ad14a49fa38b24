// The wires of the engine: what its objects tell each other through their listener interfaces.
#include "broker/engine/engine.hpp"
#include "broker/engine/src/peer_text.hpp"
#include "common/wire/gate2.hpp"

namespace gate::broker {

// --- the core's output. The core is at work: nothing here may call it.

void engine::send(peer_id to, const message& m) {
  if (to == internal_peer) return internal_.add(m);
  remote_peer* const p = peers_.find(to);
  if (p == nullptr || p->cut) return;
  if (p->foreign) return foreign_.send(to, *p->foreign, m, loop_.now());
  outbox_.add(*p, m, loop_.now());
}

void engine::cut(peer_id who, errc why, std::string_view text) {
  remote_peer* const p = peers_.find(who);
  if (p == nullptr || p->cut) return;
  ++counted_.cut_for[static_cast<std::size_t>(why)];
  // The gatekeeper logs refused logins.
  const bool told = why == errc::unauthenticated || (p->logins && why == errc::busy);
  if (why != errc::ok && !told) {
    events_.complain("cut " + peer_text(*p, state_),
                     std::string(to_string(why)) + ": " + std::string(text) + losses_text(*p, state_));
  }
  outbox_.cut_after_bye(*p);
}

// --- the outbox

void engine::flushed(peer_id peer) { core_->flushed(peer, loop_.now()); }

void engine::unsent(peer_id worker, const message& request) { core_->unsent(worker, request, loop_.now()); }

void engine::too_slow(const remote_peer& peer, const std::string& why) {
  events_.complain("cut " + peer_text(peer, state_), why + losses_text(peer, state_));
}

void engine::dropped(peer_id peer, const std::string& why) { core_->closed(peer, loop_.now(), why); }

// A message must not reach another peer that waits for the same routing id. When a connection has ended, the transport
// gives the routing id to the next one as soon as it is called again. It tells its monitor of the end before that.
bool engine::has_ended(const remote_peer& peer) {
  port& at = *ports_[peer.port];
  if (at.is_guarded()) at.take_note_of_ends();
  return peer.ending;
}

delivery engine::send(remote_peer& to, outgoing& what, lent_payloads& lent) {
  return ports_[to.port]->send(to.routing_id, what, lent);
}

void engine::gone(remote_peer& peer) { connections_.expect_end(peer); }

void engine::end_connection(remote_peer& peer) { connections_.cut(peer); }

// --- peers of other dialects

foreign_link* engine::link_of(peer_id peer) {
  const remote_peer* const p = peers_.find(peer);
  return p == nullptr || p->cut ? nullptr : p->foreign.get();
}

bool engine::has_ended(peer_id peer) {
  const remote_peer* const p = peers_.find(peer);
  return p == nullptr || p->ending;
}

std::string_view engine::principal_of(peer_id peer) {
  const remote_peer* const p = peers_.find(peer);
  return p == nullptr ? std::string_view() : std::string_view(p->principal);
}

void engine::send(peer_id to, const wire::frame_list& messages, const message* request) {
  if (remote_peer* const p = peers_.find(to)) outbox_.add(*p, messages, request, loop_.now());
}

void engine::touch(peer_id peer) {
  if (remote_peer* const p = peers_.find(peer)) outbox_.touch(*p);
}

void engine::not_understood(peer_id peer, std::string_view why) {
  const remote_peer* const p = peers_.find(peer);
  if (p != nullptr) events_.complain("a message of " + peer_text(*p, state_) + " made no sense", why);
}

// --- connections, and signs of life

void engine::ended(remote_peer& gone) { end(gone); }

void engine::all_left() {
  if (shut_down_) all_left_.set();
}

void engine::arrives(remote_peer& from) {
  if (from.foreign) {
    from.foreign->heard(loop_.now());
  } else {
    core_->arriving(from.id, loop_.now());
  }
}

// The peer is forgotten like others whose connection has ended, once its messages are read.
void engine::silent(remote_peer& peer, const std::string& why) {
  peer.end_reason = why;
  ++counted_.silent_peers;
  counted_.reasons.count(refusal::no_sign_of_life);
  events_.complain("cut " + peer_text(peer, state_), why + losses_text(peer, state_));
  connections_.cut(peer);
}

// --- who is let in

void engine::opened(const remote_peer& fresh, const peer_context& context) {
  core_->opened(fresh.id, context, loop_.now());
}

void engine::replaced(remote_peer& former) { end(former); }

void engine::logged_in(remote_peer& peer, std::string_view principal) { admission_.introduce(peer, principal); }

void engine::accepted(remote_peer& sender, wire::frames_view frames) {
  foreign_.received(sender.id, *sender.foreign, frames, loop_.now());
}

void engine::declined(remote_peer& sender, wire::frames_view frames, refusal why, std::string_view text) {
  foreign_.decline(sender.id, *sender.foreign, frames, row_of(why).status, text);
}

void engine::turned_away(remote_peer& peer, refusal why, std::string_view text) {
  core_->rejected(peer.id, why, text, loop_.now());
  cut(peer.id, row_of(why).status, text);  // the core may not know it yet
}

// --- messages of gate/2 peers

void engine::broken_off(remote_peer& peer, refusal why, std::string_view text) {
  if (!state_.find_peer(peer.id)) counted_.reasons.count(why);  // the core does not know the peer yet
  core_->malformed(peer.id, text, loop_.now(), why);
  cut(peer.id, row_of(why).status, text);
}

std::size_t engine::handle(remote_peer& sender, unread_batch& waiting) {
  if (waiting.has_too_many_frames) {
    refuse_frames(sender);
    return 0;
  }
  if (waiting.has_bad_frames) {
    core_->malformed(sender.id, to_string(wire::gate2::parse_error::bad_frames), loop_.now(), refusal::wrong_frames);
    return 0;
  }
  const bytes_view rest = view_of(waiting.batch).substr(waiting.handled_bytes);
  return gate2_.received(sender, rest, waiting.payload ? &*waiting.payload : nullptr, loop_.now());
}

void engine::too_much(remote_peer& sender, const std::string& why) {
  counted_.reasons.count(refusal::unread_full);
  turned_away(sender, refusal::unread_full, why);
}

void engine::read_to_end(remote_peer& gone) { end(gone); }

}  // namespace gate::broker
