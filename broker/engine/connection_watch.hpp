// Connections: made, refused, ended, and ended by the broker. The monitors of the ports tell of them. One loop's
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gate/broker_options.hpp>
#include <gate/clock.hpp>
#include <gate/loop.hpp>

#include "broker/engine/broker_events.hpp"
#include "broker/engine/descriptor_budget.hpp"
#include "broker/engine/io_counters.hpp"
#include "broker/engine/port.hpp"
#include "broker/engine/remote_peers.hpp"
#include "broker/security/quotas.hpp"

namespace gate::broker {

class connection_watch {
 public:
  class listener {
   public:
    // A peer's connection has ended and its last message was read. Called by last_read() only.
    virtual void ended(remote_peer& gone) = 0;
    // No connection is left.
    virtual void all_left() = 0;

   protected:
    ~listener() = default;
  };
  using all_ports = std::vector<std::unique_ptr<port>>;

  // All outlive this.
  connection_watch(const loop& where, const broker_options& options, const descriptor_budget& budget,
                   const all_ports& ports, remote_peers& peers, broker_events& events, io_counters& counted,
                   listener& told) noexcept
      : loop_(where),
        options_(options),
        budget_(budget),
        ports_(ports),
        peers_(peers),
        events_(events),
        counted_(counted),
        listener_(told),
        addresses_(options.peers_per_address_max) {}

  // An event of that port's monitor. It may come from within a send, while the core works: peers are marked, and none
  // is removed.
  void on_event(port& at, const connection_event& event);
  // The peer's connection is gone. Messages that came before may still wait in the socket, and an answer among them
  // must not be lost. So the peer is kept until these are read.
  void expect_end(remote_peer& gone);
  // Messages of that port were read. `drained`: nothing is left to read.
  void last_read(port& at, bool drained);
  // Ends the peer's connection. The monitor tells of its end. A peer on inproc has no connection: it is marked as
  // ended, and its next message counts as that of a new peer.
  void cut(remote_peer& p);

  // At the end of a turn: cuts connections that were refused, and those over which nothing came within hello_timeout.
  void cut_refused();
  void cut_silent(instant now);
  // When to call cut_silent().
  instant next_deadline() const;

  std::size_t connected() const noexcept;

 private:
  void on_accepted(port& at, int descriptor);
  void on_accept_failed(int error);
  static void on_handshake_failed(port& at, const connection_event& event);
  void on_disconnected(port& at, int descriptor);
  void tell_failed_handshake(const port& at, std::string_view why, const std::string& from);
  bool has_room_for(port& at, int descriptor);

  const loop& loop_;
  const broker_options& options_;
  const descriptor_budget& budget_;
  const all_ports& ports_;
  remote_peers& peers_;
  broker_events& events_;
  io_counters& counted_;
  listener& listener_;
  security::address_quota addresses_;
  std::uint64_t turned_away_ = 0;  // connections turned away for lack of descriptors, since the last log line
  instant tell_turned_away_at_ = instant::min();
};

}  // namespace gate::broker
