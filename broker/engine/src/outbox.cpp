#include "broker/engine/outbox.hpp"

#include <algorithm>
#include <utility>

#include "common/protocol/gate2_own.hpp"

namespace gate::broker {
namespace {

using namespace std::chrono_literals;

// For bound(): a peer that has taken nothing for still_min weighs still_factor times its bytes.
constexpr duration still_min = 1s;
constexpr std::size_t still_factor = 8;

}  // namespace

// Sends to one peer, within the bytes that the transport may hold for it.
class outbox::to_transport final : public sender {
 public:
  to_transport(outbox& of, remote_peer& to) noexcept : outbox_(of), to_(to) {}

  delivery send(outgoing& what) override {
    if (outbox_.transport_.has_ended(to_)) return delivery::gone;
    lent_payloads& lent = to_.sending.lent;
    const std::size_t lent_bytes = what.has_payload || what.framed ? lent.bytes() : 0;
    // If nothing is lent, one message passes, whatever its size. Batches without a payload are bounded by their number.
    if (lent_bytes > 0 && lent_bytes + what.bytes() > outbox_.options_.out_queue_bytes_max) return delivery::blocked;
    const std::size_t sent_bytes = what.sent_bytes();
    const delivery result = outbox_.transport_.send(to_, what, lent);
    if (result == delivery::sent) {
      ++outbox_.counted_.messages_sent;
      outbox_.counted_.bytes_sent += sent_bytes;
    }
    return result;
  }

