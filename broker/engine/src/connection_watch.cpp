#include "broker/engine/connection_watch.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>

#include "broker/engine/src/peer_text.hpp"
#include "broker/security/address.hpp"
#include "common/transport/kernel_path.hpp"
#include "common/transport/peer_address.hpp"

namespace gate::broker {
namespace {

// How long the last messages of a connection that has ended are read, if other peers keep the socket busy.
constexpr auto last_messages_time_max = std::chrono::milliseconds(200);

// The time between two log lines about connections that were turned away for lack of descriptors.
constexpr auto turned_away_pause = std::chrono::minutes(1);

}  // namespace

std::size_t connection_watch::connected() const noexcept {
  std::size_t count = 0;
  for (const auto& p : ports_) count += p->accepted.size();
  return count;
}

// --- events

void connection_watch::on_event(port& at, const connection_event& event) {
  using kind = connection_event::kind;
  switch (event.what) {
    case kind::accepted:
      on_accepted(at, event.descriptor);
      break;
    case kind::disconnected:
      on_disconnected(at, event.descriptor);
      break;
    case kind::handshake_failed_no_detail:
    case kind::handshake_failed_protocol:
      ++counted_.handshakes_failed;
      on_handshake_failed(at, event);
      break;
    case kind::handshake_failed_auth:
      ++counted_.handshakes_refused;  // the gatekeeper has logged it
      break;
    case kind::accept_failed:
      on_accept_failed(event.value);
      break;
    default:
      break;
  }
}

void connection_watch::on_accepted(port& at, int descriptor) {
  ++counted_.connections_accepted;
  on_disconnected(at, descriptor);  // if the end of the former connection was missed
  at.accepted.accepted(descriptor, loop_.now());
  if (at.is_guarded()) at.accepted.find(descriptor)->from = peer_endpoint(descriptor);
  if (!has_room_for(at, descriptor)) {
    ++counted_.address_refused;
    counted_.reasons.count(refusal::address_full);
    at.accepted.refuse(descriptor);
  } else if (connected() > budget_.peers_max + budget_.refusals_max) {
    ++counted_.connections_refused;
    counted_.reasons.count(refusal::connections_full);
    at.accepted.refuse(descriptor);
  }
}

bool connection_watch::has_room_for(port& at, int descriptor) {
  if (options_.peers_per_address_max == 0) return true;
  std::string address = peer_address(descriptor);
  if (address.empty()) return true;
  if (!addresses_.opened(address)) {
    events_.complain("cut a connection: too many from its address (peers_per_address_max)", address);
    security::audit_record record{};
    record.kind = security::audit_kind::limit_reached;
    record.address = address;
    record.what = "too many connections from there";
    events_.audit(record);
    return false;
  }
  if (accepted_connection* const fresh = at.accepted.find(descriptor)) fresh->address = std::move(address);
  return true;
}

// ECONNABORTED usually means that accept_guard turned the connection away for lack of descriptors. It may also be a
// connection that broke off before it was accepted.
void connection_watch::on_accept_failed(int error) {
  if (error != ECONNABORTED) return events_.complain("cannot accept a connection", zmq_strerror(error));
  ++counted_.connections_refused;
  counted_.reasons.count(refusal::files_full);
  ++turned_away_;
  if (loop_.now() < tell_turned_away_at_) return;
  tell_turned_away_at_ = loop_.now() + turned_away_pause;
  events_.complain("connections were turned away, since this process may have no more files open (ulimit -n)",
                   std::to_string(std::exchange(turned_away_, 0)));
}

// The transport has ended a connection by itself, without asking the gatekeeper.
void connection_watch::on_handshake_failed(port& at, const connection_event& event) {
  if (!at.is_guarded()) return;
  const bool mismatch = event.value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH;
  at.failed_handshake = mismatch ? "a peer came with another mechanism than its address wants"
                                 : "a peer's handshake failed: not ZMTP, a wrong server key, or broken off";
}

void connection_watch::tell_failed_handshake(const port& at, std::string_view why, const std::string& from) {
  events_.complain(why, (from.empty() ? "a peer that has left" : from) + " at " + at.endpoint());
  security::audit_record failed{};
  failed.kind = security::audit_kind::handshake_failed;
  failed.address = from;
  failed.mechanism = security::to_string(at.plan().how);
  failed.what = why;
  events_.audit(failed);
}

void connection_watch::on_disconnected(port& at, int descriptor) {
  const std::optional<accepted_connection> was = at.accepted.ended(descriptor);
  if (const auto why = std::exchange(at.failed_handshake, std::nullopt)) {
    tell_failed_handshake(at, *why, was ? was->from : std::string());
  }
  if (!was) return;
  // The transport does not tell of each handshake that it ended. So this counts every connection without a message.
  if (!was->owner && !was->refused) ++counted_.ended_early;
  if (!was->address.empty()) addresses_.closed(was->address);
  if (remote_peer* const owner = was->owner ? peers_.find(*was->owner) : nullptr) {
    owner->descriptor = -1;
    owner->pulse.reset();
    expect_end(*owner);
  }
  if (connected() == 0) listener_.all_left();
}

// --- peers whose connection has ended

void connection_watch::expect_end(remote_peer& gone) {
  if (std::exchange(gone.ending, true)) return;
  port& at = *ports_[gone.port];
  if (at.ending.empty()) at.ending_since = loop_.now();
  at.ending.push_back(gone.id);
}

void connection_watch::last_read(port& at, bool drained) {
  if (at.ending.empty() || (!drained && loop_.now() - at.ending_since <= last_messages_time_max)) return;
  for (const peer_id id : std::exchange(at.ending, {})) {
    if (remote_peer* const gone = peers_.find(id)) listener_.ended(*gone);
  }
}

// --- connections that the broker ends

void connection_watch::cut(remote_peer& p) {
  if (p.descriptor < 0 || !ports_[p.port]->accepted.cut(p.descriptor)) expect_end(p);
}

void connection_watch::cut_refused() {
  for (const auto& p : ports_) {
    if (!p->accepted.has_refused()) continue;
    p->read_events();  // some may have ended, and their descriptors may belong to other sockets now
    p->accepted.cut_refused();
  }
}

void connection_watch::cut_silent(instant now) {
  class watcher final : public accepted_connections::silent_watcher {
   public:
    watcher(broker_events& events, const port& at, instant now) noexcept : events_(events), at_(at), now_(now) {}
    std::uint64_t received_bytes(int descriptor) override {
      const auto seen = gate::peer::sample_path(descriptor, now_);
      return seen ? seen->received : 0;
    }
    void announce(int descriptor) override {
      events_.complain("cut a connection that said nothing within hello_timeout",
                       connection_text(at_.endpoint(), descriptor));
    }

   private:
    broker_events& events_;
    const port& at_;
    instant now_;
  };
  for (const auto& p : ports_) {
    const instant until = now - options_.hello_timeout;
    const std::optional<instant> oldest = p->accepted.oldest_silent();
    if (!oldest || *oldest > until) continue;
    p->read_events();
    watcher told(events_, *p, now);
    const std::size_t silent = p->accepted.cut_silent(until, now, told);
    counted_.silent += silent;
    counted_.reasons.count(refusal::nothing_said, silent);
  }
}

instant connection_watch::next_deadline() const {
  instant next = instant::max();
  for (const auto& p : ports_) {
    const std::optional<instant> oldest = p->accepted.oldest_silent();
    if (oldest) next = std::min<instant>(next, *oldest + options_.hello_timeout);
  }
  return next;
}

}  // namespace gate::broker
