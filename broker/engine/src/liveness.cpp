// The engine's fifth part: signs of life of peers, and what log lines say of a peer. docs/liveness.md has the table.
#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/engine/engine.hpp"
#include "broker/engine/src/peer_text.hpp"
#include "common/transport/kernel_path.hpp"
#include "common/transport/peer_address.hpp"

namespace gate::broker {
namespace {

using namespace std::chrono_literals;

// Connections that are due within this time are looked at together.
constexpr duration together_max = 50ms;

}  // namespace

void engine::watch_life(remote_peer& fresh) {
  // If heartbeats come less often than the transport's pings, a missing heartbeat shows nothing.
  const bool heard_often = options_.heartbeat_interval <= options_.transport_heartbeat_interval;
  const gate::peer::pulse_options how{.ping_interval = options_.transport_heartbeat_interval,
                                      .timeout = options_.transport_heartbeat_timeout,
                                      .speaks_by_itself = heard_often && fresh.foreign == nullptr};
  fresh.pulse.emplace(how, loop_.now());
  look_at_ = std::min(look_at_, fresh.pulse->next_look());
}

void engine::look_for_life() {
  const instant now = loop_.now();
  if (now < look_at_) return;
  look_at_ = instant::max();
  std::vector<peer_id> dead, arriving;
  peers_.for_each([&](remote_peer& p) {
    if (!p.pulse || p.cut || p.ending) return;
    if (p.pulse->next_look() <= now) {
      const auto seen = gate::peer::sample_path(p.descriptor, now);
      if (!seen) return p.pulse.reset();  // closed; the monitor tells of it soon
      p.pulse->awaits(p.out.awaited());
      const gate::peer::pulse::change since = p.pulse->look(*seen, now);
      if (since.message_arrives) arriving.push_back(p.id);
      // What waits in the transport moves with any bytes; what waits for an answer, with those before the question.
      if (p.out.parked() ? since.bytes_leave : since.toward_answer) p.out.moved(now);
      if (p.out.held() && is_too_slow(p)) mark_dirty(p);
      if (p.pulse->is_dead(now)) return dead.push_back(p.id);
    }
    look_at_ = std::min(look_at_, p.pulse->next_look());
  });
  const duration together = std::min<duration>(together_max, options_.transport_heartbeat_interval / 4);
  if (look_at_ != instant::max()) look_at_ = std::max(look_at_, now + together);
  for (const peer_id id : arriving) {
    remote_peer* const p = peers_.find(id);
    if (p == nullptr) continue;
    if (p->foreign) {
      p->foreign->heard(now);
    } else {
      core_.arriving(id, now);
    }
  }
  // core_.arriving() may give calls to a worker. Sending them reads the monitor, so a connection may have ended
  // meanwhile.
  for (const peer_id id : dead) {
    remote_peer* const p = peers_.find(id);
    if (p != nullptr && p->pulse) give_up_silent(*p);
  }
}

// Ends the peer's connection. The peer is forgotten like others whose connection has ended, once its messages are read.
void engine::give_up_silent(remote_peer& p) {
  const auto silence = std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - p.pulse->last_sign());
  p.pulse.reset();
  p.end_reason = "no sign of life came from it for " + std::to_string(silence.count()) + " ms";
  ++counted_.silent_peers;
  complain("cut " + peer_text(p, core_), p.end_reason + losses_of(p));
  if (!ports_[p.port]->accepted.cut(p.descriptor)) expect_end(p);
}

std::string engine::name_of(const port& at, int descriptor) {
  const std::string from = peer_endpoint(descriptor);
  return (from.empty() ? "a local peer" : from) + " at " + at.endpoint();
}

// What is lost if this peer is cut: the end of a log line.
std::string engine::losses_of(const remote_peer& p) const {
  const std::optional<peer_view> known = core_.find_peer(p.id);
  std::string text;
  if (known && known->calls > 0) {
    text += "; " + std::to_string(known->calls) +
            (!known->service.empty() ? " calls that it held" : " open calls of its own");
  }
  const std::size_t waiting = p.owed_bytes();
  if (waiting > 0) text += "; " + std::to_string(waiting) + " bytes that waited for it";
  return text.empty() ? "; nothing was under way" : text + " are lost";
}

}  // namespace gate::broker
