// Checks the invariants of the core. Looks at everything, so it is slow: for tests and the simulator.
#include <cstddef>
#include <cstdint>
#include <string>

#include "broker/core/src/core_state.hpp"

namespace gate::broker {

namespace {

std::string check_call(const call& c) {
  const bool queued = c.stage == call_stage::queued;
  const bool held = c.stage == call_stage::running || c.stage == call_stage::abandoned;
  if (c.home == nullptr) return "a call has no service";
  if (held != (c.holder != nullptr)) return "a call's stage and its worker disagree";
  if (held && c.holder->home != c.home) return "a call is held by a worker of another service";
  if (queued != (c.waits_in != nullptr)) return "a call's stage and its queue disagree";
  if (queued && !c.kept) return "a queued call has lost its request";
  if (queued != (c.line != nullptr)) return "a call's stage and its client's turn disagree";
  if (c.stage == call_stage::abandoned) {
    if (c.client != nullptr || c.kept) return "an abandoned call still has a client or a request";
    if (c.armed() != !c.holder->self->context.owes) return "an abandoned call has a deadline, or lacks one";
    return {};
  }
  if (!c.armed()) return "an open call has no deadline";
  if (c.client == nullptr && !c.one_way()) return "an open call has no client";
  if (c.stage == call_stage::running && c.kept && !c.idempotent()) return "a request is kept for nothing";
  return {};
}

// Counts the calls that a worker holds, by its lists.
std::string check_work(const worker& w, std::size_t& has) {
  std::size_t on_threads = 0, in_pool = 0;
  for (const call_way way : {call_way::capacity, call_way::thread, call_way::slices}) {
    for (const call& c : w.calls_of(way)) {
      if (c.holder != &w) return "a call is in the list of another worker";
      if (c.way != way) return "a call is in the wrong list of its worker";
      ++has;
      if (way != call_way::capacity) ++in_pool;
      if (way == call_way::thread) ++on_threads;
    }
  }
  const held_work& work = w.work;
  if (has != work.held()) return "a worker's credit disagrees with the calls that it holds";
  if (in_pool != work.in_pool() || on_threads != work.on_threads()) return "the counts of a worker's threads are wrong";
  if (has > work.capacity()) return "a worker is over its capacity";
  if (w.recalls && work.is_ahead() && !w.armed()) return "what waits at a worker is not looked after";
  return {};
}

}  // namespace

std::string core::state::check(instant) const {
  struct {
    std::size_t queued = 0, running = 0, abandoned = 0, queued_bytes = 0, kept_bytes = 0, entered = 0;
  } found;
  std::string fault;
  calls_.for_each([&](const call& c) {
    if (fault.empty()) fault = check_call(c);
    if (c.stage == call_stage::queued) ++found.queued;
    if (c.stage == call_stage::running) ++found.running;
    if (c.stage == call_stage::abandoned) ++found.abandoned;
    if (c.client != nullptr && !c.one_way()) {
      ++found.entered;
      if (calls_.find(*c.client, c.client_call) != &c) fault = "a call cannot be found by its client's number";
    }
    if (c.kept) (c.stage == call_stage::queued ? found.queued_bytes : found.kept_bytes) += c.kept->bytes();
  });
  if (!fault.empty()) return fault;
  if (found.queued != queued_ || found.running != running_ || found.abandoned != abandoned_) {
    return "the counts of calls disagree with the table";
  }
  if (found.queued_bytes != queued_bytes_ || found.kept_bytes != kept_bytes_)
    return "the counts of bytes disagree with the table";
  if (found.entered != calls_.entered()) return "the index of calls disagrees with the table";
  if (queued_ > limits_.queue_total_max) return "the queues are over queue_total_max";
  if (queued_bytes_ + kept_bytes_ > limits_.queue_total_bytes_max) return "the queues are over queue_total_bytes_max";

  std::uint64_t outcomes = 0;
  for (std::uint64_t n : counted_.ended) outcomes += n;
  if (counted_.accepted != outcomes + queued_ + running_) return "an accepted call has no outcome, or has two";
  if (fault = check_peers(found.running + found.abandoned); !fault.empty()) return fault;
  for (const service* s : services_.all()) {
    if (fault = check_service(*s); !fault.empty()) return text_of({"service '", s->name(), "': ", fault});
  }
  return {};
}

std::string core::state::check_peers(std::size_t held) const {
  std::size_t clients = 0, workers = 0;
  for (const peer& p : peers_.all()) {
    if (peers_.find(p.id) != &p) return "a peer cannot be found by its id";
    std::size_t open = 0, bytes = 0;
    for (const call& c : p.calls) {
      if (c.client != &p) return "a call is in the list of another client";
      ++open;
      if (c.kept) bytes += c.kept->bytes();
    }
    if (open != p.calls_open || bytes != p.stored_bytes) return "the counts of a client disagree with its calls";
    if (open > limits_.client_calls_max) return "a client is over client_calls_max";
    if (bytes > limits_.client_bytes_max) return "a client is over client_bytes_max";
    if (open > 0 && p.state != peer_state::client) return "a peer that is no client has calls";
    if ((p.state == peer_state::worker) != (p.work != nullptr)) return "a peer's state and its worker disagree";
    if (p.state == peer_state::client) ++clients;
    if (p.state == peer_state::fresh && !static_cast<const life_timer&>(p).armed())
      return "a fresh peer has no deadline";
    if (p.state != peer_state::fresh && p.context.heartbeats && !p.internal() &&
        !static_cast<const beat_timer&>(p).armed()) {
      return "a peer gets no heartbeats";
    }
    if (p.work == nullptr) continue;
    ++workers;
    if (p.work->self != &p) return "a worker belongs to another peer";
    std::size_t has = 0;
    if (const std::string fault = check_work(*p.work, has); !fault.empty()) return fault;
    held -= has;
  }
  if (clients != clients_ || workers != workers_) return "the counts of peers disagree with the table";
  if (held != 0) return "a call is held by a worker that nobody knows";
  return {};
}

std::string core::state::check_service(const service& s) const {
  std::size_t workers = 0, members = 0, bytes = 0;
  for (const worker& w : s.workers) {
    ++workers;
    if (w.group != nullptr) ++members;
    if (!s.pool.policy().is_right_about(w)) return "its balancer is wrong about a worker";
  }
  if (workers != s.worker_count || members != s.pool.members()) return "the counts of workers are wrong";
  if (s.unused()) return "it is kept for nothing";
  if (members > 0 && s.armed()) return "it has workers and a grace";
  const std::vector<call*> waiting = s.queue.all();
  for (const call* c : waiting) {
    bytes += c->kept->bytes();
    if (c->home != &s) return "a call waits for another service";
    if (const method_place at = s.place_of(c->method); at.where != c->waits_in || at.number != c->number)
      return "a call waits in the wrong place";
    if (s.pool.policy().has_free(c->waits_in->offers)) return "a call waits while a worker could take it";
    if (members > 0 && c->waits_in->offers.empty() && !s.sorting.armed())
      return "a call waits for a method that nobody has";
  }
  for (const auto& l : s.queue.lanes()) {
    if (!l->waiting.consistent()) return "the turns of its clients are wrong";
  }
  if (!waiting.empty() && !s.awaited()) return "calls wait for nobody";
  if (waiting.size() != s.queue.calls() || bytes != s.queue.bytes()) return "the counts of its queue are wrong";
  if (waiting.size() > s.rules.queue_max) return "its queue is over queue_max";
  if (bytes > s.rules.queue_bytes_max) return "its queue is over queue_bytes_max";
  return {};
}

}  // namespace gate::broker
