// The engine's second part: the end of a turn. All envelopes that were composed for a peer leave as one batch. If a
// peer does not read, its batches are parked and tried again. In the end the peer is cut.
#include <algorithm>
#include <optional>
#include <utility>

#include <gate/assert.hpp>
#include <gate/sleep.hpp>
#include <gate/timeout.hpp>

#include "broker/engine/engine.hpp"
#include "broker/engine/src/peer_text.hpp"
#include "common/base/allocator.hpp"
#include "common/protocol/gate2_own.hpp"
#include "common/transport/kernel_path.hpp"
#include "common/wire/gate2.hpp"

namespace gate::broker {
namespace {

using namespace std::chrono_literals;

// A ROUTER does not tell when a peer can take more. So parked batches are tried again, after a pause that grows.
constexpr duration retry_pause_min = 1ms;
constexpr duration retry_pause_max = 50ms;

// bye_time: how long a peer may read its bye before its connection is cut. farewell_time_max: how long a broker that
// leaves waits for its peers to close their connections.
constexpr duration bye_time = 100ms;
constexpr duration farewell_time_max = 500ms;

// For bound_owed(): a peer that has taken nothing for still_min weighs still_factor times its bytes.
constexpr duration still_min = 1s;
constexpr std::size_t still_factor = 8;

// The time in a turn for calls of the broker's own methods: internal_time, or hurried_time if more than
// internal_bytes_max bytes of them wait.
constexpr duration internal_time = 5ms;
constexpr duration hurried_time = 20ms;
constexpr std::size_t internal_bytes_max = 4u << 20;

// About what a connection costs, in the transport and here.
constexpr std::size_t connection_bytes = 32u << 10;

// About what the core keeps of an open call, without its arguments.
constexpr std::size_t call_bytes = 512;

class to_port final : public sender {
 public:
  to_port(port& at, remote_peer& peer, const broker_options& options, io_counters& counted) noexcept
      : port_(at), peer_(peer), counted_(counted), lent_bytes_max_(options.out_queue_bytes_max) {}
  delivery send(outgoing& what) override {
    if (is_somebody_elses()) return delivery::gone;
    const std::size_t size_bytes = what.bytes();
    const std::size_t lent = what.has_payload || what.framed ? peer_.lent.bytes() : 0;
    // If nothing is lent, one message passes, whatever its size. Batches without a payload are bounded by their number.
    if (lent > 0 && lent + size_bytes > lent_bytes_max_) return delivery::blocked;
    const std::size_t sent_bytes = what.sent_bytes();
    const delivery result = port_.send(peer_.routing_id, what, peer_.lent);
    if (result == delivery::sent) {
      ++counted_.messages_sent;
      counted_.bytes_sent += sent_bytes;
    }
    return result;
  }

 private:
  // A message must not reach another peer that waits for the same routing id. When a connection has ended, the
  // transport gives the routing id to the next one as soon as it is called again. It tells its monitor of the end
  // before that.
  bool is_somebody_elses() {
    if (port_.is_guarded()) port_.take_note_of_ends();
    return peer_.ending;
  }

