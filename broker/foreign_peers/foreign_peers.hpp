// Peers of other dialects, both ways: their messages are translated for the core, and each message of the core to them
// is composed at once, since its form depends on the messages before it. Workers among them get heartbeats, and are
// given up if they are silent. No socket and no clock of its own.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <gate/clock.hpp>
#include <gate/protocol.hpp>

#include "broker/core/access.hpp"
#include "broker/core/guarded_core.hpp"
#include "broker/foreign_peers/foreign_counters.hpp"
#include "broker/foreign_peers/foreign_link.hpp"
#include "broker/foreign_peers/foreign_services.hpp"

namespace gate::broker {

class foreign_peers {
 public:
  // What is behind the ids of peers.
  class host {
   public:
    // Null if the peer is unknown, was cut, or speaks gate/2. Valid until the next message is read.
    virtual foreign_link* link_of(peer_id peer) = 0;
    // Whether its connection has ended. Messages that came before may still be read.
    virtual bool has_ended(peer_id peer) = 0;
    virtual std::string_view principal_of(peer_id peer) = 0;
    // Queues messages. `request`: the request that they state; null if they state none. May be called while the core
    // works.
    virtual void send(peer_id to, const wire::frame_list& messages, const message* request) = 0;
    // Nothing was sent, but it counts as sent: core::flushed() follows at the end of the turn.
    virtual void touch(peer_id peer) = 0;
    // A message of this peer was wrong, which does not end the connection.
    virtual void not_understood(peer_id peer, std::string_view why) = 0;

   protected:
    ~host() = default;
  };

  // All outlive this. `rights` may be null: every peer may know of every service.
  foreign_peers(guarded_core& to, access* rights, host& where, foreign_counters& counted)
      : core_(to), host_(where), counted_(counted), services_(to.view(), rights) {}

  // A message of that peer. Not while the core works.
  void received(peer_id from, foreign_link& link, wire::frames_view frames, instant now);
  // A message of the core for that peer. If its dialect cannot express the message, that is told by after_core().
  void send(peer_id to, foreign_link& link, const message& m, instant now);
  // Sends the peer what its dialect has for a message that is not taken, if it has anything.
  void decline(peer_id peer, foreign_link& link, wire::frames_view frames, errc why, std::string_view text);

  // Gives the core what send() could not: replies for messages that a dialect cannot express, and answers of workers
  // for which there is credit now. Call it at the end of a turn, while has_work().
  void after_core(instant now);
  bool has_work() const noexcept { return !backs_.empty() || !released_.empty(); }

  // Does what is due for workers. Call it when next_deadline() is over; calls before that do no harm.
  void tick(instant now);
  instant next_deadline() const noexcept { return tend_at_; }

 private:
  void take(peer_id from, foreign_link& link, const wire::received& r, instant now);
  void ask(peer_id from, foreign_link& link, const message& request, instant now);
  void pace(peer_id worker, foreign_link& link, const message& m);
  void release(peer_id worker, foreign_link& link, instant now);
  void tend(peer_id worker, foreign_link& link, instant now);

  guarded_core& core_;
  host& host_;
  foreign_counters& counted_;
  foreign_services services_;
  wire::frame_list replies_, composed_;             // scratch: answers to a message, a message of the core
  std::vector<std::pair<peer_id, message>> backs_;  // for the core, from peers whose dialect cannot express its message
  std::vector<peer_id> released_;                   // workers with answers that may pass now
  std::vector<peer_id> watched_;                    // workers
  instant tend_at_ = instant::max();                // when something is due for one of them
};

}  // namespace gate::broker
