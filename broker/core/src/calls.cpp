// A call's life: accepted, given to a worker, answered, cancelled, out of time.
#include <algorithm>
#include <array>
#include <chrono>
#include <new>
#include <string>
#include <utility>

#include <gate/assert.hpp>

#include "broker/core/reserved_names.hpp"
#include "broker/core/src/core_state.hpp"
#include "common/base/planted_bug.hpp"
#include "common/base/random.hpp"

namespace gate::broker {

namespace {

constexpr std::uint8_t request_flags = message_flag::idempotent | message_flag::one_way | message_flag::wants_stream |
                                       message_flag::client_stream | message_flag::named;

std::chrono::microseconds since(instant then, instant now) {
  return std::chrono::duration_cast<std::chrono::microseconds>(now - then);
}

}  // namespace

// --- accepted --------------------------------------------------------------------------------------------------------

void core::state::on_request(peer& client, const message& m) {
  const std::uint64_t hash = calls_.hash_of(client, m.call);
  if (calls_.find(client, m.call, hash) != nullptr) {
    return violation(client, refusal::call_number_in_use, "a request used the number of a call that is still open");
  }
  service* const known = last_home(client, m.service);
  const service_key what = known != nullptr ? service_key{known->space(), known->name()} : meant_by(client, m.service);
  if (what.name.empty()) {
    return refuse(client, m, refusal::bad_service_name, "a service is called NAME or NAMESPACE/NAME");
  }
  if (!may_call(client, what, m) || !is_within_allowance(client, what, m)) return;
  if (!take_in(client, what, known, m, hash)) give_back_allowance(client.context.principal, charge_of(m));
}

service* core::state::last_home(const peer& client, std::string_view said) const noexcept {
  return client.last.epoch == epoch_ && client.last.said == said ? client.last.home : nullptr;
}

method_place core::state::place_of(peer& client, const message& m, service& home) {
  last_target& last = client.last;
  if (last.epoch == epoch_ && last.home == &home) {
    if (!home.announces_methods()) return home.unannounced();
    if (last.method != nullptr && last.method->first == m.method) return last.method->second;
  } else if (!is_reserved(home.name())) {  // a reserved name is not remembered
    last.said = m.service;
    last.home = &home;
    last.epoch = epoch_;
  } else {
    return home.place_of(m.method);
  }
  last.method = home.find_method(m.method);
  return last.method != nullptr ? last.method->second : home.unannounced();
}

bool core::state::take_in(peer& client, const service_key& what, service* known, const message& m, std::uint64_t hash) {
  const auto refused = [&](refusal why, std::string_view text) {
    refuse(client, m, why, text);
    return false;
  };
  if (m.payload.size_bytes() > limits_.payload_bytes_max) {
    return refused(refusal::arguments_too_large,
                   text_of({"the arguments have ", std::to_string(m.payload.size_bytes()), " bytes, the broker takes ",
                            std::to_string(limits_.payload_bytes_max), " (payload_bytes_max)"}));
  }
  if (m.budget.has_value() && m.budget->count() <= 0) {
    return refused(refusal::budget_over, "the call's budget was over before it reached the broker");
  }
  if (draining_ && !is_reserved(what.name)) {
    return refused(refusal::broker_draining, "the broker is draining; connect to another one and call again");
  }
  if (client.calls_open >= limits_.client_calls_max) {
    return refused(refusal::client_calls_full,
                   text_of({"this client has ", std::to_string(client.calls_open),
                            " calls open (client_calls_max); wait for some of them to end"}));
  }
  service* const home = expect(client, what, known, m);
  if (home == nullptr) return false;
  const method_place place = place_of(client, m, *home);
  if (method_rule* const rule = home->rules.of(m.method)) {
    if (!is_within_rate(client, what, m, *rule)) return false;
  }
  lane& where = *place.where;
  // If calls wait in the lane, this one waits behind them. One of them may fit no worker until a thread comes free, and
  // must not be overtaken for ever.
  worker* const w = where.waiting.empty() ? home->pool.pick(where.offers, place.number, now_) : nullptr;
  if (w != nullptr) {
    call& c = accept(client, m, *home, place.number, hash);
    if (c.idempotent() && may_keep(c, stored_request::measure(m))) store(c, copy_of(m));
    give(c, *w, where, m);
    return true;
  }
  if (home->pool.members() > 0 && where.offers.empty() && !home->sorting.armed()) {
    return refused(refusal::no_method, text_of({"service '", m.service, "' has no method '", m.method,
                                                "'; its methods are listed by: gate describe ", m.service}));
  }
  if (refused_by_queue(client, m, *home, where)) return false;
  std::unique_ptr<stored_request> copy = copy_of(m);
  if (!copy) return refused(refusal::no_memory, "the broker has no memory to queue this call; call again later");
  call& c = accept(client, m, *home, place.number, hash);
  store(c, std::move(copy));
  enqueue(c, where, false);
  return true;
}

service* core::state::expect(peer& client, const service_key& what, service* known, const message& m) {
  service* home = known != nullptr ? known : services_.find(what.space, what.name);
  // A client that cannot be told an error waits for a service of any name. A client that can be told one does not wait
  // for a service only because such clients do.
  const bool patient = !client.context.errors;
  if (home != nullptr && home->awaited() && (patient || !home->for_the_patient)) return home;
  const instant start_over = started_at_ + limits_.service_grace;
  const instant until = patient ? now_ + limits_.service_grace : start_over;
  if (now_ >= until) {
    refuse(client, m, refusal::no_worker,
           text_of({"service '", m.service, "' has no worker; start one or check the name"}));
    return nullptr;
  }
  if (home == nullptr) {
    // Clients may make up any names: half of services_max is left to workers.
    if (services_.size() >= limits_.services_max - limits_.services_max / 2) {
      refuse(client, m, refusal::unknown_names_full,
             text_of({"service '", m.service, "' is not known yet, and the broker has no room for another such name (",
                      "half of services_max = ", std::to_string(limits_.services_max), ")"}));
      return nullptr;
    }
    home = &create_service(what);
  }
  start_grace(*home, until);
  home->for_the_patient = now_ >= start_over;
  return home;
}

service& core::state::create_service(const service_key& what) {
  return services_.create(what.space, what.name, service_rules(limits_, policies_, what.space, what.name, now_),
                          gate::peer::next_random(seed_));
}

bool core::state::refused_by_queue(peer& client, const message& m, service& home, const lane& where) {
  const std::size_t bytes = stored_request::measure(m);
  const bool client_has_room = client.stored_bytes + bytes <= limits_.client_bytes_max;
  std::optional<full_limit> limit = limit_on(home, {.bytes = bytes});
  if (limit && client_has_room && make_room(client, home, where, bytes)) limit.reset();
  if (!limit && !client_has_room) {
    limit = {refusal::client_bytes_full, "this client has as many bytes queued as it may (client_bytes_max)"};
  }
  if (!limit) return false;
  refuse(client, m, limit->why,
         text_of({"service '", m.service, "' has no free worker and ", limit->text, "; call again later"}));
  return true;
}

std::optional<core::state::full_limit> core::state::limit_on(const service& home,
                                                             const queue_change& change) const noexcept {
  const std::size_t more_bytes = change.is_kept ? 0 : change.bytes;
  if (home.queue.calls() - change.calls_leave + change.calls > home.rules.queue_max) {
    return full_limit{refusal::queue_full, "its queue is full (queue_max)"};
  }
  if (home.queue.bytes() - change.bytes_leave + change.bytes > home.rules.queue_bytes_max) {
    return full_limit{refusal::queue_bytes_full, "its queue holds as many bytes as it may (queue_bytes_max)"};
  }
  if (queued_ - change.calls_leave + change.calls > limits_.queue_total_max) {
    return full_limit{refusal::total_queue_full, "the broker's queues are full (queue_total_max)"};
  }
  if (queued_bytes_ + kept_bytes_ - change.bytes_leave + more_bytes > limits_.queue_total_bytes_max) {
    return full_limit{refusal::total_queue_bytes_full,
                      "the broker's queues hold as many bytes as they may (queue_total_bytes_max)"};
  }
  return std::nullopt;
}

// Makes room in a full queue: the latest calls of the client with the most in it end as `busy`. Returns false, and ends
// no call, if that would not make enough room, if a worker may have executed one of these calls, or if the client that
// calls would then have more in the queue than that one.
bool core::state::make_room(const peer& client, service& home, const lane& where, std::size_t bytes) {
  const client_share* const most = home.queue.heaviest();
  if (most == nullptr) return false;
  const std::size_t gains = where.waiting.weight_of(client) + bytes + client_share::call_weight;
  std::array<call*, 16> leaving;  // one large request may need the room of several small ones
  std::size_t count = 0, freed = 0, weight = most->weight();
  bool suffices = false;
  for (call* c = &client_turns::latest_of(*most); c != nullptr && count < leaving.size() && !suffices;
       c = client_turns::before(*c)) {
    const std::size_t loses = c->kept->bytes() + client_share::call_weight;
    if (c->executed || weight < gains + loses) return false;
    weight -= loses;
    freed += c->kept->bytes();
    leaving[count++] = c;
    suffices = !limit_on(home, {.bytes = bytes, .calls_leave = count, .bytes_leave = freed});
  }
  if (!suffices) return false;
  for (std::size_t i = 0; i < count; ++i) {
    ++counted_.displaced;
    end(*leaving[i], errc::busy,
        text_of({"service '", home.full_name(),
                 "' has no free worker, its queue is full, and this client has more in "
                 "it than others who call; call again later"}));
  }
  return true;
}

void core::state::refuse(peer& client, const message& m, refusal why, std::string_view text) {
  const errc status = row_of(why).status;
  counted_.reasons.count(why);
  ++counted_.refused[static_cast<std::size_t>(status)];
  if (m.has(message_flag::one_way)) return;
  message error;
  error.type = message_type::error;
  error.call = m.call;
  error.status = status;
  error.text = text;
  error.origin = origin::broker;
  out_.send(client.id, error);
}

call& core::state::accept(peer& client, const message& m, service& home, std::uint32_t method, std::uint64_t hash) {
  ++counted_.accepted;
  call& c = calls_.take();
  c.flags = m.flags & request_flags;
  if (const method_rule* const rule = home.rules.of(m.method)) c.flags = rule->flags_of(c.flags);
  c.accept = m.accept;
  // A one-way call has no parts: its client neither reads nor sends any.
  if (c.one_way()) c.flags &= static_cast<std::uint8_t>(~(message_flag::wants_stream | message_flag::client_stream));
  c.client = &client;
  c.client_call = m.call;
  client.calls.push_back(c);
  ++client.calls_open;
  if (!c.one_way()) calls_.enter(c, hash);  // a one-way call cannot be named again, by an answer or by its client
  c.home = &home;
  c.method.assign(m.method);
  c.number = method;
  c.attempt = m.attempt;
  c.charged_bytes = charge_of(m);
  c.accepted_at = c.given_at = c.queued_at = c.progress_at = now_;
  c.budgeted = m.budget.has_value();
  if (c.budgeted) c.ends_at = now_ + std::min(*m.budget, limits_.budget_max);
  if (c.wants_stream()) {
    const credit_grant stated{m.credit_items, m.credit_bytes};
    c.answers = credit_window(client.context.credit ? stated : default_window);
  }
  wheel_.arm(c, next_look(c));
  return c;
}

// --- given to a worker -----------------------------------------------------------------------------------------------

bool core::state::give(call& c, worker& w, const lane& where, const message& request) {
  // A worker collects huge arguments before the method runs. The call takes no thread of its own for that.
  call_way way = where.way_of(*w.group);
  if (way == call_way::thread && request.content == huge_content::value) way = call_way::slices;
  GATE_ASSERT(c.stage == call_stage::loose && w.serves() && w.work.has_room());
  if (request.content && !w.self->context.huge) {
    end(c, errc::unsupported,
        text_of({"the worker of service '", c.home->full_name(),
                 "' speaks a dialect without huge payloads: pass smaller arguments"}));
    return false;
  }
  c.stage = call_stage::running;
  ++running_;
  c.given_at = now_;
  c.holder = &w;
  take_place(c, w, way);
  if (std::exchange(c.given, true)) ++counted_.redispatched;

  message m = request;
  m.type = message_type::request;
  m.call = in_flight::rename(c);
  m.flags = c.flags;
  m.service = c.home->name();
  m.method = c.method;
  m.caller = c.client != nullptr ? std::string_view(c.client->context.principal) : std::string_view(c.orphan_caller);
  m.attempt = c.attempt;
  m.budget.reset();
  if (c.budgeted) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(c.ends_at - now_);  // rounded up
    m.budget = std::max(left, std::chrono::milliseconds(1));
  }
  const credit_grant window = c.answers.whole();
  m.credit_items = window.items;
  m.credit_bytes = window.bytes;
  out_.send(w.self->id, m);

