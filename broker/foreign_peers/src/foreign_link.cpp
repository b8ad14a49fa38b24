#include "broker/foreign_peers/foreign_link.hpp"

#include <algorithm>

namespace gate::broker {

peer_context context_of(wire::recognised who) {
  peer_context context;
  const bool ours = who.speaks == dialect::gate2;
  const bool majordomo = who.speaks == dialect::mdp01 || who.speaks == dialect::mdp02;
  context.dialect = to_string(who.speaks);
  context.heartbeats = ours;
  context.owes = ours;
  context.credit = ours || who.role == peer_role::worker;  // a worker's answers are paced for it
  context.huge = ours;
  context.errors = !majordomo;
  return context;
}

namespace {

// How long the broker waits until a gate-rpc worker has listed its methods. The worker gets no calls until then. An
// idle worker answers within milliseconds.
constexpr auto settle_time = std::chrono::milliseconds(500);

wire::foreign_options to_foreign(const broker_options& from, byte_total& owed) {
  wire::foreign_options to;
  to.huge_encoding = from.gaterpc_compression == "lzma" ? 8 : from.gaterpc_compression == "bz2" ? 4 : 2;
  to.calls_max = from.client_calls_max + 1;
  to.joined_bytes_max = from.payload_bytes_max;
  to.owed = &owed;
  return to;
}

}  // namespace

foreign_link::foreign_link(wire::recognised who, const broker_options& options, byte_total& owed, byte_total& paced)
    : who_(who),
      words_(wire::make_foreign_peer(who, to_foreign(options, owed))),
      pace_(options.out_queue_bytes_max, &paced) {
  const duration agreed =
      who.speaks == dialect::gaterpc ? options.gaterpc_heartbeat_interval : options.mdp_heartbeat_interval;
  // Peers may be set to shorter intervals than the broker. A heartbeat too many does no harm.
  beat_every_ = std::min<duration>(agreed, options.heartbeat_interval);
  silence_max_ = agreed * options.heartbeat_liveness;
}

void foreign_link::said(instant now) noexcept {
  // A gate-rpc worker sends nothing by itself but answers to heartbeats. So it needs heartbeats even while it gets
  // calls.
  if (who_.speaks != dialect::gaterpc) said_at_ = now;
}

void foreign_link::registered(instant now) noexcept {
  registered_ = true;
  heard_at_ = said_at_ = now;
  settle_at_ = instant::max();
}

foreign_link::duty foreign_link::due(instant now, bool busy) noexcept {
  if (words_->asking()) {
    if (settle_at_ == instant::max()) settle_at_ = now + settle_time;
    return now >= settle_at_ ? duty::settle : duty::none;
  }
  if (!registered_) return duty::none;
  if (busy) {
    heard_at_ = now;
  } else if (now - heard_at_ >= silence_max_) {
    return duty::give_up;
  }
  return now - said_at_ >= beat_every_ ? duty::beat : duty::none;
}

instant foreign_link::next_due(instant now, bool busy) const noexcept {
  if (words_->asking()) return settle_at_;
  if (!registered_) return instant::max();
  const instant beat_at = std::max(said_at_ + beat_every_, now + std::chrono::milliseconds(1));
  return busy ? beat_at : std::min(beat_at, heard_at_ + silence_max_);
}

}  // namespace gate::broker
