#include "common/channel/src/life_watch.hpp"

#include <optional>
#include <utility>

#include "common/transport/kernel_path.hpp"

namespace gate::peer {

life_watch::life_watch(loop& where, socket_mark connection, const pulse_options& options,
                       unique_function<void(sign what, duration silence)> told)
    : loop_(where), connection_(connection), pulse_(options, where.now()), told_(std::move(told)) {
  look_later();
}

void life_watch::look_later() {
  timer_ = loop_.at(pulse_.next_look(), [this] { look(); });
}

void life_watch::look() {
  timer_ = {};
  const instant now = loop_.now();
  // If the descriptor is closed, the connection has ended: the transport is about to report that.
  if (!connection_.is_open()) return;
  const std::optional<path_sample> seen = sample_path(connection_.descriptor, now);
  if (!seen) return;
  const pulse::change since = pulse_.look(*seen, now);
  const bool dead = pulse_.is_dead(now);
  if (!dead) look_later();
  // These calls come last: they may destroy this object.
  if (dead) {
    told_(sign::none, now - pulse_.last_sign());
  } else if (since.message_arrives) {
    told_(sign::message_arrives, duration::zero());
  }
}

}  // namespace gate::peer