  if (c.client_ended) forward_client_end(c);
  if (c.client_stream() && !w.self->context.credit) open_arguments(c);
  if (c.kept && !c.idempotent()) drop_stored(c);
  return true;
}

bool core::state::give_queued(call& c, worker& w) {
  if (c.budgeted && c.ends_at <= now_) {
    end(c, errc::timed_out, "no worker was free within the call's budget");
    return false;
  }
  const lane& where = *c.waits_in;
  c.home->queue.served(c);
  dequeue(c);
  return give(c, w, where, c.kept->view());
}

void core::state::serve(worker& w) {
  service& home = *w.home;
  bool placed = false;  // in the orders of its group
  while (w.serves()) {
    call* const c = home.queue.next_for(w);
    if (c == nullptr) break;
    placed = give_queued(*c, w);
  }
  if (!placed) home.pool.done(w);
}

void core::state::take_place(call& c, worker& w, call_way way) {
  c.way = way;
  c.recalled = c.answering = false;
  w.work.given(way, now_);
  w.calls_of(way).push_back(c);
  if (w.recalls && !w.armed() && w.work.is_ahead()) wheel_.arm(w, now_ + limits::work_ahead);
  w.home->pool.given(w);
}

// The caller must then call serve() for the worker, or done() of its pool.
worker& core::state::leave_place(call& c, bool begun) {
  worker& w = *std::exchange(c.holder, nullptr);
  intrusive_list<call, by_worker>::unlink(c);
  if (begun) {
    w.work.ended(c.way, now_);
  } else {
    w.work.returned(c.way);
  }
  return w;
}

