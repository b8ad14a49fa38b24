// What is behind `core`: one state machine, whose parts are spread over files by subject.
//
//   core.cpp           events in, and which part each belongs to
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

#include "broker/src/core/access.hpp"
#include "broker/src/core/core.hpp"
#include "broker/src/core/in_flight.hpp"
#include "broker/src/core/peers.hpp"
#include "broker/src/core/service.hpp"
#include "broker/src/core/timer.hpp"
#include "broker/src/core/worker_pool.hpp"

namespace gate::broker {

// Of an answer in an encoding that the request did not accept.
inline constexpr std::string_view unread_encoding =
    "the worker answers with compressed data (HugeData), which this caller does not read";

// What a stream may have under way when its consumer's dialect has no credit to say it in.
inline constexpr credit_grant default_window{limits::stream_window_items, limits::stream_window_bytes};

// The pieces as one string: texts are put together only when something went wrong.
std::string text_of(std::initializer_list<std::string_view> pieces);

class core::state {
 public:
  state(const options& settings, output& out, instant now)
      : settings_(settings), out_(out), wheel_(now, timer_step_bits), started_at_(now), now_(now) {}

  // --- events, as in core --------------------------------------------------------------------------------------------

  void opened(peer_id id, const peer_context& context, instant now);
  void received(peer_id id, const message& m, const descriptor* described, instant now);
  void malformed(peer_id id, std::string_view why, instant now);
  void rejected(peer_id id, errc why, std::string_view text, instant now);
  bool allows(peer_id id, const message& request, instant now);
  void rights_changed(instant now);
  void closed(peer_id id, instant now, std::string_view why);
  void arriving(peer_id id, instant now);
  void answering(peer_id id, call_id name, instant now);
  void unsent(peer_id id, const message& request, instant now);
  void flushed(peer_id id, instant now);
  void unread(peer_id id, const message& request, instant now);
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
  // What each event does first. Time never goes back.
  void enter(instant now) noexcept { now_ = now > now_ ? now : now_; }

  // --- core.cpp ------------------------------------------------------------------------------------------------------

  void from_client(peer& p, const message& m);
  void from_worker(peer& p, const message& m);

  // --- rights.cpp ----------------------------------------------------------------------------------------------------

  // The service that this peer means by what it says.
  struct service_key {
    std::string_view space, name;
  };
  static service_key meant_by(const peer& p, std::string_view said) noexcept;
  // Each: false when it was refused, and the peer told.
  bool may_call(peer& client, const service_key& what, const message& m);
  bool is_within_allowance(peer& client, const service_key& what, const message& m);
  bool may_offer(peer& p, const service_key& what);
  void review_offer(peer& p, std::string_view former_home);
  void tell_refused(observer::refusal_record::kind what, const peer& p, const service_key& of, std::string_view method,
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
  void violation(peer& p, std::string_view text);
  // Says bye, cuts the connection, and forgets the peer: it must not be touched afterwards.
  void dismiss(peer& p, errc why, std::string_view text);
  void say_bye(peer_id to, errc status, std::string_view text);
  void forget(peer& p, std::string_view why);
  // Ends what the peer is, as if its connection had ended; it is fresh again.
  void resign(peer& p, std::string_view why);

  // --- calls.cpp -----------------------------------------------------------------------------------------------------

  void on_request(peer& client, const message& m);
  // Whether the request was accepted; else it was refused, and its client told.
  bool take_in(peer& client, const service_key& what, service* known, const message& m, std::uint64_t hash);
  // What the client called last, if it calls that again; null otherwise.
  service* last_home(const peer& client, std::string_view said) const noexcept;
  method_place place_of(peer& client, const message& m, service& home);
  void on_cancel(peer& client, const message& m);
  void on_answer(worker& w, const message& m);
  void on_deadline(call& c);

  void refuse(peer& client, const message& m, errc status, std::string_view text);
  // The service of that name, made when it may yet come; null, and the request refused, when it is not to be expected.
  service* expect(peer& client, const service_key& what, service* known, const message& m);
  bool refused_by_queue(peer& client, const message& m, service& home, const lane& where);
  bool has_room(const service& home, std::size_t bytes, std::size_t calls_less, std::size_t bytes_less) const noexcept;
  void make_room(const peer& client, service& home, const lane& where, std::size_t bytes);
  call& accept(peer& client, const message& m, service& home, std::uint32_t method, std::uint64_t hash);
  void deliver(call& c, const message& m);
  // The worker's answer is in: its credit is free again, and so is the slot.
  void release_from_worker(call& c, bool begun = true);

  // Gives a loose call of that lane to a worker that has room. `request` may be c.kept. False: the call ended instead.
  bool give(call& c, worker& w, const lane& where, const message& request);
  void take_place(call& c, worker& w, call_way way);
  worker& leave_place(call& c, bool begun);
  bool give_queued(call& c, worker& w);
  // Gives waiting calls to that worker as long as it takes them.
  void serve(worker& w);

  // Ends a call of any stage with an error of the broker. Cancels it at its worker when it runs.
  void end(call& c, errc status, std::string_view text);
  // Records the outcome, and separates the call from its client: nothing is sent to it after that.
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
  bool may_queue(const call& c) const noexcept;
  // What goes on with calls that have no worker any more: each is given to another one, queued again in front, or
  // ended.
  void hand_over(service& s, std::vector<call*>& calls, worker* avoid);
  errc lost_status(const call& c) const noexcept;
  bool may_run_again(const call& c) const noexcept;
  void take_from_worker(call& c, bool begun = true);
  void worker_left(worker& w, std::string_view why);
  // No more calls for that worker, for good.
  void retire(worker& w);
  // The groups of its pool have changed: its lanes are worked out, at once or when that is not too often.
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

  const options settings_;
  output& out_;
  deadline_wheel wheel_;
  peer_table peers_;
  service_table services_;
  in_flight calls_;
  counters counted_;
  std::uint64_t epoch_ = 1;   // changes with each name that a client may remember the meaning of
  std::uint64_t rounds_ = 0;  // of looks for calls to be handed back

  instant started_at_;
  instant now_;
  std::size_t clients_ = 0, workers_ = 0;
  std::size_t queued_ = 0, queued_bytes_ = 0;
  std::size_t running_ = 0, abandoned_ = 0;
  std::size_t kept_bytes_ = 0;  // stored for calls that are not queued
  bool draining_ = false;
};

}  // namespace gate::broker
