// Admission: who the peers are, and whether they may stay. A routing id belongs to the connection and the principal of
// its first message. One loop's thread.
#pragma once

#include <string_view>

#include <gate/broker_options.hpp>
#include <gate/loop.hpp>

#include "broker/core/access.hpp"
#include "broker/core/core.hpp"
#include "broker/engine/broker_events.hpp"
#include "broker/engine/connection_watch.hpp"
#include "broker/engine/io_counters.hpp"
#include "broker/engine/port.hpp"
#include "broker/engine/remote_peers.hpp"
#include "broker/engine/silence_watch.hpp"
#include "common/wire/gate2.hpp"

namespace gate::broker {

class admission {
 public:
  class listener {
   public:
    // The peer's principal is known: core::opened().
    virtual void opened(const remote_peer& fresh, const peer_context& context) = 0;
    // Another connection has taken the peer's routing id, so its own connection has ended. The peer is forgotten.
    virtual void replaced(remote_peer& former) = 0;

   protected:
    ~listener() = default;
  };

  // The objects that it calls. All outlive this. `rights` may be null.
  struct neighbours {
    const loop& where;
    const broker_options& options;
    access* rights;
    const core& known;  // for log lines
    const connection_watch::all_ports& ports;
    remote_peers& peers;
    held_by_all& held;
    connection_watch& connections;
    silence_watch& lives;
    broker_events& events;
    io_counters& counted;
    listener& told;
  };
  explicit admission(const neighbours& with) noexcept : with_(with) {}

  // The sender of the message that the port has received. If its routing id is unknown, or the message came over a new
  // connection, the message is the first of a new peer. Null: discard the message.
  remote_peer* sender_of(port& from) {
    remote_peer* const known = with_.peers.find(from.index(), from.sender_id());
    // A foreign message does not tell whether it is the first of a new connection.
    if (known == nullptr || known->foreign || wire::gate2::recognises(from.first_frame()) ||
        (from.is_guarded() && !is_bound_to(from, *known))) {
      return admit(from, known);
    }
    return known;
  }
  // The peer's principal is known now.
  void introduce(remote_peer& fresh, std::string_view principal);

 private:
  remote_peer* admit(port& from, remote_peer* known);
  remote_peer* greet(port& from, int descriptor);
  void refuse_dialect(port& from, int descriptor, bool old_gaterpc);
  static bool is_bound_to(const port& from, const remote_peer& known) noexcept;

  neighbours with_;
  bool told_of_old_gaterpc_ = false;
};

}  // namespace gate::broker
