#include "client/session/client_session.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <gate/assert.hpp>

#include "client/session/src/client_session_impl.hpp"

namespace gate::client {
namespace {

using std::chrono::milliseconds;

// The broker measures the idle time. The client measures it too, in case the broker does not end the call. It waits
// this much longer: the broker's answer needs time to arrive.
constexpr auto idle_allowance = milliseconds(200);

}  // namespace

session::impl::impl(const session_options& options, handler& world)
    : options_(options), world_(world), link_(options, *this), wheel_(instant{}, timer_step_bits) {}

// --- time -----------------------------------------------------------------------------------------------------------

// Sets the call's timer to the earliest of its deadlines.
void session::impl::arm(call& c, instant now) {
  instant due = c.limit;
  if (c.now == phase::kept) {
    due = std::min(c.limit, c.kept_until);
  } else if (c.limit == instant::max()) {
    // While the reader has granted no credit the worker cannot send: the call must not time out then.
    const bool waits_for_consumer = c.takes_parts() && !c.inward.open();
    if (!waits_for_consumer) due = now + options_.idle_timeout + idle_allowance;
  }
  if (due == instant::max()) return deadline_wheel::disarm(c);
  wheel_.arm(c, due);
}

void session::impl::overdue(const call& c, instant now) {
  GATE_ASSERT(c.now != phase::settled);
  if (c.now == phase::sent) {
    tell_cancel(c.id);
    const bool budget = c.limit != instant::max();
    fail(c.id, errc::timed_out, origin::local, budget ? no_answer_within_budget : no_answer_in_idle_time);
  } else if (c.limit <= now) {
    fail(c.id, errc::timed_out, origin::local, no_connection_within_budget);
  } else {
    fail(c.id, errc::unavailable, origin::local, text_of(why_absent()));
  }
}

void session::impl::tick(instant now) {
  link_.tick(now);
  report_settled();
  while (const wheel_timer* const due = wheel_.pop_due(now)) overdue(static_cast<const call&>(*due), now);
}

instant session::impl::next_deadline() const noexcept {
  if (!settled_.empty()) return instant::min();
  return std::min(link_.next_deadline(), wheel_.next());
}

// --- from the broker ------------------------------------------------------------------------------------------------

void session::impl::received(const message& m, instant now) {
  if (!link_.received(m, now)) return;
  switch (m.type) {
    case message_type::final:
      if (call* const c = sent_call(m.call)) {  // otherwise it was on its way when we cancelled the call
        forget(*c);
        world_.finished(m.call, m);
      }
      return;
    case message_type::error:
      return take_error(m);
    case message_type::part:
      return take_part(m, now);
    case message_type::credit:
      return take_credit(m);
    case message_type::drain:
      leaving_ = drained_ = true;
      return;
    default:
      return link_.violation("a message that no client is sent", now);
  }
}

void session::impl::take_error(const message& m) {
  call* const c = sent_call(m.call);
  if (c == nullptr) return;
  const errc status = m.status == errc::ok ? errc::internal : m.status;
  const origin where = m.origin == origin::local ? origin::broker : m.origin;
  // The error is for the latest attempt. If there were earlier attempts, one of them may have run.
  const retry_class again = retry_after(status, c->attempt > 0);
  forget(*c);
  world_.failed(m.call, {status, where, m.text, m.remote_type, again});
}

void session::impl::take_part(const message& m, instant now) {
  call* const c = sent_call(m.call);
  if (c == nullptr) return;
  if (!pay(*c, m, now)) return;
  if (!c->delivered) {
    c->delivered = true;
    drop_copy(*c);  // it cannot be sent again any more
  }
  if (c->limit == instant::max()) arm(*c, now);
  world_.part(m.call, m);
}

// Returns false if the broker sent what this call cannot take.
bool session::impl::pay(call& c, const message& m, instant now) {
  if (m.is_head()) {
    if (!c.takes_huge || c.huge_answer) return link_.violation("a huge answer to a call that takes none", now), false;
    c.huge_answer = true;
    return true;
  }
  if (!c.takes_parts()) return link_.violation("a part for a call that takes none", now), false;
  if (!c.inward.take(m.payload.size_bytes())) return link_.violation("a part beyond the credit", now), false;
  return true;
}

void session::impl::take_credit(const message& m) {
  call* const c = sent_call(m.call);
  if (c == nullptr || !c->has(message_flag::client_stream) || c->half_closed) return;
  const bool was_open = c->outward.open();
  c->outward.grant({m.credit_items, m.credit_bytes});
  if (!was_open && c->outward.open()) world_.window_opened(m.call);
}

session::impl::call* session::impl::sent_call(call_id id) noexcept {
  call* const c = calls_.find(id);
  return c != nullptr && c->now == phase::sent ? c : nullptr;
}

void session::impl::forget(call& c) {
  deadline_wheel::disarm(c);
  drop_copy(c);
  calls_.remove(c.id);
}

// Judges by what this client knows: once a request was sent, it may have run.
void session::impl::fail(call_id id, errc status, origin where, std::string_view text) {
  call& c = *calls_.find(id);
  const retry_class again = retry_after(status, c.now == phase::sent || c.attempt > 0);
  forget(c);
  world_.failed(id, {status, where, text, {}, again});
}

retry_class session::impl::retry_after(errc status, bool may_have_run) noexcept {
  const retry_class said = retry_of(status);
  return said == retry_class::safe && may_have_run ? retry_class::if_idempotent : said;
}

// --- the connection's life ------------------------------------------------------------------------------------------

void session::impl::link_up(const message& welcome, instant now) {
  leaving_ = drained_ = false;
  nobody_ = true;
  for (const call_id id : calls_.ids()) {
    call* const c = calls_.find(id);
    if (c != nullptr && c->now == phase::kept) send_kept(id, *c, now);
  }
  world_.ready(welcome);
}

bool session::impl::may_be_sent_again(const call& c) const noexcept {
  return !c.copy.empty() && !c.delivered && !c.parts_sent && c.attempt + 1 < options_.attempts_max;
}

void session::impl::link_lost(errc why, std::string_view text, milliseconds pause, instant now) {
  leaving_ = false;
  nobody_ = peer::means_nobody(text);
  std::vector<call_id> failed;
  for (const call_id id : calls_.ids()) {
    call* const c = sent_call(id);
    if (c == nullptr) continue;
    if (!may_be_sent_again(*c)) {
      failed.push_back(id);
      continue;
    }
    c->now = phase::kept;
    ++c->attempt;
    c->kept_until = now + options_.connect_timeout;
    c->outward = {};
    arm(*c, now);
  }
  const std::string reason =
      "the connection to the broker was lost (" + std::string(text) + "); the call may have been executed";
  world_.lost(why, text, pause);
  for (const call_id id : failed) {
    if (sent_call(id) != nullptr) fail(id, errc::unavailable, origin::local, reason);
  }
}

void session::impl::link_closed(errc why, std::string_view text, instant) {
  const bool ours = why == errc::ok;
  closed_status_ = ours ? errc::cancelled : why;
  closed_text_ = ours ? "the client was closed" : std::string(text);
  for (const call_id id : calls_.ids()) {
    const call* const c = calls_.find(id);
    if (c == nullptr) continue;
    if (c->now == phase::settled)
      report(id);
    else
      fail(id, closed_status_, ours ? origin::local : origin::broker, closed_text_);
  }
  world_.closed(why, text);
}

session::state session::impl::current() const noexcept {
  switch (link_.current()) {
    case peer::link::state::idle:
      return state::idle;
    case peer::link::state::connecting:
      return state::connecting;
    case peer::link::state::greeting:
      return state::greeting;
    case peer::link::state::up:
      return leaving_ ? state::leaving : state::ready;
    case peer::link::state::waiting:
      return state::waiting;
    case peer::link::state::closed:
      break;
  }
  return state::closed;
}

absence session::impl::why_absent() const noexcept {
  if (leaving_) return absence::draining;
  if (!nobody_) return absence::explained;
  return drained_ ? absence::drained : absence::unexplained;
}

std::string text_of(absence why, std::string_view where) {
  const std::string at(where);
  switch (why) {
    case absence::draining:
      return "the broker is draining and takes no new calls, and there is no other" + at;
    case absence::drained:
      return "the broker drained and left, and there is no other" + at;
    case absence::explained:
      return "no connection to the broker" + at;
    case absence::unexplained:
      break;
  }
  return "no connection to the broker" + at + "; is it running, and is the address right?";
}

session::session(const session_options& options, handler& world) : impl_(std::make_unique<impl>(options, world)) {}
session::~session() = default;

void session::start(instant now) { impl_->link().start(now); }
void session::connected(instant now) { impl_->link().connected(now); }
void session::ended(errc why, std::string_view text, instant now) { impl_->link().ended(why, text, now); }
void session::received(const message& m, instant now) { impl_->received(m, now); }
void session::arriving(instant now) { impl_->link().arriving(now); }
void session::malformed(std::string_view why, instant now) { impl_->link().violation(why, now); }
void session::tick(instant now) { impl_->tick(now); }
instant session::next_deadline() const noexcept { return impl_->next_deadline(); }

call_id session::begin(message& m, instant now) { return impl_->begin(m, now); }
void session::cancel(call_id call, instant now) { impl_->cancel(call, now); }
bool session::window_open(call_id call) const noexcept { return impl_->window_open(call); }
bool session::part(call_id call, payload_view item, std::uint32_t flags, instant now) {
  message m;
  m.call = call;
  m.payload = item;
  m.flags = flags;
  return impl_->part(m, now);
}
bool session::part(const message& m, instant now) { return impl_->part(m, now); }
bool session::grant(call_id call, std::uint32_t items, std::uint32_t bytes, instant now) {
  return impl_->grant(call, items, bytes, now);
}

void session::close(instant now) { impl_->link().close("the client was closed", now); }

const std::string& session::endpoint() const noexcept { return impl_->link().endpoint(); }
session::state session::current() const noexcept { return impl_->current(); }
std::size_t session::open_calls() const noexcept { return impl_->open_calls(); }
std::size_t session::kept_bytes() const noexcept { return impl_->kept_bytes(); }
absence session::why_absent() const noexcept { return impl_->why_absent(); }
std::uint64_t session::payload_bytes_max() const noexcept { return impl_->link().payload_bytes_max(); }

}  // namespace gate::client
