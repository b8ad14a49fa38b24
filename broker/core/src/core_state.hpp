// The implementation of `core`: one state machine, in several files by subject.
//
//   core.cpp           takes events, and passes each to its part
//   rights.cpp         who may call and offer what, and how much at once
//   registration.cpp   connections: hello, heartbeats, stalled, drain, bye, the end
//   calls.cpp          a call's life: accepted, given to a worker, answered, cancelled, out of time
//   handover.cpp       calls that lost their worker, and services that lost theirs
//   recall.cpp         calls that wait at one worker while another is idle
//   streams.cpp        parts and credit
//   views.cpp          what operators see
//   check.cpp          the invariants
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/core/access.hpp"
#include "broker/core/core.hpp"
#include "broker/core/src/in_flight.hpp"
#include "broker/core/src/peer_table.hpp"
#include "broker/core/src/service.hpp"
#include "broker/core/src/timer.hpp"
#include "broker/core/src/worker_pool.hpp"

namespace gate::broker {

// The error of a call whose answer has an encoding that the request did not accept.
inline constexpr std::string_view unread_encoding =
    "the worker answers with compressed data (HugeData), which this caller does not read";

// The window of a stream whose consumer speaks a dialect without credit.
inline constexpr credit_grant default_window{limits::stream_window_items, limits::stream_window_bytes};

// Joins the pieces. For error texts.
std::string text_of(std::initializer_list<std::string_view> pieces);

class core::state {
 public:
  state(const broker_limits& limits, const service_policies& policies, access* rights, allowance* allowed,
        observer* watcher, output& out, instant now, std::uint64_t seed)
      : limits_(limits),
        policies_(policies),
        rights_(rights),
        allowance_(allowed),
        observer_(watcher),
        out_(out),
        wheel_(now, timer_step_bits),
        seed_(seed),
        started_at_(now),
        now_(now) {}

  // --- events, as in core --------------------------------------------------------------------------------------------

  void opened(peer_id id, const peer_context& context, instant now);
  void received(peer_id id, const message& m, const descriptor* described, instant now);
  void malformed(peer_id id, std::string_view why, instant now, refusal reason);
  void rejected(peer_id id, refusal why, std::string_view text, instant now);
  bool allows(peer_id id, const message& request, instant now);
  void rights_changed(instant now);
  void closed(peer_id id, instant now, std::string_view why);
  void arriving(peer_id id, instant now);
  void answering(peer_id id, call_id name, instant now);
  void unsent(peer_id id, const message& request, instant now);
  void flushed(peer_id id, instant now);
  void unread(peer_id id, const message& request, refusal why, std::string_view text, instant now);
  void forget_spare() { calls_.forget_spare(); }
  void tick(instant now);
  void drain(instant now);
  void shut_down(instant now);

  instant next_deadline() const noexcept { return wheel_.next(); }
  bool drained() const noexcept { return draining_ && queued_ == 0 && running_ == 0; }

  const counters& counted() const noexcept { return counted_; }
  std::vector<service_view> services() const;
  std::optional<service_view> find_service(std::string_view name_space, std::string_view name) const;
  std::vector<worker_view> workers() const;
  const descriptor* describe(std::string_view name_space, std::string_view name) const;
  totals measure() const noexcept;
  std::size_t workers_of(std::string_view name_space, std::string_view name) const;
  std::uint32_t held_by(peer_id holder) const noexcept;
  std::optional<peer_view> find_peer(peer_id id) const;
  std::optional<call_source> source_of(peer_id holder, call_id name) const;
  std::string check(instant now) const;

 private:
  // Each event begins with this. Time never goes back.
  void enter(instant now) noexcept { now_ = now > now_ ? now : now_; }

  // --- core.cpp ------------------------------------------------------------------------------------------------------

  void from_client(peer& p, const message& m);
  void from_worker(peer& p, const message& m);

  // --- rights.cpp ----------------------------------------------------------------------------------------------------

