// When the time of a call is over: its budget, the idle time-out, the time in the queue, the time without credit.
#include <algorithm>
#include <string>

#include "broker/core/src/core_state.hpp"

namespace gate::broker {

instant core::state::deadline_of(const call& c) const noexcept {
  const instant ends = c.budgeted ? c.ends_at : c.progress_at + limits_.idle_timeout;
  return c.stage == call_stage::queued ? std::min(ends, c.queued_at + c.home->rules.queue_age_max) : ends;
}

// The next time to look at the call: when it may end, and often enough to see that its client grants no credit.
instant core::state::next_look(const call& c) const noexcept {
  const instant ends = deadline_of(c);
  return c.answers_in_parts() ? std::min(ends, now_ + limits_.credit_timeout) : ends;
}

// The answer waits for credit of its client. Meanwhile the idle timeout does not count.
void core::state::wait_for_credit(call& c) {
  const instant gives_up = std::max(c.progress_at, c.given_at) + limits_.credit_timeout;
  if (now_ >= gives_up) {
    return end(c, errc::too_slow,
               text_of({"its caller took nothing of the answer of '", c.home->full_name(), "' for ",
                        std::to_string(limits_.credit_timeout.count()),
                        " ms (credit_timeout), and the worker's place is for others"}));
  }
  wheel_.arm(c, std::min(gives_up, c.budgeted ? c.ends_at : now_ + limits_.idle_timeout));
}

// The timer of a call is not moved as the call goes on. It may be due too early, but never too late. The time at which
// the call really ends is worked out here.
void core::state::on_deadline(call& c) {
  if (c.stage == call_stage::abandoned) return give_back_slot(c);
  const bool waits = c.stage == call_stage::running && c.answers_in_parts() && !c.answers.open();
  if (waits && !(c.budgeted && c.ends_at <= now_)) return wait_for_credit(c);
  const instant ends = deadline_of(c);
  if (now_ < ends) return wheel_.arm(c, next_look(c));
  const std::string& name = c.home->full_name();
  if (c.stage == call_stage::queued) {
    if (ends == c.queued_at + c.home->rules.queue_age_max && !(c.budgeted && c.ends_at <= now_)) {
      return end(c, lost_status(c), text_of({"service '", name, "' had no free worker within queue_age_max"}));
    }
    return end(c, errc::timed_out, text_of({"no worker of service '", name, "' was free within the call's time"}));
  }
  if (c.budgeted) {
    return end(c, errc::timed_out, text_of({"the call's budget was over before '", name, "' answered"}));
  }
  end(c, errc::timed_out,
      text_of({"'", name, "' was silent for ", std::to_string(limits_.idle_timeout.count()),
               " ms (idle_timeout); state a budget to allow more"}));
}

}  // namespace gate::broker
