// Delivery: what leaves for the peers. All envelopes that are composed for a peer in one turn leave as one batch at the
// turn's end. If a peer does not read, its batches are parked and tried again. In the end the peer is cut. No socket:
// a `transport` sends. One loop's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include <gate/broker_options.hpp>
#include <gate/clock.hpp>
#include <gate/protocol.hpp>

#include "broker/engine/io_counters.hpp"
#include "broker/engine/remote_peers.hpp"
#include "common/link/pulse.hpp"

namespace gate::broker {

class outbox {
 public:
  // Is told what the core has to know. Called by flush(), retry(), bound() and take_unsent() only, so never while the
  // core works. The core may be called, which may add messages.
  class listener {
   public:
    // The transport has taken everything that waited for this peer.
    virtual void flushed(peer_id peer) = 0;
    // A request for a worker that will never leave: core::unsent().
    virtual void unsent(peer_id worker, const message& request) = 0;
    // The peer does not read and is about to be cut. The core still knows it.
    virtual void too_slow(const remote_peer& peer, const std::string& why) = 0;
    // The peer is cut, without a bye: core::closed().
    virtual void dropped(peer_id peer, const std::string& why) = 0;

   protected:
    ~listener() = default;
  };

  // The sockets, or a test.
  class transport {
   public:
    // Whether the peer's connection has ended. Then the transport may give its routing id to another peer.
    virtual bool has_ended(const remote_peer& peer) = 0;
    // Sends without blocking. Called right after has_ended().
    virtual delivery send(remote_peer& to, outgoing& what, lent_payloads& lent) = 0;
    // There is no such peer at the socket any more.
    virtual void gone(remote_peer& peer) = 0;
    // Ends the connection of a peer that was cut.
    virtual void end_connection(remote_peer& peer) = 0;

   protected:
    ~transport() = default;
  };

  // All outlive this. `owed` counts what waits for all peers, as the peers in `all` do.
  outbox(const broker_options& options, remote_peers& all, const byte_total& owed, io_counters& counted, listener& told,
         transport& through) noexcept
      : options_(options), peers_(all), owed_(owed), counted_(counted), listener_(told), transport_(through) {}

  // --- at any time, also while the core works: these report nothing

  // Queues an envelope for a gate/2 peer. May send a full batch.
  void add(remote_peer& to, const message& m, instant now) {
    sending& its = to.sending;
    if (!its.flows() || to.ends_when_read) {
      if (!keeps(to, m.type == message_type::request)) return;
    }
    ++counted_.envelopes_sent;
    const bool full = its.out.append(m);
    if (m.type == message_type::welcome) agree(to, m);
    touch(to);
    if (full) relieve(to, now);
  }
  // Queues messages of another dialect. `request`: the request that they state; null if they state none.
  void add(remote_peer& to, const wire::frame_list& messages, const message* request, instant now);
  // The next flush reports flushed(), whether something waits or not.
  void touch(remote_peer& to) {
    if (to.sending.dirty) return;
    to.sending.dirty = true;
    dirty_.push_back(to.id);
  }
  // Ends the peer's connection once its bye has had time to leave. The core has forgotten the peer.
  void cut_after_bye(remote_peer& who);

  // --- what the peer says of its reading

  // The peer knows pieces and marks: it was welcomed so.
  static bool is_paced(const remote_peer& p) noexcept { return p.sending.out.is_paced(); }
  // The peer has answered a mark. False if there was no such mark.
  bool answered(remote_peer& by, const message& marked, instant now);
  // For pulse::awaits().
  static std::uint64_t awaited(const remote_peer& p) noexcept { return p.sending.out.awaited(); }
  // The kernel was looked at: what of the peer's bytes has moved.
  void looked_at(remote_peer& p, const gate::peer::pulse::change& since, instant now);

  // --- at the end of a turn

  void retry(instant now);  // parked batches whose time has come
  void finish_cuts(instant now);
  void flush(instant now);
  // If more bytes wait for all peers than may, the peers with the most are cut.
  void bound(instant now);
  // The turn is over. The time that a bye has begins with the next one.
  void end_turn() noexcept { ++turn_; }

  // The peer's connection has ended: reports the requests that have not left, and drops the rest.
  void take_unsent(remote_peer& gone);

  bool has_work() const noexcept { return !dirty_.empty(); }
  // Whether the transport has sent all that waited for peers that are neither cut nor gone.
  bool all_taken() const;
  // When retry() or finish_cuts() has to be called again.
  instant next_deadline(instant now) const;

  // A ROUTER does not tell when a peer can take more. So parked batches are tried again, after a pause that grows.
  static constexpr duration retry_pause_min = std::chrono::milliseconds(1);
  static constexpr duration retry_pause_max = std::chrono::milliseconds(50);
  // How long a peer may read its bye before its connection is cut.
  static constexpr duration bye_time = std::chrono::milliseconds(100);

 private:
  class to_transport;
  struct pending_cut {
    peer_id who;
    std::uint64_t since_turn;
    instant when;  // max() until the turn after that
  };

  static void agree(remote_peer& to, const message& welcome);
  void relieve(remote_peer& to, instant now);
  bool keeps(remote_peer& to, bool request);
  void flush(remote_peer& to, instant now);
  bool is_too_slow(const remote_peer& p, instant now) const noexcept;
  void drop_too_slow(remote_peer& p, instant now);
  void drop(remote_peer& p, const std::string& why, instant now);

  const broker_options& options_;
  remote_peers& peers_;
  const byte_total& owed_;
  io_counters& counted_;
  listener& listener_;
  transport& transport_;
  std::vector<peer_id> dirty_, flushing_;
  std::vector<peer_id> parked_;
  std::deque<pending_cut> cuts_;
  std::uint64_t turn_ = 0;
};

}  // namespace gate::broker
