// Asks a worker to hand back calls that wait for a thread there while another worker has a free one.
// docs/scheduling.md, section 3.
#include <algorithm>
#include <cstdint>

#include "broker/core/src/core_state.hpp"

namespace gate::broker {

namespace {

// How often one call is asked for. It is well below hand_backs_max of handover.cpp, so that no call ends because it was
// moved.
constexpr std::uint16_t recalls_max = 8;

}  // namespace

bool core::state::may_recall(const call& c) const noexcept {
  return c.stage == call_stage::running && c.way == call_way::thread && !c.recalled && c.unread() &&
         c.hand_backs < recalls_max;
}

// A worker that is in no group any more may hold calls with numbers of methods that are out of date.
method_place core::state::place_at(const worker& w, const call& c) const noexcept {
  return w.group != nullptr ? w.home->place_with(c.number) : w.home->place_of(c.method);
}

// The timer runs while the worker holds more calls than it has threads. The worker decides which calls have not begun,
// and hands these back. It is asked once for each time that it was given a call. Only calls that may wait for a thread
// are looked at, and only while another worker has an idle one.
void core::state::on_hold(worker& w) {
  if (!w.work.is_ahead()) return;
  wheel_.arm(w, now_ + limits::work_ahead);
  if (w.home->pool.members() < (w.group != nullptr ? 2u : 1u)) return;
  ++rounds_;
  // The oldest calls have begun, as many as there are threads. Streams may have taken some of the threads.
  const std::uint32_t streams = w.work.in_pool() - w.work.on_threads();
  std::uint32_t begun = std::min(w.work.threads(), streams);
  for (call& c : w.calls_of(call_way::thread)) {
    if (now_ - c.given_at < limits::work_ahead) return;  // too young, and so are the calls behind it
    if (begun++ < w.work.threads() || !may_recall(c)) continue;
    lane& where = *place_at(w, c).where;
    if (where.recall_round != rounds_) {
      where.recall_round = rounds_;
      where.recalls_left = w.home->pool.policy().idle_room(where.offers, w, w.work.on_threads());
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
