// Peers that speak gate/2: the envelopes of their batches, and the pieces of messages that come in pieces, go to the
// core. No socket. One loop's thread.
#pragma once

#include <cstddef>
#include <string_view>

#include <zmq.hpp>

#include <gate/clock.hpp>
#include <gate/protocol.hpp>

#include "broker/core/guarded_core.hpp"
#include "broker/engine/io_counters.hpp"
#include "broker/engine/outbox.hpp"
#include "broker/engine/remote_peers.hpp"
#include "broker/engine/unread.hpp"

namespace gate::broker {

class gate2_peers {
 public:
  class listener {
   public:
    // The peer cannot go on, and is cut.
    virtual void broken_off(remote_peer& peer, refusal why, std::string_view text) = 0;

   protected:
    ~listener() = default;
  };

  // All outlive this. `frame_bytes_max`: a message that comes in pieces may have as many.
  gate2_peers(guarded_core& to, outbox& out, remote_peers& peers, pieces_held& pieces, turn_budget& budget,
              io_counters& counted, std::size_t frame_bytes_max, listener& told) noexcept
      : core_(to),
        outbox_(out),
        peers_(peers),
        pieces_(pieces),
        budget_(budget),
        counted_(counted),
        frame_bytes_max_(frame_bytes_max),
        listener_(told) {}

  // Handles the envelopes of a batch until the budget of the turn is spent. `payload`: the frame behind the batch, or
  // null. Returns how many bytes of the batch are left for another turn. Not while the core works.
  std::size_t received(remote_peer& sender, bytes_view batch, zmq::message_t* payload, instant now);

 private:
  void take_hello(remote_peer& sender, const message& m, instant now);
  void take_own(remote_peer& sender, const message& m, instant now);
  void take_piece(remote_peer& sender, const message& m, instant now);
  void refuse_pieces(remote_peer& sender, refusal why, std::string_view text, instant now);
  void bound_requests();

  guarded_core& core_;
  outbox& outbox_;
  remote_peers& peers_;
  pieces_held& pieces_;
  turn_budget& budget_;
  io_counters& counted_;
  const std::size_t frame_bytes_max_;
  listener& listener_;
};

}  // namespace gate::broker