// --- answered --------------------------------------------------------------------------------------------------------

void core::state::on_answer(worker& w, const message& m) {
  call* const c = calls_.held_by(w, m.call);
  if (c == nullptr) {
    ++counted_.late_answers;
    return;
  }
  if (c->stage == call_stage::abandoned) {
    ++counted_.late_answers;
#ifdef GATE_PLANTED_BUGS
    const peer* const late = peers_.find(peer_id{c->late_client});
    if (is_planted(planted_bug::sends_late_answers) && late != nullptr && !c->one_way()) {
      message again = m;
      again.call = c->client_call;
      out_.send(late->id, again);
    }
#endif
  } else {
    deliver(*c, m);
  }
  // A call that failed says nothing about how long the method takes.
  const bool had_thread = c->way == call_way::thread || c->answering;
  if (had_thread && m.type == message_type::final) w.work.ran(c->number, m.service_time);
  w.answered_at = now_;
  release_from_worker(*c);
  serve(w);
}

// Sends the answer to the client, and records the outcome. The call is loose afterwards and has no client. Its worker
// still has it in its list.
void core::state::deliver(call& c, const message& m) {
  errc status = errc::ok;
  std::string fault;
  if (m.payload.size_bytes() > limits_.payload_bytes_max) {
    status = errc::too_large;
    fault = text_of({"the result has ", std::to_string(m.payload.size_bytes()), " bytes, the broker takes ",
                     std::to_string(limits_.payload_bytes_max), " (payload_bytes_max); stream it, or raise the limit"});
  } else if (!c.reads(m.encoding)) {
    status = errc::unsupported;
    fault = unread_encoding;
  } else if (m.type == message_type::error) {
    status = m.status == errc::ok ? errc::internal : m.status;
  }
  if (c.client != nullptr && !c.one_way()) {
    message answer = m;
    answer.call = c.client_call;
    answer.flags = m.flags & message_flag::no_payload;
    answer.queue_time = since(c.accepted_at, c.given_at);
    answer.status = status;
    answer.origin = origin::worker;
    if (m.type == message_type::error && !c.client->context.insides) answer.payload = payload_view();
    if (!fault.empty()) {
      answer.type = message_type::error;
      answer.flags = 0;
      answer.payload = payload_view();
      answer.metadata = metadata_view();
      answer.text = fault;
      answer.origin = origin::broker;
    }
    out_.send(c.client->id, answer);
  }
  conclude(c, status);
  --running_;
  c.stage = call_stage::loose;
}

