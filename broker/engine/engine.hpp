// Connects the broker's sockets with its core: reads and parses messages, gives them to the core, and carries out what
// the core says. Decides nothing that the core could decide. One loop's thread.
#pragma once

#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <zmq.hpp>

#include <gate/broker_options.hpp>
#include <gate/event.hpp>
#include <gate/loop.hpp>
#include <gate/task.hpp>

#include "broker/core/core.hpp"
#include "broker/engine/descriptor_budget.hpp"
#include "broker/engine/io_counters.hpp"
#include "broker/engine/memory_keeper.hpp"
#include "broker/engine/port.hpp"
#include "broker/engine/principal_allowance.hpp"
#include "broker/engine/remote_peers.hpp"
#include "broker/engine/store_access.hpp"
#include "broker/foreign_peers/foreign_services.hpp"
#include "broker/gatekeeper/gatekeeper.hpp"
#include "common/log/log_limiter.hpp"
#include "common/transport/zmq_context.hpp"

namespace gate::broker {

class engine final : private output, private observer {
 public:
  // Makes the gatekeeper, then binds every address, or none. Throws bind_error. `listener` is told what the core tells
  // its observer; it may be null.
  engine(loop& where, const broker_options& options, observer* listener = nullptr);
  ~engine() override;

  bound_addresses endpoints() const;
  task<void> run();
  void drain();
  void stop();

  const core& state() const noexcept { return core_; }
  const io_counters& counted() const noexcept { return counted_; }
  std::size_t connected() const noexcept;
  // Bytes that wait for all peers, with those that the transport has taken and not sent.
  std::size_t owed_bytes() const noexcept { return owed_.bytes(); }
  // Bytes that were received and are not handled yet.
  std::size_t unread_bytes() const noexcept { return unread_bytes_; }
  // How many connections may stay: the option peers_max, or less if the process may not open so many files.
  std::size_t peers_max() const noexcept { return budget_.peers_max; }
  const security::gatekeeper& door() const noexcept { return door_; }
  security::gatekeeper& door() noexcept { return door_; }
  // Whether that principal may know of the service.
  bool may_see(std::string_view principal, std::string_view name_space, std::string_view service) const;
  // The namespace of names that this principal states without one.
  std::string_view home_of(std::string_view principal) const noexcept;
  loop& where() const noexcept { return loop_; }

  void open_internal();
  // Gives the core a message of the internal service, which is a worker like others for the core.
  void from_internal(const message& m, const descriptor* described = nullptr);
  // `deliver` is called at the end of a turn with each message of the core for the internal service.
  void set_internal(unique_function<void(const message&)> deliver) { deliver_internal_ = std::move(deliver); }

 private:
  // --- what the core wants done (delivery.cpp)
  void send(peer_id to, const message& m) override;
  void cut(peer_id who, errc why, std::string_view text) override;

  // --- what the core tells (engine.cpp)
  void worker_up(const worker_record& w) override;
  void worker_down(const worker_record& w, std::string_view why) override;
  void worker_stalled(const worker_record& w, bool stalled) override;
  void slot_given_back(const worker_record& w, std::string_view method, std::uint64_t so_far) override;
  void service_up(std::string_view service) override;
  void service_down(std::string_view service) override;
  void call_done(const call_record& call) override;
  void refused(const refusal_record& refusal) override;

  // --- reading (engine.cpp)
  task<void> read(port& from);
  bool receive(port& from);
  void handle(port& from);
  void handle_batch(port& from, remote_peer& sender);
  std::size_t handle_envelopes(remote_peer& sender, bytes_view batch, zmq::message_t* payload_frame);
  void refuse_frames(remote_peer& sender);
  void take_own(remote_peer& sender, const message& m);
  void take_piece(remote_peer& sender, const message& m);
  void refuse_pieces(remote_peer& sender, std::string_view why);
  void bound_requests();
  void break_off(remote_peer& sender, std::string_view why);
  void on_connection(port& at, const connection_event& event);
  void on_accept_failed(int error);
  static void on_handshake_failed(port& at, const connection_event& event);
  void tell_failed_handshake(const port& at, std::string_view why, const std::string& from);
  void on_disconnected(port& at, int descriptor);
  void end(remote_peer& gone);
  void end_all(port& at);
  void explain_by_memory(const remote_peer& gone);
  void expect_end(remote_peer& gone);

  // --- batches that are too long for a turn (long_batches.cpp)
  void set_aside(port& from, remote_peer& sender, std::size_t left_bytes);
  void put_behind(port& from, remote_peer& sender);
  void wait_in_line(remote_peer& sender, unread_batch added);
  void bound_unread(remote_peer& sender);
  void go_on_reading();
  void handle_unread(remote_peer& sender);
  void forget_unread(remote_peer& sender);

