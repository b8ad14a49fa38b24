#include "broker/engine/silence_watch.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

namespace gate::broker {
namespace {

// Connections that are due within this time are looked at together.
constexpr duration together_max = std::chrono::milliseconds(50);

}  // namespace

void silence_watch::watch(remote_peer& fresh, instant now) {
  // If heartbeats come less often than the transport's pings, a missing heartbeat shows nothing.
  const bool heard_often = options_.heartbeat_interval <= options_.transport_heartbeat_interval;
  const gate::peer::pulse_options how{.ping_interval = options_.transport_heartbeat_interval,
                                      .timeout = options_.transport_heartbeat_timeout,
                                      .speaks_by_itself = heard_often && fresh.foreign == nullptr};
  fresh.pulse.emplace(how, now);
  look_at_ = std::min(look_at_, fresh.pulse->next_look());
}

void silence_watch::look(instant now) {
  if (now < look_at_) return;
  look_at_ = instant::max();
  std::vector<peer_id> dead, arriving;
  peers_.for_each([&](remote_peer& p) {
    if (!p.pulse || p.cut || p.ending) return;
    if (p.pulse->next_look() <= now) {
      const auto seen = sample_(p.descriptor, now);
      if (!seen) return p.pulse.reset();  // closed; the monitor tells of it soon
      p.pulse->awaits(outbox::awaited(p));
      const gate::peer::pulse::change since = p.pulse->look(*seen, now);
      if (since.message_arrives) arriving.push_back(p.id);
      outbox_.looked_at(p, since, now);
      if (p.pulse->is_dead(now)) return dead.push_back(p.id);
    }
    look_at_ = std::min(look_at_, p.pulse->next_look());
  });
  const duration together = std::min<duration>(together_max, options_.transport_heartbeat_interval / 4);
  if (look_at_ != instant::max()) look_at_ = std::max(look_at_, now + together);
  for (const peer_id id : arriving) {
    if (remote_peer* const p = peers_.find(id)) listener_.arrives(*p);
  }
  // The listener may give calls to a worker. Sending them reads the monitor, so a connection may have ended meanwhile.
  for (const peer_id id : dead) {
    remote_peer* const p = peers_.find(id);
    if (p == nullptr || !p->pulse) continue;
    const auto silence = std::chrono::duration_cast<std::chrono::milliseconds>(now - p->pulse->last_sign());
    p->pulse.reset();
    listener_.silent(*p, "no sign of life came from it for " + std::to_string(silence.count()) + " ms");
  }
}

}  // namespace gate::broker
