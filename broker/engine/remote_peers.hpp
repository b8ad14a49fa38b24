// The peers that are connected. A peer is found by its port and routing id, and by the id that the core knows it by. An
// id is never used again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <gate/broker_options.hpp>
#include <gate/clock.hpp>
#include <gate/protocol.hpp>

#include "broker/core/peer_id.hpp"
#include "broker/engine/lent_payloads.hpp"
#include "broker/engine/message_login.hpp"
#include "broker/engine/out_queue.hpp"
#include "broker/engine/unread.hpp"
#include "broker/foreign_peers/foreign_link.hpp"
#include "common/link/pulse.hpp"
#include "common/wire/piece_joiner.hpp"

namespace gate::broker {

// One of the broker's sockets.
using port_index = std::uint32_t;

// The pieces of envelopes that are not whole yet, from all peers.
struct pieces_held {
  // So many of the longest requests may be on their way in pieces, however little may wait.
  static constexpr std::size_t least_messages = 4;

  explicit pieces_held(std::size_t requests_most) noexcept : requests(requests_most) {}
  byte_total all;
  byte_total requests;  // among them
};

// The memory that is held for all peers together, and bounded. It outlives them.
struct held_by_all {
  explicit held_by_all(const broker_options& options)
      : owed(options.out_queue_total_bytes_max),
        pieces(std::max(options.queue_total_bytes_max, pieces_held::least_messages * options.frame_bytes_max)),
        paced(options.out_queue_total_bytes_max) {
    logins.bytes_max = options.queue_total_bytes_max;
  }
  std::size_t bytes() const noexcept { return owed.bytes() + pieces.all.bytes() + paced.bytes() + logins.bytes; }

  byte_total owed;  // to all peers
  pieces_held pieces;
  byte_total paced;     // answers of foreign workers that answer_pace holds back
  waiting_room logins;  // messages that wait until their logins are checked
  buffer_pool spare;    // not counted
};

// The messages on their way to a peer. The outbox alone changes it.
class sending {
 public:
  sending(buffer_pool& spare, byte_total& owed) : out(spare, &owed), lent(owed) {}

  std::size_t bytes() const noexcept { return out.bytes() + lent.bytes(); }

 private:
  friend class outbox;

  // Nothing that is queued for it waits, so any message is kept.
  bool flows() const noexcept { return !out.parked() && !out.held() && !overdrawn; }

  out_queue out;
  lent_payloads lent;      // what the transport has taken of `out` and not sent
  bool dirty = false;      // it is in the list of peers to flush
  bool overdrawn = false;  // more was composed for it than may wait, and some was dropped: it is cut at the turn's end
  duration retry_pause{};  // before the next attempt to send parked batches; zero: none is parked
  instant retry_at{};      // the time of that attempt
};

struct remote_peer {
  remote_peer(peer_id name, port_index at, std::string_view route, buffer_pool& spare, byte_total& owed,
              pieces_held* pieces)
      : id(name),
        port(at),
        routing_id(route),
        sending(spare, owed),
        joined(pieces != nullptr ? &pieces->all : nullptr),
        joined_request(pieces != nullptr ? &pieces->requests : nullptr) {}

  peer_id id;
  port_index port;
  std::string routing_id;
  std::unique_ptr<foreign_link> foreign;   // null: it speaks gate/2
  int descriptor = -1;                     // of its connection; -1 if that is not known (inproc) or has ended
  int came_over = -1;                      // the same, but kept after the end of the connection
  std::string address;                     // of the other end, as the transport tells it
  std::string principal;                   // empty until its first login was accepted
  std::optional<gate::peer::pulse> pulse;  // while its connection is known
  std::string end_reason;                  // why the broker ends its connection; empty if it does not
  std::unique_ptr<message_login> logins;   // null: its messages carry no logins
  std::unique_ptr<unread_batches> unread;  // null: all that was received from it has been handled
  bool cut = false;             // the core has forgotten it: its messages are discarded, queued ones may still leave
  bool ending = false;          // its connection has ended; messages that came before may still have to be read
  bool ends_when_read = false;  // its connection has ended; it is removed when `unread` has been handled
  broker::sending sending;
  gate::peer::piece_joiner joined;  // the pieces of an envelope that is not whole yet
  byte_share joined_request;        // of that, if it is a request

  // All that is held for it.
  std::size_t owed_bytes() const noexcept { return sending.bytes() + (foreign ? foreign->joined_bytes() : 0); }
};

class remote_peers {
 public:
  // Null when there is none.
  remote_peer* find(port_index port, bytes_view routing_id) const noexcept;
  remote_peer* find(peer_id id) const noexcept;

  // Adds a peer, which must not be there. It stays at its address until it is removed. `owed` counts what is held for
  // all peers, `pieces` what has come of envelopes from all peers. These two and `spare` outlive the peer.
  remote_peer& add(port_index port, bytes_view routing_id, buffer_pool& spare, byte_total& owed,
                   pieces_held* pieces = nullptr);
  void remove(remote_peer& gone) noexcept;
  // Another peer may have its routing id from now on. This one is found by its id only.
  void give_up_route(remote_peer& gone) noexcept;

  std::size_t size() const noexcept { return count_; }
  template <class Visit> void for_each(Visit visit) const {
    for (const auto& place : places_) {
      if (place) visit(*place);
    }
  }

 private:
  std::vector<std::unique_ptr<remote_peer>> places_{1};  // by place_of(id); the first is the internal service's
  std::vector<std::size_t> free_;
  std::vector<std::unordered_map<std::string_view, remote_peer*>> by_route_;  // by port; keys are the peers' own
  std::uint64_t next_serial_ = 1;
  std::size_t count_ = 0;
};

}  // namespace gate::broker
