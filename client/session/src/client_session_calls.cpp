// The part of a client's session that serves callers.
#include <algorithm>
#include <chrono>
#include <limits>

#include <gate/assert.hpp>
#include <gate/limits.hpp>

#include "client/session/src/client_session_impl.hpp"
#include "common/base/planted_bug.hpp"

namespace gate::client {
namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t request_flags = message_flag::idempotent | message_flag::one_way | message_flag::wants_stream |
                                        message_flag::client_stream | message_flag::named | message_flag::end_to_end;

bool bare_end(std::uint32_t flags) noexcept {
  constexpr std::uint32_t both = message_flag::end_of_parts | message_flag::no_payload;
  return (flags & both) == both;
}

}  // namespace

call_id session::impl::begin(message& m, instant now) {
  const auto [id, record] = calls_.add();
  call& c = *record;
  c.id = id;
  c.flags = m.flags & request_flags;
  m.type = message_type::request;
  m.flags = c.flags;
  m.call = id;
  m.caller = {};
  c.attempt = m.attempt;
  c.takes_huge = m.accept != 0 && !c.has(message_flag::one_way) && !c.has(message_flag::wants_stream);
  c.inward.grant({m.credit_items, m.credit_bytes});
  if (m.budget) c.limit = now + std::clamp<milliseconds>(*m.budget, milliseconds(0), limits::budget_max);
  if (link_.current() == peer::link::state::closed) {
    settle(id, c, closed_status_, closed_text_);
    return id;
  }
  if (m.payload.size_bytes() > link_.payload_bytes_max()) {
    settle(id, c, errc::too_large, "the arguments are larger than the broker takes; send them as a stream");
    return id;
  }
  link_.start(now);
  if (taking_requests())
    send_first(id, c, m, now);
  else
    keep_for_connection(id, c, m, now);
  return id;
}

void session::impl::send_first(call_id id, call& c, const message& m, instant now) {
  const bool may_run_twice = c.has(message_flag::idempotent) || is_planted(planted_bug::repeats_any_call);
  if (may_run_twice && !c.has(message_flag::one_way)) keep_copy(c, m);
  transmit(m);
  was_sent(id, c, now);
}

void session::impl::keep_for_connection(call_id id, call& c, const message& m, instant now) {
  if (!keep_copy(c, m)) {
    settle(id, c, errc::busy, "no connection to the broker, and too many bytes of requests wait for one");
    return;
  }
  c.now = phase::kept;
  c.kept_until = now + options_.connect_timeout;
  arm(c, now);
}

// Without room for a copy the call cannot be sent again.
bool session::impl::keep_copy(call& c, const message& m) {
  if (kept_bytes_ + m.payload.size_bytes() > options_.kept_bytes_max) return false;
  c.copy.keep(m);
  if (kept_bytes_ + c.copy.bytes() > options_.kept_bytes_max) {
    c.copy.clear();
    return false;
  }
  kept_bytes_ += c.copy.bytes();
  return true;
}

void session::impl::drop_copy(call& c) noexcept {
  if (c.copy.empty()) return;
  kept_bytes_ -= c.copy.bytes();
  c.copy.clear();
}

void session::impl::send_kept(call_id id, call& c, instant now) {
  message m = c.copy.view();
  if (m.payload.size_bytes() > link_.payload_bytes_max()) {
    settle(id, c, errc::too_large, "the arguments are larger than the broker takes; send them as a stream");
    return;
  }
  m.attempt = c.attempt;
  const credit_grant window = c.inward.whole();
  m.credit_items = window.items;
  m.credit_bytes = window.bytes;
  if (c.limit != instant::max()) {
    const auto left = std::chrono::ceil<milliseconds>(c.limit - now);  // rounded up: never before the limit
    m.budget = std::max(left, milliseconds(1));
  }
  transmit(m);
  if (!c.has(message_flag::idempotent)) drop_copy(c);
  was_sent(id, c, now);
  if (c.half_closed) send_end_of_parts(id, c);
}

void session::impl::was_sent(call_id id, call& c, instant now) {
  if (c.has(message_flag::one_way)) {
    settle(id, c, errc::ok, {});
    return;
  }
  c.now = phase::sent;
  arm(c, now);
}

void session::impl::settle(call_id id, call& c, errc outcome, std::string_view text) {
  deadline_wheel::disarm(c);
  drop_copy(c);
  c.now = phase::settled;
  c.outcome = outcome;
  c.outcome_text = text;
  settled_.push_back(id);
}

// Reports one round of ends. Calls that a report begins are left for the next tick: otherwise a caller that always
// begins another call would keep this loop running for ever.
void session::impl::report_settled() {
  if (settled_.empty()) return;
  std::vector<call_id> round;
  round.swap(settled_);
  for (const call_id id : round) report(id);
  round.clear();
  if (settled_.empty()) settled_.swap(round);
}

void session::impl::report(call_id id) {
  call* const c = calls_.find(id);
  if (c == nullptr) return;  // the caller cancelled it meanwhile
  if (c->outcome != errc::ok) {
    fail(id, c->outcome, origin::local, c->outcome_text);
    return;
  }
  forget(*c);
  message empty;
  empty.type = message_type::final;
  empty.flags = message_flag::no_payload;
  empty.call = id;
  world_.finished(id, empty);
}

void session::impl::cancel(call_id id, instant) {
  call* const c = calls_.find(id);
  if (c == nullptr) return;
  if (c->now == phase::sent) tell_cancel(id);
  forget(*c);
}

void session::impl::tell_cancel(call_id id) {
  message m;
  m.type = message_type::cancel;
  m.call = id;
  transmit(m);
}

bool session::impl::window_open(call_id id) const noexcept {
  const call* const c = calls_.find(id);
  return c != nullptr && c->now == phase::sent && !c->half_closed && c->outward.open();
}

bool session::impl::part(message m, instant now) {
  call* const c = calls_.find(m.call);
  if (c == nullptr || c->now == phase::settled) return false;
  GATE_ASSERT(c->has(message_flag::client_stream) && !c->half_closed);
  if (bare_end(m.flags)) {
    c->half_closed = true;
    c->total = m.total_bytes;
    if (c->now == phase::sent) send_end_of_parts(m.call, *c);
    return true;
  }
  const std::size_t bytes = m.payload.size_bytes();
  if (bytes > link_.payload_bytes_max()) {
    if (c->now == phase::sent) tell_cancel(m.call);
    settle(m.call, *c, errc::too_large, "an item is larger than the broker takes");
    return false;
  }
  GATE_ASSERT(c->outward.take(bytes));
  c->parts_sent = true;
  c->half_closed = m.has(message_flag::end_of_parts);
  m.type = message_type::part;
  transmit(m);
  arm(*c, now);
  return true;
}

void session::impl::send_end_of_parts(call_id id, const call& c) {
  message m;
  m.total_bytes = c.total;
  m.type = message_type::part;
  m.flags = message_flag::end_of_parts | message_flag::no_payload;
  m.call = id;
  transmit(m);
}

bool session::impl::grant(call_id id, std::uint32_t items, std::uint32_t bytes, instant now) {
  call* const c = calls_.find(id);
  if (c == nullptr || c->now == phase::settled) return false;
  const bool was_open = c->inward.open();
  c->inward.grant({items, bytes});
  if (c->now == phase::kept) return true;  // it will be part of the opening window
  message m;
  m.type = message_type::credit;
  m.call = id;
  m.credit_items = items;
  m.credit_bytes = bytes;
  transmit(m);
  if (!was_open) arm(*c, now);
  return true;
}

}  // namespace gate::client