void core::state::release_from_worker(call& c, bool begun) {
  deadline_wheel::disarm(c);
  if (c.stage == call_stage::abandoned) {
    if (is_planted(planted_bug::loses_credit_at_deadline)) c.holder->work.given(call_way::capacity, now_);
    --abandoned_;
  }
  leave_place(c, begun);
  c.stage = call_stage::loose;
  calls_.release(c);
}

// --- ended by the broker ---------------------------------------------------------------------------------------------

void core::state::on_cancel(peer& client, const message& m) {
  call* const c = calls_.find(client, m.call);
  if (c != nullptr) end(*c, errc::cancelled, "the caller gave the call up");
}

void core::state::client_left(peer& client) {
  while (call* const c = client.calls.first()) {
    if (!c->one_way()) {
      end(*c, errc::cancelled, {});
      continue;
    }
    // A one-way call goes on without its client.
    c->orphan_caller = client.context.principal;
    detach_client(*c);
  }
}

void core::state::end(call& c, errc status, std::string_view text) {
  if (c.client != nullptr && c.client->state == peer_state::client && !c.one_way()) {
    message error;
    error.type = message_type::error;
    error.call = c.client_call;
    error.status = status;
    error.text = text;
    error.origin = origin::broker;
    error.queue_time = since(c.accepted_at, c.stage == call_stage::queued ? now_ : c.given_at);
    out_.send(c.client->id, error);
  }
#ifdef GATE_PLANTED_BUGS
  if (is_planted(planted_bug::sends_late_answers) && status == errc::timed_out && c.client != nullptr) {
    c.late_client = static_cast<std::uint64_t>(c.client->id);
  }
#endif
  if (c.stage == call_stage::running) {
    conclude(c, status);
    return abandon(c);
  }
  if (c.stage == call_stage::queued) dequeue(c);
  conclude(c, status);
  calls_.release(c);
}