  // --- who they are, and whether they may be here (admission.cpp)
  remote_peer* admit(port& from, remote_peer* known);
  remote_peer* greet(port& from, int descriptor);
  bool is_bound_to(const port& from, const remote_peer& known) const noexcept;
  void introduce(remote_peer& fresh, std::string_view principal);
  bool has_room_for(port& at, int descriptor);
  void handle_login(remote_peer& sender, wire::frames_view frames);
  bool judge(remote_peer& sender, wire::frames_view frames);
  void on_verdict(peer_id id, const security::verdict& said);
  void act_on(remote_peer& sender, wire::frames_view frames, const security::verdict& said);
  void decline(remote_peer& sender, wire::frames_view frames, errc why, std::string_view text);
  void turn_away(remote_peer& sender, errc why, std::string_view text);
  void on_store_change(std::shared_ptr<const security::snapshot> store);

  // --- peers of other dialects (foreign_peers.cpp)
  void handle_foreign(remote_peer& sender, wire::frames_view frames);
  void take(remote_peer& sender, const wire::received& r);
  void ask(remote_peer& sender, const message& request);
  void say(remote_peer& to, const message& m);
  void queue(remote_peer& to, const wire::frame_list& messages, const message* request);
  void pace(remote_peer& worker, const message& m);
  void release(remote_peer& worker);
  void give_backs();
  void watch_worker(remote_peer& w);
  void tend(remote_peer& w);
  void tend_workers();
  void give_up(remote_peer& w);
  wire::frames_view views_of(const multipart& message);

  // --- signs of life (liveness.cpp)
  void watch_life(remote_peer& fresh);
  void look_for_life();
  void give_up_silent(remote_peer& p);
  static std::string name_of(const port& at, int descriptor);  // of a connection
  std::string losses_of(const remote_peer& p) const;

  // --- writing and waiting, at the end of each turn (delivery.cpp)
  void end_turn();
  void mark_dirty(remote_peer& to);
  void relieve(remote_peer& to);
  bool keeps(remote_peer& to, bool request);
  void flush_dirty();
  void flush(remote_peer& to);
  void flush_internal();
  void retry_parked();
  bool is_too_slow(const remote_peer& p) const noexcept;
  void drop_too_slow(remote_peer& p);
  void drop(remote_peer& p, const std::string& why);
  void bound_owed();
  void keep_memory();
  void finish_cuts();
  void cut_refused();
  void cut_silent();
  void complain(std::string_view what, std::string_view about);
  bool may_log();
  void check_drain();
  bool all_taken() const;
  void set_alarm();
  task<void> farewell();
  task<void> all_gone();

  struct pending_cut {
    peer_id who;
    std::uint64_t since_turn;
    instant when;  // max() until the turn after that
  };

  loop& loop_;
  broker_options options_;
  observer* const listener_;
  gate::peer::context_user context_;
  security::gatekeeper door_;
  std::unique_ptr<store_access> rights_;          // null: no store
  std::unique_ptr<principal_allowance> allowed_;  // null: no limits of principals
  security::address_quota addresses_;
  waiting_room waiting_;
  const descriptor_budget budget_;
  core core_;
  std::vector<std::unique_ptr<port>> ports_;
  byte_total owed_;  // to all peers
  pieces_held pieces_;
  byte_total paced_;  // answers of foreign workers that answer_pace holds back
  buffer_pool spare_;
  remote_peers peers_;
  memory_keeper memory_;
  io_counters counted_;
  log_limiter lines_;

  turn_budget budget_of_turn_;
  std::deque<peer_id> unread_;    // peers with batches that are not handled yet; the front is handled next
  std::size_t unread_bytes_ = 0;  // of all these batches

  foreign_services foreign_services_{core_, rights_.get()};
  std::vector<bytes_view> views_;                   // of the foreign message being handled
  wire::frame_list replies_, composed_;             // scratch: answers to a foreign message, a message of the core
  std::vector<std::pair<peer_id, message>> backs_;  // for the core, from peers whose dialect cannot express its message
  std::vector<peer_id> released_;                   // foreign workers with answers that may pass now
  std::vector<peer_id> watched_;                    // foreign workers
  instant tend_at_ = instant::max();                // when something is due for one of them
  bool told_of_old_gaterpc_ = false;
  instant look_at_ = instant::max();  // when the next connection is looked at for signs of life
  std::uint64_t turned_away_ = 0;     // connections turned away for lack of descriptors, since the last log line
  instant tell_turned_away_at_ = instant::min();

  std::vector<peer_id> dirty_, flushing_;
  std::vector<peer_id> parked_;
  std::deque<pending_cut> cuts_;
  std::uint64_t turn_ = 0;
  out_queue internal_out_;
  std::optional<outgoing> internal_now_;  // the batch of internal_out_ that is being delivered
  std::size_t internal_done_bytes_ = 0;   // of that batch
  unique_function<void(const message&)> deliver_internal_;

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
