// Calls that wait for a thread at one worker while another has one free: they are asked for again. docs/scheduling.md,
// section 3.
#include <algorithm>
#include <cstdint>

#include "broker/src/core/core_state.hpp"

namespace gate::broker {

namespace {

// Times that a call is asked for at the most: well below those that it may be handed back, so that moving about ends no
// call.
constexpr std::uint16_t recalls_max = 8;

}  // namespace

bool core::state::may_recall(const call& c) const noexcept {
  return c.stage == call_stage::running && c.way == call_way::thread && !c.recalled && c.unread() &&
         c.hand_backs < recalls_max;
}

// The numbers of methods hold as long as a worker is among the others.
method_place core::state::place_at(const worker& w, const call& c) const noexcept {
  return w.group != nullptr ? w.home->place_with(c.number) : w.home->place_of(c.method);
}

// The timer runs while the worker holds more than its threads can have begun. It is handed back what did not begin: the
// worker decides what that is, and is asked once for each time that it is given a call. Only what waits for a thread is
// looked through, and only while another worker has one idle.
void core::state::on_hold(worker& w) {
  if (!w.work.is_ahead()) return;
  wheel_.arm(w, now_ + limits::work_ahead);
  if (w.home->pool.members() < (w.group != nullptr ? 2u : 1u)) return;
  ++rounds_;
  // As many of the oldest as there are threads must have begun, unless streams take their turns there.
  const std::uint32_t streams = w.work.in_pool() - w.work.on_threads();
  std::uint32_t begun = std::min(w.work.threads(), streams);
  for (call& c : w.calls_of(call_way::thread)) {
    if (now_ - c.given_at < limits::work_ahead) return;  // so are those behind it
    if (begun++ < w.work.threads() || !may_recall(c)) continue;
    lane& where = *place_at(w, c).where;
    if (where.recall_round != rounds_) {
      where.recall_round = rounds_;
      where.recalls_left = worker_pool::idle_room(where.offers, w, w.work.on_threads());
    }
    if (where.recalls_left == 0) continue;
    --where.recalls_left;
    c.recalled = true;
    ++counted_.recalls;
    message m;
    m.type = message_type::recall;
    m.call = in_flight::name_of(c);
    out_.send(w.self->id, m);
  }
}

}  // namespace gate::broker