void core::state::conclude(call& c, errc status) {
  ++counted_.ended[static_cast<std::size_t>(status)];
  const std::string_view caller =
      c.client != nullptr ? std::string_view(c.client->context.principal) : std::string_view(c.orphan_caller);
  give_back_allowance(caller, c.charged_bytes);
  if (observer_ != nullptr) {
    observer_->call_done({.service = c.home->full_name(),
                          .method = c.method,
                          .caller = caller,
                          .status = status,
                          .queue_time = since(c.accepted_at, c.holder == nullptr ? now_ : c.given_at),
                          .total_time = since(c.accepted_at, now_),
                          .one_way = c.one_way()});
  }
  deadline_wheel::disarm(c);
  drop_stored(c);
  detach_client(c);
}

void core::state::detach_client(call& c) {
  if (c.client == nullptr) return;
  if (!c.one_way()) calls_.remove(c);
  intrusive_list<call, by_client>::unlink(c);
  --c.client->calls_open;
  if (c.kept) c.client->stored_bytes -= c.kept->bytes();
  c.client = nullptr;
}

// Tells the worker to cancel a running call that has ended for its client. The call keeps its slot until the worker
// answers.
void core::state::abandon(call& c) {
  c.stage = call_stage::abandoned;
  --running_;
  ++abandoned_;
  message m;
  m.type = message_type::cancel;
  m.call = in_flight::name_of(c);
  const peer& holder = *c.holder->self;
  out_.send(holder.id, m);
  if (holder.context.owes) return;
  c.ends_at = now_;
  wheel_.arm(c, now_ + limits_.slot_timeout);
}

