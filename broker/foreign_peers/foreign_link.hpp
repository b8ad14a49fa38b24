// State of a connection in another dialect than gate/2: the translator of its messages, and for a worker the times when
// something is due. No clock of its own.
#pragma once

#include <memory>

#include <gate/broker_options.hpp>
#include <gate/clock.hpp>

#include "broker/core/peer_id.hpp"
#include "broker/foreign_peers/answer_pace.hpp"
#include "common/dialects/dialect.hpp"

namespace gate::broker {

// The core's description of a peer of that dialect. The caller fills in principal and address.
peer_context context_of(wire::recognised who);

class foreign_link {
 public:
  // `owed` counts what is held for all peers. `paced` counts the answers of all workers that are held back. Both
  // outlive this.
  foreign_link(wire::recognised who, const broker_options& options, byte_total& owed, byte_total& paced);

  wire::foreign_peer& words() noexcept { return *words_; }
  wire::recognised who() const noexcept { return who_; }
  // Of a worker.
  answer_pace& pace() noexcept { return pace_; }
  std::size_t joined_bytes() const noexcept { return words_->joined_bytes(); }
  bool is_worker() const noexcept { return who_.role == peer_role::worker; }

  // The peer sent a message.
  void heard(instant now) noexcept { heard_at_ = now; }
  // A message was sent to the peer.
  void said(instant now) noexcept;
  // A heartbeat was sent to the peer.
  void beaten(instant now) noexcept { said_at_ = now; }

  // The core has registered the worker, or has forgotten it.
  void registered(instant now) noexcept;
  void left() noexcept { registered_ = false; }
  bool is_registered() const noexcept { return registered_; }

  // What is due for a worker. settle: its methods were asked for, and are no longer waited for. give_up: it has been
  // silent for too long. beat: it gets a heartbeat.
  enum class duty : std::uint8_t { none, settle, give_up, beat };
  // `busy`: the worker holds calls, so it may be silent.
  duty due(instant now, bool busy) noexcept;
  // When to call due() again.
  instant next_due(instant now, bool busy) const noexcept;

  bool watched = false;  // foreign_peers looks for what is due for it

 private:
  wire::recognised who_;
  std::unique_ptr<wire::foreign_peer> words_;
  answer_pace pace_;
  duration beat_every_, silence_max_;
  bool registered_ = false;
  instant heard_at_{}, said_at_{};
  instant settle_at_ = instant::max();  // until then the answer about its methods is waited for
};

}  // namespace gate::broker
