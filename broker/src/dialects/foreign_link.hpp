// What the broker keeps of a connection in another dialect than gate/2: its words, and of a worker's the times by which
// something is due. No clock of its own.
#pragma once

#include <memory>

#include <gate/broker_options.hpp>
#include <gate/clock.hpp>

#include "broker/src/core/peer_id.hpp"
#include "broker/src/dialects/answer_pace.hpp"
#include "broker/src/dialects/dialect.hpp"

namespace gate::broker {

// What the core has to know of a peer of that dialect. Its principal and address are the caller's to fill in.
peer_context context_of(wire::recognised who);

class foreign_link {
 public:
  // `owed`: what is held for all peers. `paced`: what is kept of all workers' answers. Both outlive this.
  foreign_link(wire::recognised who, const broker_options& options, byte_total& owed, byte_total& paced);

  wire::foreign_peer& words() noexcept { return *words_; }
  wire::recognised who() const noexcept { return who_; }
  // Of a worker.
  answer_pace& pace() noexcept { return pace_; }
  std::size_t joined_bytes() const noexcept { return words_->joined_bytes(); }
  bool is_worker() const noexcept { return who_.role == peer_role::worker; }

  // It said something.
  void heard(instant now) noexcept { heard_at_ = now; }
  // Something was said to it.
  void said(instant now) noexcept;
  // A heartbeat was.
  void beaten(instant now) noexcept { said_at_ = now; }

  // The core knows it as a worker, or does not any more.
  void registered(instant now) noexcept;
  void left() noexcept { registered_ = false; }
  bool is_registered() const noexcept { return registered_; }

  // What is due of a worker, in this order.
  enum class duty : std::uint8_t { none, settle, give_up, beat };
  // `busy`: it holds calls, so its silence means nothing.
  duty due(instant now, bool busy) noexcept;
  // When to ask again.
  instant next_due(instant now, bool busy) const noexcept;

 private:
  wire::recognised who_;
  std::unique_ptr<wire::foreign_peer> words_;
  answer_pace pace_;
  duration beat_every_, silence_max_;
  bool registered_ = false;
  instant heard_at_{}, said_at_{};
  instant settle_at_ = instant::max();  // when its answer to what it was asked is no longer waited for
};

}  // namespace gate::broker