  // The namespace and the name of a service.
  struct service_key {
    std::string_view space, name;
  };
  static service_key meant_by(const peer& p, std::string_view said) noexcept;
  // Each returns false if it refused the peer, and told it so.
  bool may_call(peer& client, const service_key& what, const message& m);
  bool is_within_allowance(peer& client, const service_key& what, const message& m);
  bool may_offer(peer& p, const service_key& what);
  void review_offer(peer& p, std::string_view former_home);
  void tell_refused(refusal reason, const peer& p, const service_key& of, std::string_view method,
                    std::string_view why);
  std::size_t charge_of(const message& m) const noexcept;
  void give_back_allowance(std::string_view principal, std::size_t bytes);

  // --- registration.cpp ----------------------------------------------------------------------------------------------

  void on_hello(peer& p, const message& m, const descriptor* described);
  bool may_register(peer& p, const message& m);
  void register_worker(peer& p, const message& m, const descriptor* described);
  void welcome(peer& p, std::uint32_t capabilities);
  void on_heartbeat(peer& p);
  void on_worker_drain(worker& w);
  void on_bye(peer& p, const message& m);
  void on_life(peer& p);
  void on_beat(peer& p);
  void violation(peer& p, refusal why, std::string_view text);
  // Says bye, cuts the connection, and forgets the peer: it must not be touched afterwards.
  void dismiss(peer& p, refusal why, std::string_view text);
  // The same, without counting the reason.
  void send_away(peer& p, errc status, std::string_view text);
  void say_bye(peer_id to, errc status, std::string_view text);
  void forget(peer& p, std::string_view why);
  // Ends the peer's role as if its connection had ended. Its state is `fresh` afterwards.
  void resign(peer& p, std::string_view why);

  // --- calls.cpp -----------------------------------------------------------------------------------------------------

  void on_request(peer& client, const message& m);
  // Returns false if the request was refused, and its client told so.
  bool take_in(peer& client, const service_key& what, service* known, const message& m, std::uint64_t hash);
  // The service that the client called last, if it names that one again. Null otherwise.
  service* last_home(const peer& client, std::string_view said) const noexcept;
  method_place place_of(peer& client, const message& m, service& home);
  void on_cancel(peer& client, const message& m);
  void on_answer(worker& w, const message& m);
  void on_deadline(call& c);

  void refuse(peer& client, const message& m, refusal why, std::string_view text);
  // The service of that name. If it is unknown and workers may still come, it is created. Null if the request was
  // refused.
  service* expect(peer& client, const service_key& what, service* known, const message& m);
  service& create_service(const service_key& what);
  bool is_within_rate(peer& client, const service_key& what, const message& m, method_rule& rule);
  bool refused_by_queue(peer& client, const message& m, service& home, const lane& where);
  // Calls that are to wait for a service, and calls that leave its queue before.
  struct queue_change {
    std::size_t calls = 1, bytes = 0;
    std::size_t calls_leave = 0, bytes_leave = 0;
    bool is_kept = false;  // the requests are kept already: queue_total_bytes_max counts their bytes as it is
  };
  // A limit that has been reached, and how an error says so.
  struct full_limit {
    refusal why;
    std::string_view text;
  };
  // The limit of the queues that this change would exceed. Nothing: the calls may wait.
  std::optional<full_limit> limit_on(const service& home, const queue_change& change) const noexcept;
  bool make_room(const peer& client, service& home, const lane& where, std::size_t bytes);
  call& accept(peer& client, const message& m, service& home, std::uint32_t method, std::uint64_t hash);
  void deliver(call& c, const message& m);
  // The worker has answered. Its slot is free again, and so is the record of the call.
  void release_from_worker(call& c, bool begun = true);

  // Gives a loose call of that lane to a worker that has room. `request` may be that of c.kept. Returns false if the
  // call ended instead.
  bool give(call& c, worker& w, const lane& where, const message& request);
  void take_place(call& c, worker& w, call_way way);
  worker& leave_place(call& c, bool begun);
  bool give_queued(call& c, worker& w);
  // Gives waiting calls to that worker until none waits for it, or it takes no more.
  void serve(worker& w);

