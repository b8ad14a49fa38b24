// Connects the broker's sockets with its core. It wires the objects of this folder: it reads messages, gives them to
// the object that handles them, ends each turn of the loop, and leaves. Decides nothing that the core could decide. One
// loop's thread.
//
//   broker_events     reports: log lines, audit log, hooks
//   connection_watch  connections made, refused and ended
//   silence_watch     peers without a sign of life
//   admission         who a message comes from, and whether the peer may stay
//   login_desk        logins within messages
//   gate2_peers       envelopes of gate/2 peers
//   backlog           their messages that are too long for a turn
//   foreign_peers     peers of other dialects, both ways
//   internal_port     the connection of the service `gate`
//   outbox            what leaves: batches, parked peers, cuts
//
// What they have to tell each other goes through small listener interfaces, which the engine implements (wiring.cpp).
// Nobody calls the core while it works: what the core calls only queues and marks, and guarded_core asserts that.
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gate/broker_options.hpp>
#include <gate/event.hpp>
#include <gate/loop.hpp>
#include <gate/task.hpp>

#include "broker/core/core.hpp"
#include "broker/core/guarded_core.hpp"
#include "broker/engine/admission.hpp"
#include "broker/engine/backlog.hpp"
#include "broker/engine/broker_events.hpp"
#include "broker/engine/connection_watch.hpp"
#include "broker/engine/descriptor_budget.hpp"
#include "broker/engine/gate2_peers.hpp"
#include "broker/engine/internal_port.hpp"
#include "broker/engine/io_counters.hpp"
#include "broker/engine/login_desk.hpp"
#include "broker/engine/memory_keeper.hpp"
#include "broker/engine/outbox.hpp"
#include "broker/engine/port.hpp"
#include "broker/engine/principal_allowance.hpp"
#include "broker/engine/remote_peers.hpp"
#include "broker/engine/silence_watch.hpp"
#include "broker/engine/store_access.hpp"
#include "broker/engine/unread.hpp"
#include "broker/foreign_peers/foreign_peers.hpp"
#include "broker/gatekeeper/gatekeeper.hpp"
#include "common/transport/zmq_context.hpp"

namespace gate::broker {

class engine final : private output,
                     private outbox::listener,
                     private outbox::transport,
                     private foreign_peers::host,
                     private connection_watch::listener,
                     private silence_watch::listener,
                     private admission::listener,
                     private login_desk::listener,
                     private gate2_peers::listener,
                     private backlog::listener {
 public:
  // Makes the gatekeeper, then binds every address, or none. Throws bind_error. `listener` is told what the core tells
  // its observer; it may be null.
  engine(loop& where, const broker_options& options, observer* listener = nullptr);
  ~engine() override;

  bound_addresses endpoints() const;
  task<void> run();
  void drain();
  void stop();

  const core& state() const noexcept { return state_; }
  const io_counters& counted() const noexcept { return counted_; }
  std::size_t connected() const noexcept { return connections_.connected(); }
  // Bytes that wait for all peers, with those that the transport has taken and not sent.
  std::size_t owed_bytes() const noexcept { return held_.owed.bytes(); }
  // Bytes that were received and are not handled yet.
  std::size_t unread_bytes() const noexcept { return backlog_.bytes(); }
  // How many connections may stay: the option peers_max, or less if the process may not open so many files.
  std::size_t peers_max() const noexcept { return budget_.peers_max; }
  const security::gatekeeper& door() const noexcept { return door_; }
  security::gatekeeper& door() noexcept { return door_; }
  // Whether that principal may know of the service.
  bool may_see(std::string_view principal, std::string_view name_space, std::string_view service) const;
  // The namespace of names that this principal states without one.
  std::string_view home_of(std::string_view principal) const noexcept;
  loop& where() const noexcept { return loop_; }
  internal_port& internal() noexcept { return internal_; }

 private:
  // --- reading
  task<void> read(port& from);
  bool receive(port& from);
  void handle(port& from);
  void end(remote_peer& gone);
  void explain_by_memory(const remote_peer& gone);
  void refuse_frames(remote_peer& sender);

  // --- the end of a turn
  void end_turn();
  void keep_memory();
  void set_alarm();

  // --- leaving
  void on_store_change(std::shared_ptr<const security::snapshot> store);
  void check_drain();
  task<void> farewell();
  task<void> all_gone();

  // --- wires (wiring.cpp): the core's output
  void send(peer_id to, const message& m) override;
  void cut(peer_id who, errc why, std::string_view text) override;
  // outbox::listener
  void flushed(peer_id peer) override;
  void unsent(peer_id worker, const message& request) override;
  void too_slow(const remote_peer& peer, const std::string& why) override;
  void dropped(peer_id peer, const std::string& why) override;
  // outbox::transport
  bool has_ended(const remote_peer& peer) override;
  delivery send(remote_peer& to, outgoing& what, lent_payloads& lent) override;
  void gone(remote_peer& peer) override;
  void end_connection(remote_peer& peer) override;
  // foreign_peers::host
  foreign_link* link_of(peer_id peer) override;
  bool has_ended(peer_id peer) override;
  std::string_view principal_of(peer_id peer) override;
  void send(peer_id to, const wire::frame_list& messages, const message* request) override;
  void touch(peer_id peer) override;
  void not_understood(peer_id peer, std::string_view why) override;
  // connection_watch::listener
  void ended(remote_peer& gone) override;
  void all_left() override;
  // silence_watch::listener
  void arrives(remote_peer& from) override;
  void silent(remote_peer& peer, const std::string& why) override;
  // admission::listener
  void opened(const remote_peer& fresh, const peer_context& context) override;
  void replaced(remote_peer& former) override;
  // login_desk::listener
  void logged_in(remote_peer& peer, std::string_view principal) override;
  void accepted(remote_peer& sender, wire::frames_view frames) override;
  void declined(remote_peer& sender, wire::frames_view frames, refusal why, std::string_view text) override;
  void turned_away(remote_peer& peer, refusal why, std::string_view text) override;
  // gate2_peers::listener
  void broken_off(remote_peer& peer, refusal why, std::string_view text) override;
  // backlog::listener
  std::size_t handle(remote_peer& sender, unread_batch& waiting) override;
  void too_much(remote_peer& sender, const std::string& why) override;
  void read_to_end(remote_peer& gone) override;

  loop& loop_;
  broker_options options_;
  gate::peer::context_user context_;
  security::gatekeeper door_;
  std::unique_ptr<store_access> rights_;          // null: no store
  std::unique_ptr<principal_allowance> allowed_;  // null: no limits of principals
  const descriptor_budget budget_;
  broker_events events_;
  core state_;
  guarded_core core_;  // the same; events go through it
  std::vector<std::unique_ptr<port>> ports_;
  held_by_all held_;
  remote_peers peers_;
  io_counters counted_;
  turn_budget budget_of_turn_;
  memory_keeper memory_;

  internal_port internal_;
  outbox outbox_;
  foreign_peers foreign_;
  connection_watch connections_;
  silence_watch lives_;
  login_desk logins_;
  admission admission_;
  gate2_peers gate2_;
  backlog backlog_;

  bool draining_ = false;
  bool shut_down_ = false;
  std::exception_ptr fault_;  // thrown while a port was read
  std::string failure_;       // why run() has to end
  instant drain_until_{};
  async_event finished_;
  async_event all_left_;

  turn_hook hook_;
  timer_key alarm_;
  instant alarm_at_ = instant::max();
};

}  // namespace gate::broker
