// Who is connected: a peer is found by where its messages come from (port, routing id) and by the id that the core
// knows it by, which is never used again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <gate/clock.hpp>
#include <gate/protocol.hpp>

#include "broker/src/core/peer_id.hpp"
#include "broker/src/dialects/foreign_link.hpp"
#include "broker/src/lent_payloads.hpp"
#include "broker/src/message_login.hpp"
#include "broker/src/out_queue.hpp"
#include "broker/src/unread.hpp"
#include "common/src/peer/pacer.hpp"
#include "common/src/peer/pulse.hpp"

namespace gate::broker {

// One of the broker's sockets.
using port_index = std::uint32_t;

struct remote_peer {
  remote_peer(peer_id name, port_index at, std::string_view route, buffer_pool& spare, byte_total& owed,
              byte_total* in_pieces)
      : id(name), port(at), routing_id(route), out(spare, &owed), lent(owed), joined(in_pieces) {}

  peer_id id;
  port_index port;
  std::string routing_id;
  std::unique_ptr<foreign_link> foreign;   // null: it speaks gate/2
  int descriptor = -1;                     // of its connection; -1 when that is not known (inproc) or has ended
  int came_over = -1;                      // the same, after its end too
  std::string address;                     // where it is connected from, as the transport says
  std::string principal;                   // who it is; empty until its first login was accepted
  std::optional<gate::peer::pulse> pulse;  // while its connection is known
  std::string end_reason;                  // why its connection ends, where we end it
  std::unique_ptr<message_login> logins;   // where each message is one
  std::unique_ptr<unread_batches> unread;  // null: all that was received from it has been handled
  bool cut = false;             // the core has forgotten it: what it sends is discarded, what it is owed may leave
  bool ending = false;          // its connection has ended; messages that came before may still have to be read
  bool ends_when_read = false;  // its connection has ended, and it is forgotten when `unread` has been handled
  bool dirty = false;           // stands in the list of peers to flush
  bool watched = false;         // stands in the list of foreign workers
  bool overdrawn = false;  // more is owed to it than may wait, and some of it was not kept: it is cut at the turn's end
  duration retry_pause{};  // before the next attempt to send what is parked
  instant retry_at{};      // the time of that attempt; meaningful while out.parked()
  out_queue out;
  lent_payloads lent;               // of what has left `out`
  gate::peer::piece_joiner joined;  // what has come of an envelope in pieces

  // All that is held for it.
  std::size_t owed_bytes() const noexcept {
    return out.bytes() + lent.bytes() + (foreign ? foreign->joined_bytes() : 0);
  }
};

class peers {
 public:
  // Null when there is none.
  remote_peer* find(port_index port, bytes_view routing_id) const noexcept;
  remote_peer* find(peer_id id) const noexcept;

  // A peer that find() does not find there. Stays at its address until it is removed.
  // `owed` is what is held for all, `in_pieces` what has come of envelopes from all; they and `spare` outlive the peer.
  remote_peer& add(port_index port, bytes_view routing_id, buffer_pool& spare, byte_total& owed,
                   byte_total* in_pieces = nullptr);
  void remove(remote_peer& gone) noexcept;
  // Its routing id may be another's from now on: it is found by its id alone.
  void give_up_route(remote_peer& gone) noexcept;

  std::size_t size() const noexcept { return count_; }
  template <class Visit> void for_each(Visit visit) const {
    for (const auto& place : places_) {
      if (place) visit(*place);
    }
  }

 private:
  // An id is a serial number above the place, so that an id of the past finds nothing.
  static constexpr unsigned place_bits = 20;
  static std::size_t place_of(peer_id id) noexcept {
    return static_cast<std::size_t>(static_cast<std::uint64_t>(id) & ((1u << place_bits) - 1));
  }

  std::vector<std::unique_ptr<remote_peer>> places_;
  std::vector<std::size_t> free_;
  std::vector<std::unordered_map<std::string_view, remote_peer*>> by_route_;  // by port; keys are the peers' own
  std::uint64_t next_serial_ = 1;                                             // 0 would make internal_peer
  std::size_t count_ = 0;
};

}  // namespace gate::broker
