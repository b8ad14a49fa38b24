// Messages of gate/2 peers that are too long for a turn. One message of 60 MiB may hold two million envelopes, which
// take seconds. A turn handles a part of it. The rest waits here, and later messages of the same peer wait behind it.
// Messages of other peers are read as they come. No socket. One loop's thread.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "broker/engine/io_counters.hpp"
#include "broker/engine/remote_peers.hpp"
#include "broker/engine/unread.hpp"
#include "common/transport/multipart.hpp"

namespace gate::broker {

class backlog {
 public:
  class listener {
   public:
    // Handles what is left of a message, as far as the turn allows. Returns the bytes that are left of its batch.
    virtual std::size_t handle(remote_peer& sender, unread_batch& waiting) = 0;
    // Too much of this peer waits: it is turned away, and what waits is discarded.
    virtual void too_much(remote_peer& sender, const std::string& why) = 0;
    // All is handled of a peer whose connection has ended (remote_peer::ends_when_read).
    virtual void read_to_end(remote_peer& gone) = 0;

   protected:
    ~listener() = default;
  };

  // All outlive this. A peer is cut if more of its batches wait than a few of the longest messages, and all together
  // may be twice as much.
  backlog(remote_peers& peers, io_counters& counted, std::size_t frame_bytes_max, listener& told) noexcept;

  // Keeps the message that was received, with `left_bytes` of its batch to do. Nothing of the sender waits yet.
  void set_aside(port_backlog& at, multipart& received, remote_peer& sender, std::size_t left_bytes);
  // Keeps a whole message behind others of the same peer.
  void put_behind(port_backlog& at, multipart& received, remote_peer& sender);
  // Handles what fits in this turn. Peers take turns.
  void go_on(turn_budget& budget);

  bool has_work() const noexcept { return !waiting_.empty(); }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  void wait_in_line(port_backlog& at, remote_peer& sender, unread_batch added);
  void bound(remote_peer& sender);
  void handle(remote_peer& sender, turn_budget& budget);
  void forget(remote_peer& sender);

  remote_peers& peers_;
  io_counters& counted_;
  const std::size_t peer_bytes_max_;
  listener& listener_;
  std::deque<peer_id> waiting_;  // peers with messages here; the front is handled next
  std::size_t bytes_ = 0;        // of all of these
};

}  // namespace gate::broker
