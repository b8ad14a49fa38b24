// Calls that wait for a thread at one worker while another has one free: they are asked for again. docs/scheduling.md,
// section 3.
#include <algorithm>

#include "broker/src/core/core_state.hpp"

namespace gate::broker {

namespace {

// Times that a call is asked for at the most: well below those that it may be handed back, so that moving about ends no
// call.
constexpr std::uint16_t recalls_max = 8;

// Threads of other workers, for calls of that lane, that nobody uses.
std::size_t idle_threads(const service& s, const lane& where, const worker& but) {
  std::size_t idle = 0;
  for (const worker& w : s.workers) {
    if (&w == &but || !w.serves()) continue;
    const bool offers = std::any_of(where.offers.begin(), where.offers.end(),
                                    [&w](const offer& o) { return o.group == w.group && o.way == call_way::thread; });
    if (offers) idle += w.work.idle_threads();
  }
  return idle;
}

}  // namespace

bool core::state::may_recall(const call& c) const noexcept {
  return c.stage == call_stage::running && c.way == call_way::thread && !c.recalled && c.unread() &&
         c.hand_backs < recalls_max && now_ - c.given_at >= limits::work_ahead;
}

// The timer runs while the worker holds more than its threads can have begun. It is handed back what did not begin: the
// worker decides what that is, and is asked once for each time that it is given a call.
void core::state::on_hold(worker& w) {
  if (w.work.in_pool() <= w.work.threads()) return;
  wheel_.arm(w, now_ + limits::work_ahead);
  const lane* where = nullptr;  // of the call before: most are of one
  std::size_t idle = 0, asked = 0, begun = 0;
  for (call& c : w.pooled) {
    if (begun++ < w.work.threads() || !may_recall(c)) continue;
    const lane& here = w.home->lane_of(c.method);
    if (&here != where) {
      where = &here;
      idle = idle_threads(*w.home, here, w);
    }
    if (asked >= idle) break;
    c.recalled = true;
    ++asked;
    ++counted_.recalls;
    message m;
    m.type = message_type::recall;
    m.call = in_flight::name_of(c);
    out_.send(w.self->id, m);
  }
}

}  // namespace gate::broker
