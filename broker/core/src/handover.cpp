// Gives the calls of a lost worker to other workers, or ends them. Ends the waiting calls of a service without workers.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gate/assert.hpp>

#include "broker/core/src/core_state.hpp"
#include "common/base/planted_bug.hpp"

namespace gate::broker {

namespace {

// How often one call may be handed back unread. A worker that hands back every call must not keep the call and the
// broker busy for ever.
constexpr std::uint16_t hand_backs_max = 16;

}  // namespace

// --- one call --------------------------------------------------------------------------------------------------------

void core::state::on_returned(worker& w, const message& m) {
  call* const c = calls_.held_by(w, m.call);
  if (c == nullptr) {
    ++counted_.late_answers;
    return;
  }
  if (c->stage == call_stage::abandoned) {
    release_from_worker(*c, false);
    return serve(w);
  }
  const bool unread = c->unread();
  take_from_worker(*c, false);
  w.home->pool.done(w);
  service& home = *w.home;
  if (!unread) {
    end(*c, errc::worker_lost, "the worker handed the call back although it had begun with it");
  } else if (++c->hand_backs > hand_backs_max) {
    end(*c, lost_status(*c),
        text_of({"workers of service '", home.full_name(), "' handed the call back unread ",
                 std::to_string(hand_backs_max), " times; call again later"}));
  } else {
    place_again(*c, w, m);
  }
  serve(w);
}

// Finds a place for a call that a worker handed back. If the broker asked for the call and there is no place for it,
// the same worker gets it again.
void core::state::place_again(call& c, worker& w, const message& returned) {
  service& home = *w.home;
  const method_place place = home.place_of(c.method);
  const lane& where = *place.where;
  // The request that the worker sent back serves as a copy of the bytes. The broker does not trust its other fields: it
  // has its own of the call.
  const auto keep = [&] {
    if (!c.kept && may_keep(c, stored_request::measure(returned))) store(c, copy_of(returned));
  };
  if (c.idempotent()) keep();
  const message& request = c.kept ? c.kept->view() : returned;
  if (worker* const to = home.pool.pick(where.offers, place.number, now_, &w); to != nullptr) {
    c.number = place.number;
    give(c, *to, where, request);
    return;
  }
  keep();
  const bool may_wait = c.kept && !limit_on(home, {.bytes = c.kept->bytes(), .is_kept = true});
  if (c.recalled && w.serves() && !may_wait) {
    give(c, w, where, c.kept ? c.kept->view() : returned);
    return;
  }
  std::vector<call*> one{&c};
  hand_over(home, one, &w);
}

bool core::state::may_run_again(const call& c) const noexcept {
  return c.idempotent() && c.kept && !c.delivered && !c.client_fed && c.attempt < limits_.attempts_max &&
         c.attempt + 1 < limits_.attempts_max && !(c.budgeted && c.ends_at <= now_);
}

// The status of a call that ends because no worker came: worker_lost if a worker may have executed it.
errc core::state::lost_status(const call& c) const noexcept {
  return c.executed ? errc::worker_lost : errc::unavailable;
}

// The call is loose afterwards, and its worker has a free slot more.
void core::state::take_from_worker(call& c, bool begun) {
  leave_place(c, begun);
  --running_;
  c.stage = call_stage::loose;
}

void core::state::hand_over(service& s, std::vector<call*>& calls, worker* avoid) {
  std::vector<call*> waiting;
  std::size_t waiting_bytes = 0;
  for (call* c : calls) {
    const method_place place = s.place_of(c->method);
    const lane& where = *place.where;
    c->number = place.number;
    if (!c->kept) {
      end(*c, errc::busy,
          text_of({"the worker of service '", s.full_name(),
                   "' left before it read the call, and there is no "
                   "room to queue it (client_bytes_max, queue_total_bytes_max); call again later"}));
    } else if (worker* const w = s.pool.pick(where.offers, place.number, now_, avoid); w != nullptr) {
      give(*c, *w, where, c->kept->view());
    } else if (where.offers.empty() && s.pool.members() > 0 && !s.sorting.armed()) {
      end(*c, c->executed ? errc::worker_lost : errc::no_method,
          text_of({"the last worker of service '", s.full_name(), "' with the method '", c->method, "' went away"}));
    } else if (!s.awaited()) {
      end(*c, lost_status(*c), text_of({"the last worker of service '", s.full_name(), "' went away"}));
    } else if (const std::optional<full_limit> limit = limit_on(
                   s, {.calls = waiting.size() + 1, .bytes = waiting_bytes + c->kept->bytes(), .is_kept = true})) {
      end(*c, c->executed ? errc::worker_lost : errc::busy,
          text_of({"the worker of service '", s.full_name(),
                   "' went away, and the call cannot wait for another one: ", limit->text}));
    } else {
      waiting.push_back(c);
      waiting_bytes += c->kept->bytes();
    }
  }
  // Each goes to the front, the last one first. So they keep their order, and stand before calls that came later.
  for (auto at = waiting.rbegin(); at != waiting.rend(); ++at) {
    enqueue(**at, *s.place_of((*at)->method).where, true);
  }
}

// --- one worker ------------------------------------------------------------------------------------------------------

// The worker's connection has ended, so nothing is sent to it.
void core::state::worker_left(worker& w, std::string_view why) {
  service& s = *w.home;
  retire(w);
  deadline_wheel::disarm(w);
  intrusive_list<worker, of_service>::unlink(w);
  --s.worker_count;
  if (observer_ != nullptr) observer_->worker_down(record_of(w), why);
  if (w.number != 0) s.nameless.give_back(w.number);

  std::vector<call*> again;
  while (call* const c = w.first_call()) {
    if (is_planted(planted_bug::forgets_calls_of_lost) && c->stage == call_stage::running) {
      intrusive_list<call, by_worker>::unlink(*c);
      c->holder = nullptr;
      deadline_wheel::disarm(*c);
      continue;
    }
    if (c->stage == call_stage::abandoned) {
      release_from_worker(*c);
      continue;
    }
    take_from_worker(*c);
    c->executed = true;
    if (may_run_again(*c)) {
      ++c->attempt;
      again.push_back(c);
    } else {
      end(*c, errc::worker_lost,
          text_of(
              {"the worker of service '", s.full_name(), "' went away (", why, "); the call may have been executed"}));
    }
  }
  hand_over(s, again, nullptr);
  drop_if_unused(s);
}

void core::state::retire(worker& w) {
  if (w.group == nullptr) return;
  service& s = *w.home;
  const bool changed = s.leave(w);
  if (s.pool.members() == 0) {
    if (observer_ != nullptr) observer_->service_down(s.full_name());
    start_grace(s, now_ + limits_.service_grace);
  }
  if (changed) regroup(s);
}

// --- one service -----------------------------------------------------------------------------------------------------

void core::state::regroup(service& s) {
  if (s.sorting.armed()) return;
  if (s.pace.next() > now_) return wheel_.arm(s.sorting, s.pace.next());
  sort_out(s);
}

void core::state::on_sorting(service& s) {
  sort_out(s);
  for (worker& w : s.workers) {
    if (w.group == nullptr) continue;
    w.work.time_methods(w.methods().numbers_end);
    serve(w);
  }
}

void core::state::sort_out(service& s) {
  ++epoch_;
  s.pace.done(now_, s.queue.calls(), s.pool.methods());
  for (call* c : s.sort_out()) {
    end(*c, errc::no_method, text_of({"service '", s.full_name(), "' has no method '", c->method, "'"}));
  }
}

void core::state::start_grace(service& s, instant until) {
  s.for_the_patient = false;
  if (until > now_) return wheel_.arm(s, until);
  on_grace_over(s);
}

void core::state::on_grace_over(service& s) {
  for (call* c : s.queue.all()) {
    end(*c, lost_status(*c),
        text_of({"service '", s.full_name(), "' has no worker, and none came within ",
                 std::to_string(limits_.service_grace.count()), " ms"}));
  }
  drop_if_unused(s);
}

void core::state::drop_if_unused(service& s) {
  if (!s.unused()) return;
  ++epoch_;
  services_.erase(s);
}

}  // namespace gate::broker