 private:
  outbox& outbox_;
  remote_peer& to_;
};

// --- messages that are added

void outbox::agree(remote_peer& to, const message& welcome) {
  if ((welcome.capabilities & wire::gate2::capability_pieces) != 0) to.sending.out.pace();
}

void outbox::add(remote_peer& to, const wire::frame_list& messages, const message* request, instant now) {
  if (!keeps(to, request != nullptr)) return;
  for (std::size_t i = 0; i < messages.messages(); ++i) {
    ++counted_.envelopes_sent;
    to.sending.out.append(messages, i, request);
  }
  touch(to);
  if (to.sending.out.bytes() >= limits::batch_bytes_target) relieve(to, now);
}

// Sends a full batch at once: it gains nothing by waiting, and its memory is free then. A failure is handled at the end
// of the turn, since the core may be at work now.
void outbox::relieve(remote_peer& to, instant now) {
  if (to.sending.out.parked()) return;
  to_transport through(*this, to);
  to.sending.out.flush(through, now);
}

// Whether a message is kept for the peer. A peer that does not read is cut only at the end of the turn, and one turn
// may compose very much for it. So messages beyond out_queue_bytes_max are dropped. Requests are always kept, since the
// core takes them back; credit bounds them.
bool outbox::keeps(remote_peer& to, bool request) {
  sending& its = to.sending;
  if (!request && (its.out.parked() || its.out.held()) && its.out.bytes() > options_.out_queue_bytes_max) {
    its.overdrawn = true;
    touch(to);
  }
  return request || (!its.overdrawn && !to.ends_when_read);
}

void outbox::cut_after_bye(remote_peer& who) {
  who.cut = true;
  cuts_.push_back({who.id, turn_, instant::max()});
}

// --- what the peer has read

bool outbox::answered(remote_peer& by, const message& marked, instant now) {
  if (!by.sending.out.answered(marked, now)) return false;
  touch(by);
  return true;
}

void outbox::looked_at(remote_peer& p, const gate::peer::pulse::change& since, instant now) {
  out_queue& out = p.sending.out;
  // What waits in the transport moves with any bytes; what waits for an answer, with those before the question.
  if (out.parked() ? since.bytes_leave : since.toward_answer) out.moved(now);
  if (out.held() && is_too_slow(p, now)) touch(p);
}

// --- batches that leave

void outbox::flush(instant now) {
  while (!dirty_.empty()) {
    flushing_.clear();
    std::swap(flushing_, dirty_);
    for (const peer_id id : flushing_) {
      remote_peer* const p = peers_.find(id);
      if (p == nullptr) continue;
      sending& its = p->sending;
      its.dirty = false;
      if (p->ending) continue;
      if (!its.overdrawn && (!its.out.parked() || its.retry_pause == duration::zero())) {
        flush(*p, now);
      } else if (is_too_slow(*p, now)) {
        drop_too_slow(*p, now);
      }
    }
  }
}

void outbox::flush(remote_peer& to, instant now) {
  sending& its = to.sending;
  const bool was_parked = its.retry_pause != duration::zero();
  const std::uint64_t sent_before = its.out.sent();
  to_transport through(*this, to);
  switch (its.out.flush(through, now)) {
    case delivery::sent:
      its.retry_pause = duration::zero();
      if ((was_parked || to.foreign) && !to.cut) listener_.flushed(to.id);
      if (its.out.held() && is_too_slow(to, now)) drop_too_slow(to, now);
      break;
    case delivery::blocked:
      if (!was_parked) {
        ++counted_.parked;
        parked_.push_back(to.id);
      }
      // If the peer has read some since, the pause is short again.
      its.retry_pause = was_parked && its.out.sent() == sent_before ? std::min(its.retry_pause * 2, retry_pause_max)
                                                                    : retry_pause_min;
      its.retry_at = now + its.retry_pause;
      if (is_too_slow(to, now)) drop_too_slow(to, now);
      break;
    case delivery::gone:
      transport_.gone(to);
      break;
  }
}

void outbox::retry(instant now) {
  if (parked_.empty()) return;
  std::erase_if(parked_, [&](peer_id id) {
    const remote_peer* const p = peers_.find(id);
    return p == nullptr || p->ending || p->sending.retry_pause == duration::zero();
  });
  const std::vector<peer_id> candidates = parked_;  // flush() may park more
  for (const peer_id id : candidates) {
    remote_peer* const p = peers_.find(id);
    if (p != nullptr && p->sending.retry_at <= now) flush(*p, now);
  }
}

void outbox::take_unsent(remote_peer& gone) {
  gone.sending.out.take_requests([&](const message& request) { listener_.unsent(gone.id, request); });
}

// --- peers that do not read

bool outbox::is_too_slow(const remote_peer& p, instant now) const noexcept {
  const sending& its = p.sending;
  return its.overdrawn || its.out.bytes() > options_.out_queue_bytes_max ||
         its.out.age(now) > options_.out_queue_age_max;
}

void outbox::drop_too_slow(remote_peer& p, instant now) {
  const bool too_much = p.sending.overdrawn || p.sending.out.bytes() > options_.out_queue_bytes_max;
  const char* const too_long = p.sending.out.parked()
                                   ? "it does not read: it took nothing for out_queue_age_max"
                                   : "it does not read: it did not answer what it was asked, for out_queue_age_max";
  ++(too_much ? counted_.too_slow_bytes : counted_.too_slow_age);
  counted_.reasons.count(too_much ? refusal::out_queue_bytes_full : refusal::out_queue_too_old);
  drop(p, too_much ? "it does not read, and more waits for it than out_queue_bytes_max" : too_long, now);
}

// Cuts a peer that does not read. It cannot be told why, since nothing leaves for it. The transport keeps what it has
// taken until the connection ends.
void outbox::drop(remote_peer& p, const std::string& why, instant now) {
  ++counted_.too_slow;
  listener_.too_slow(p, why);
  if (!std::exchange(p.cut, true)) {
    take_unsent(p);
    listener_.dropped(p.id, why);
  }
  p.sending.out.clear();
  p.sending.overdrawn = false;
  p.sending.retry_pause = duration::zero();
  cuts_.push_front({p.id, turn_, now});
}

// A peer that has taken nothing for still_min counts still_factor times. So a peer that reads slowly stays longer than
// one that does not read. Bytes for peers that are cut already do not count: the transport is about to free them.
void outbox::bound(instant now) {
  if (!owed_.is_exceeded()) return;
  struct holder {
    remote_peer* peer;
    std::size_t bytes;
    std::size_t weight;
    duration still;
  };
  std::vector<holder> all;
  std::size_t sum = 0;
  peers_.for_each([&](remote_peer& p) {
    const std::size_t bytes = p.owed_bytes();
    if (p.cut || p.ending || bytes == 0) return;
    sum += bytes;
    const duration still = p.sending.lent.stands_still(now);
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
    counted_.reasons.count(refusal::total_out_queue_full);
    drop(*h.peer,
         std::to_string(h.bytes) + " bytes wait for it, and for all peers more than may (out_queue_total_bytes_max = " +
             std::to_string(owed_.most()) + ")",
         now);
  }
}

void outbox::finish_cuts(instant now) {
  // The loop's time stands still within a turn, and a turn may take long. So bye_time begins with the turn after the
  // one in which the bye was sent.
  for (pending_cut& c : cuts_) {
    if (c.when == instant::max() && c.since_turn != turn_) c.when = now + bye_time;
  }
  while (!cuts_.empty() && cuts_.front().when <= now) {
    remote_peer* const p = peers_.find(cuts_.front().who);
    cuts_.pop_front();
    if (p != nullptr && !p->ending) transport_.end_connection(*p);
  }
}

// --- for the engine

bool outbox::all_taken() const {
  bool all = true;
  peers_.for_each([&all](const remote_peer& p) {
    if (!p.cut && !p.ending && (!p.sending.out.empty() || p.sending.lent.bytes() > 0)) all = false;
  });
  return all;
}

instant outbox::next_deadline(instant now) const {
  instant next = instant::max();
  for (const peer_id id : parked_) {
    const remote_peer* const p = peers_.find(id);
    if (p != nullptr && p->sending.out.parked()) next = std::min(next, p->sending.retry_at);
  }
  for (const pending_cut& c : cuts_) next = std::min(next, c.when == instant::max() ? now : c.when);
  return next;
}

}  // namespace gate::broker