  // Ends a call of any stage with an error of the broker. If the call is running, its worker is told to cancel it.
  void end(call& c, errc status, std::string_view text);
  // Records the outcome, and separates the call from its client. Nothing is sent to the client for this call
  // afterwards.
  void conclude(call& c, errc status);
  void detach_client(call& c);
  void client_left(peer& client);
  void abandon(call& c);
  void give_back_slot(call& c);

  instant deadline_of(const call& c) const noexcept;
  instant next_look(const call& c) const noexcept;
  void wait_for_credit(call& c);
  void enqueue(call& c, lane& where, bool at_front);
  void dequeue(call& c);
  static std::unique_ptr<stored_request> copy_of(const message& request) noexcept;
  void store(call& c, std::unique_ptr<stored_request> copy);
  void drop_stored(call& c);
  bool may_keep(const call& c, std::size_t bytes) const noexcept;

  // --- handover.cpp --------------------------------------------------------------------------------------------------

  void on_returned(worker& w, const message& m);
  void place_again(call& c, worker& w, const message& returned);
  // Finds a place for calls that lost their worker. Each is given to another worker, queued in front, or ended. `avoid`
  // is chosen only if there is no other.
  void hand_over(service& s, std::vector<call*>& calls, worker* avoid);
  errc lost_status(const call& c) const noexcept;
  bool may_run_again(const call& c) const noexcept;
  void take_from_worker(call& c, bool begun = true);
  void worker_left(worker& w, std::string_view why);
  // The worker gets no calls any more.
  void retire(worker& w);
  // The groups of the service's pool have changed. Its lanes are worked out now, or later if that happens too often.
  void regroup(service& s);
  void on_sorting(service& s);
  void sort_out(service& s);
  void start_grace(service& s, instant until);
  void on_grace_over(service& s);
  void drop_if_unused(service& s);

  // --- recall.cpp ----------------------------------------------------------------------------------------------------

  void on_hold(worker& w);
  bool may_recall(const call& c) const noexcept;
  method_place place_at(const worker& w, const call& c) const noexcept;

  // --- streams.cpp ---------------------------------------------------------------------------------------------------

  void on_worker_part(worker& w, const message& m);
  void on_head(call& c, const message& m);
  void on_client_part(peer& client, const message& m);
  void on_worker_credit(worker& w, const message& m);
  void on_client_credit(peer& client, const message& m);
  void forward_client_end(const call& c);
  void grant_to_client(call& c, credit_grant more);
  void grant_to_worker(call& c, credit_grant more);
  void give_thread_back(call& c);
  void open_arguments(call& c);
  void refill(peer& p);

  // --- views.cpp -----------------------------------------------------------------------------------------------------

  static observer::worker_record record_of(const worker& w) noexcept;

  // --- check.cpp -----------------------------------------------------------------------------------------------------

  std::string check_peers(std::size_t held) const;
  std::string check_service(const service& s) const;

  const broker_limits limits_;
  const service_policies policies_;
  access* const rights_;        // null: everybody may do everything
  allowance* const allowance_;  // null: as much as the limits allow to each connection
  observer* const observer_;    // null: nobody is told
  output& out_;
  deadline_wheel wheel_;
  peer_table peers_;
  service_table services_;
  in_flight calls_;
  counters counted_;
  std::uint64_t epoch_ = 1;   // rises when a name may mean another service or method: last_target is out of date then
  std::uint64_t rounds_ = 0;  // how often on_hold() looked for calls to be handed back
  std::uint64_t registrations_ = 0;
  std::uint64_t seed_;  // of the balancer of the next service

  instant started_at_;
  instant now_;
  std::size_t clients_ = 0, workers_ = 0;
  std::size_t queued_ = 0, queued_bytes_ = 0;
  std::size_t running_ = 0, abandoned_ = 0;
  std::size_t kept_bytes_ = 0;  // stored for calls that are not queued
  bool draining_ = false;
};

}  // namespace gate::broker