  port& port_;
  remote_peer& peer_;
  io_counters& counted_;
  std::size_t lent_bytes_max_;
};

}  // namespace

void engine::send(peer_id to, const message& m) {
  if (to == internal_peer) {
    internal_out_.append(m);
    return;
  }
  remote_peer* const p = peers_.find(to);
  if (p == nullptr || p->cut) return;
  if (p->foreign) return say(*p, m);
  if (!p->flows() && !keeps(*p, m.type == message_type::request)) return;
  ++counted_.envelopes_sent;
  const bool full = p->out.append(m);
  if (m.type == message_type::welcome && (m.capabilities & wire::gate2::capability_pieces) != 0) p->out.pace();
  mark_dirty(*p);
  if (full) relieve(*p);
}

// Sends a full batch at once: it gains nothing by waiting, and its memory is free then. A failure is handled at the end
// of the turn, since the core is at work now.
void engine::relieve(remote_peer& to) {
  if (to.out.parked()) return;
  to_port transport(*ports_[to.port], to, options_, counted_);
  to.out.flush(transport, loop_.now());
}

// Whether a message is kept for the peer. A peer that does not read is cut only at the end of the turn, and one turn
// may compose very much for it. So messages beyond out_queue_bytes_max are dropped. Requests are always kept, since the
// core takes them back; credit bounds them.
bool engine::keeps(remote_peer& to, bool request) {
  if (!request && (to.out.parked() || to.out.held()) && to.out.bytes() > options_.out_queue_bytes_max) {
    to.overdrawn = true;
    mark_dirty(to);
  }
  return request || (!to.overdrawn && !to.ends_when_read);
}

void engine::mark_dirty(remote_peer& to) {
  if (!std::exchange(to.dirty, true)) dirty_.push_back(to.id);
}

void engine::cut(peer_id who, errc why, std::string_view text) {
  remote_peer* const p = peers_.find(who);
  if (p == nullptr || p->cut) return;
  p->cut = true;
  ++counted_.cut_for[static_cast<std::size_t>(why)];
  // The gatekeeper logs refused logins.
  const bool told = why == errc::unauthenticated || (p->logins && why == errc::busy);
  if (why != errc::ok && !told) {
    complain("cut " + peer_text(*p, core_), std::string(to_string(why)) + ": " + std::string(text) + losses_of(*p));
  }
  cuts_.push_back({who, turn_, instant::max()});
}

void engine::end_turn() {
  const instant now = loop_.now();
  if (core_.next_deadline() <= now) core_.tick(now);
  if (!parked_.empty()) retry_parked();
  go_on_reading();
  if (!shut_down_) tend_workers();
  look_for_life();
  finish_cuts();
  cut_refused();
  cut_silent();
  flush_internal();
  for (bool more = true; more;) {
    give_backs();
    flush_dirty();
    bound_owed();
    for (const auto& p : ports_) {
      // Flushing found out that peers are gone: read what they had sent, then end them. If a socket has more to read
      // than fits in a turn, it stays readable, and is read in the next turn.
      if (!p->ending.empty()) receive(*p);
    }
    more = !dirty_.empty() || !backs_.empty() || !released_.empty();
  }
  check_drain();
  keep_memory();
  set_alarm();
  ++turn_;
}

void engine::flush_dirty() {
  while (!dirty_.empty()) {
    flushing_.clear();
    std::swap(flushing_, dirty_);
    for (const peer_id id : flushing_) {
      remote_peer* const p = peers_.find(id);
      if (p == nullptr) continue;
      p->dirty = false;
      if (p->ending) continue;
      if (!p->overdrawn && (!p->out.parked() || p->retry_pause == duration::zero())) {
        flush(*p);
      } else if (is_too_slow(*p)) {
        drop_too_slow(*p);
      }
    }
  }
}

void engine::flush(remote_peer& to) {
  const bool was_parked = to.retry_pause != duration::zero();
  to_port transport(*ports_[to.port], to, options_, counted_);
  const instant now = loop_.now();
  const std::uint64_t sent_before = to.out.sent();
  switch (to.out.flush(transport, now)) {
    case delivery::sent:
      to.retry_pause = duration::zero();
      if ((was_parked || to.foreign) && !to.cut) core_.flushed(to.id, now);
      if (to.out.held() && is_too_slow(to)) drop_too_slow(to);
      break;
    case delivery::blocked:
      if (!was_parked) {
        ++counted_.parked;
        parked_.push_back(to.id);
      }
      // If the peer has read some since, the pause is short again.
      to.retry_pause =
          was_parked && to.out.sent() == sent_before ? std::min(to.retry_pause * 2, retry_pause_max) : retry_pause_min;
      to.retry_at = now + to.retry_pause;
      if (is_too_slow(to)) drop_too_slow(to);
      break;
    case delivery::gone:
      expect_end(to);
      break;
  }
}

// Delivers messages to the internal service, for a limited time. One message of a client may hold a hundred thousand
// calls of the broker's own methods. Each may take a millisecond, and heartbeats leave between turns.
void engine::flush_internal() {
  // Takes one batch. The service handles it outside of the core's work, since its answers go to the core.
  class to_service final : public sender {
   public:
    delivery send(outgoing& what) override {
      if (batch) return delivery::blocked;
      batch = std::move(what);
      return delivery::sent;
    }
    std::optional<outgoing> batch;
  };
  if (internal_out_.empty() && !internal_now_) return;
  const instant until =
      std::chrono::steady_clock::now() + (internal_out_.bytes() > internal_bytes_max ? hurried_time : internal_time);
  bool in_time = true;
  while (in_time) {
    if (!internal_now_) {
      to_service service;
      internal_out_.flush(service, loop_.now());
      if (!service.batch) return;
      internal_now_ = std::move(service.batch);
      internal_done_bytes_ = 0;
    }
    const bytes_view batch = internal_now_->batch;
    wire::gate2::reader envelopes(batch.substr(internal_done_bytes_), internal_now_->payload_view());
    message m;
    for (; in_time && !envelopes.rest().empty(); in_time = std::chrono::steady_clock::now() < until) {
      const bool is_sound = envelopes.next(m);
      GATE_ASSERT(is_sound);
      if (deliver_internal_) deliver_internal_(m);
    }
    internal_done_bytes_ = batch.size() - envelopes.rest().size();
    if (envelopes.rest().empty()) internal_now_.reset();
  }
}

void engine::retry_parked() {
  const instant now = loop_.now();
  std::erase_if(parked_, [&](peer_id id) {
    const remote_peer* const p = peers_.find(id);
    return p == nullptr || p->ending || p->retry_pause == duration::zero();
  });
  const std::vector<peer_id> candidates = parked_;  // flush() may park more
  for (const peer_id id : candidates) {
    remote_peer* const p = peers_.find(id);
    if (p != nullptr && p->retry_at <= now) flush(*p);
  }
}

bool engine::is_too_slow(const remote_peer& p) const noexcept {
  return p.overdrawn || p.out.bytes() > options_.out_queue_bytes_max ||
         p.out.age(loop_.now()) > options_.out_queue_age_max;
}

void engine::drop_too_slow(remote_peer& p) {
  const bool too_much = p.overdrawn || p.out.bytes() > options_.out_queue_bytes_max;
  const char* const too_long = p.out.parked()
                                   ? "it does not read: it took nothing for out_queue_age_max"
                                   : "it does not read: it did not answer what it was asked, for out_queue_age_max";
  ++(too_much ? counted_.too_slow_bytes : counted_.too_slow_age);
  drop(p, too_much ? "it does not read, and more waits for it than out_queue_bytes_max" : too_long);
}

// Cuts a peer that does not read. It cannot be told why, since nothing leaves for it. The transport keeps what it has
// taken until the connection ends.
void engine::drop(remote_peer& p, const std::string& why) {
  ++counted_.too_slow;
  complain("cut " + peer_text(p, core_), why + losses_of(p));
  if (!std::exchange(p.cut, true)) {
    const instant now = loop_.now();
    p.out.take_requests([&](const message& request) { core_.unsent(p.id, request, now); });
    core_.closed(p.id, now, why);
  }
  p.out.clear();
  p.overdrawn = false;
  p.retry_pause = duration::zero();
  cuts_.push_front({p.id, turn_, loop_.now()});
}

// If more bytes wait for all peers than may, the peers with the most are cut. A peer that has taken nothing for
// still_min counts still_factor times. So a peer that reads slowly stays longer than one that does not read. Bytes for
// peers that are cut already do not count: the transport is about to free them.
void engine::bound_owed() {
  if (!owed_.is_exceeded()) return;
  struct holder {
    remote_peer* peer;
    std::size_t bytes;
    std::size_t weight;
    duration still;
  };
  const instant now = loop_.now();
  std::vector<holder> all;
  std::size_t sum = 0;
  peers_.for_each([&](remote_peer& p) {
    const std::size_t bytes = p.owed_bytes();
    if (p.cut || p.ending || bytes == 0) return;
    sum += bytes;
    const duration still = p.lent.stands_still(now);
    all.push_back({&p, bytes, still >= still_min ? bytes * still_factor : bytes, still});
  });
  if (sum <= owed_.most()) return;
  const auto outlives = [](const holder& a, const holder& b) {
    return a.weight != b.weight ? a.weight < b.weight : a.still < b.still;
  };
  std::make_heap(all.begin(), all.end(), outlives);  // few of them go
  while (sum > owed_.most()) {
    std::pop_heap(all.begin(), all.end(), outlives);
    const holder h = all.back();
    all.pop_back();
    sum -= h.bytes;
    ++counted_.owed_too_much;
    drop(*h.peer, std::to_string(h.bytes) + " bytes wait for it, and for all peers more than may " +
                      "(out_queue_total_bytes_max = " + std::to_string(owed_.most()) + ")");
  }
}

// Gives freed memory back to the system some time after a flood.
void engine::keep_memory() {
  const totals core_holds = core_.measure();
  const std::size_t held = owed_.bytes() + pieces_.all.bytes() + paced_.bytes() + waiting_.bytes +
                           core_holds.queued_bytes + core_holds.kept_bytes +
                           (core_holds.queued + core_holds.in_flight) * call_bytes + connected() * connection_bytes +
                           unread_bytes_;
  if (!memory_.is_due(held, loop_.now())) return;
  spare_.forget();
  core_.forget_spare();
  give_freed_memory_back();
}

void engine::finish_cuts() {
  const instant now = loop_.now();
  // The loop's time stands still within a turn, and a turn may take long. So bye_time begins with the turn after the
  // one in which the bye was sent.
  for (pending_cut& c : cuts_) {
    if (c.when == instant::max() && c.since_turn != turn_) c.when = now + bye_time;
  }
  while (!cuts_.empty() && cuts_.front().when <= now) {
    remote_peer* const p = peers_.find(cuts_.front().who);
    cuts_.pop_front();
    if (p == nullptr || p->ending) continue;
    // The monitor tells of the connection's end, and the peer is removed then. A peer on inproc has no connection. It
    // is removed now, and its next message counts as that of a new peer.
    if (p->descriptor < 0 || !ports_[p->port]->accepted.cut(p->descriptor)) expect_end(*p);
  }
}

void engine::cut_refused() {
  for (const auto& p : ports_) {
    if (!p->accepted.has_refused()) continue;
    p->read_events();  // some may have ended, and their descriptors may belong to other sockets now
    p->accepted.cut_refused();
  }
}

void engine::cut_silent() {
  class watcher final : public accepted_connections::silent_watcher {
   public:
    watcher(engine& of, const port& at, instant now) noexcept : of_(of), at_(at), now_(now) {}
    std::uint64_t received_bytes(int descriptor) override {
      const auto seen = gate::peer::sample_path(descriptor, now_);
      return seen ? seen->received : 0;
    }
    void announce(int descriptor) override {
      of_.complain("cut a connection that said nothing within hello_timeout", name_of(at_, descriptor));
    }

   private:
    engine& of_;
    const port& at_;
    instant now_;
  };
  const instant now = loop_.now();
  for (const auto& p : ports_) {
    const instant until = now - options_.hello_timeout;
    const std::optional<instant> oldest = p->accepted.oldest_silent();
    if (!oldest || *oldest > until) continue;
    p->read_events();
    watcher told(*this, *p, now);
    counted_.silent += p->accepted.cut_silent(until, now, told);
  }
}

void engine::set_alarm() {
  instant next = shut_down_ ? instant::max() : core_.next_deadline();
  for (const peer_id id : parked_) {
    const remote_peer* const p = peers_.find(id);
    if (p != nullptr && p->out.parked()) next = std::min(next, p->retry_at);
  }
  for (const pending_cut& c : cuts_) next = std::min(next, c.when == instant::max() ? loop_.now() : c.when);
  for (const auto& p : ports_) {
    const std::optional<instant> oldest = p->accepted.oldest_silent();
    if (oldest) next = std::min(next, *oldest + options_.hello_timeout);
  }
  if (!shut_down_) next = std::min({next, tend_at_, memory_.next()});
  next = std::min(next, look_at_);
  if (!internal_out_.empty() || internal_now_ || !unread_.empty()) next = loop_.now();
  if (draining_ && !shut_down_) {
    // The transport does not tell when it has sent everything, so look again soon.
    next = std::min(next, core_.drained() ? std::min(drain_until_, loop_.now() + retry_pause_max) : drain_until_);
  }
  if (next >= alarm_at_) return;  // an alarm that comes too early does no harm
  loop_.cancel_timer(alarm_);
  alarm_at_ = next;
  alarm_ = loop_.at(next, [this] { alarm_at_ = instant::max(); });
}

// --- leaving

void engine::drain() {
  if (std::exchange(draining_, true)) return;
  drain_until_ = loop_.now() + options_.drain_timeout;
  core_.drain(loop_.now());
}

void engine::stop() {
  if (std::exchange(shut_down_, true)) return;
  if (!std::exchange(draining_, true)) core_.drain(loop_.now());
  core_.shut_down(loop_.now());
  finished_.set();
}

void engine::check_drain() {
  if (!draining_ || shut_down_) return;
  if (loop_.now() >= drain_until_ || (core_.drained() && all_taken())) stop();
}

// Whether the transport has sent all answers. What is in the system's buffers has farewell_time_max to leave.
bool engine::all_taken() const {
  bool all = true;
  peers_.for_each([&all](const remote_peer& p) {
    if (!p.cut && !p.ending && (!p.out.empty() || p.lent.bytes() > 0)) all = false;
  });
  return all;
}

// Waits for the peers to close their connections after their bye, for farewell_time_max at the most.
task<void> engine::farewell() {
  if (connected() == 0) co_return;
  task<void> leaving = all_gone();
  try {
    co_await with_timeout(farewell_time_max, std::move(leaving));
  } catch (const timed_out&) {
  }
}

task<void> engine::all_gone() { co_await all_left_.wait(); }

void engine::open_internal() {
  peer_context context;
  context.principal = "gate";
  context.address = "internal";
  context.heartbeats = false;
  core_.opened(internal_peer, context, loop_.now());
}

void engine::from_internal(const message& m, const descriptor* described) {
  core_.received(internal_peer, m, described, loop_.now());
}

}  // namespace gate::broker