// Frees the slot of a call that ended long ago, and that its worker has not answered. Some workers of dialects without
// cancel never answer such a call. If the worker has sent nothing since, it may still be at work on the call, or gone:
// it is looked at again later.
void core::state::give_back_slot(call& c) {
  constexpr auto look_again = std::chrono::milliseconds(500);
  worker& w = *c.holder;
  const instant due = c.ends_at + limits_.slot_timeout;
  if (now_ < due) return wheel_.arm(c, due);
  if (std::max(w.heard_at, w.answered_at) <= c.ends_at) return wheel_.arm(c, now_ + look_again);
  message m;
  m.type = message_type::recall;  // the dialect's code may forget the call
  m.call = in_flight::name_of(c);
  out_.send(w.self->id, m);
  ++w.given_back;
  ++counted_.slots_given_back;
  if (observer_ != nullptr) observer_->slot_given_back(record_of(w), c.method, w.given_back);
  release_from_worker(c);
  serve(w);
}

// --- the queue, and what is stored -----------------------------------------------------------------------------------

void core::state::enqueue(call& c, lane& where, bool at_front) {
  GATE_ASSERT(c.stage == call_stage::loose && c.kept);
  if (at_front) {
    c.home->queue.push_front(c, where);
  } else {
    c.home->queue.push_back(c, where);
  }
  c.stage = call_stage::queued;
  c.queued_at = now_;
  ++queued_;
  queued_bytes_ += c.kept->bytes();
  kept_bytes_ -= c.kept->bytes();
  wheel_.arm(c, next_look(c));
}

void core::state::dequeue(call& c) {
  c.home->queue.remove(c);
  c.stage = call_stage::loose;
  --queued_;
  queued_bytes_ -= c.kept->bytes();
  kept_bytes_ += c.kept->bytes();
}

// Null if there is no memory for the copy.
std::unique_ptr<stored_request> core::state::copy_of(const message& request) noexcept {
  try {
    return std::make_unique<stored_request>(request);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void core::state::store(call& c, std::unique_ptr<stored_request> copy) {
  if (!copy) return;
  c.kept = std::move(copy);
  kept_bytes_ += c.kept->bytes();
  if (c.client != nullptr) c.client->stored_bytes += c.kept->bytes();
}

void core::state::drop_stored(call& c) {
  if (!c.kept) return;
  kept_bytes_ -= c.kept->bytes();
  if (c.client != nullptr) c.client->stored_bytes -= c.kept->bytes();
  c.kept.reset();
}

bool core::state::may_keep(const call& c, std::size_t bytes) const noexcept {
  return queued_bytes_ + kept_bytes_ + bytes <= limits_.queue_total_bytes_max &&
         (c.client == nullptr || c.client->stored_bytes + bytes <= limits_.client_bytes_max);
}

}  // namespace gate::broker
