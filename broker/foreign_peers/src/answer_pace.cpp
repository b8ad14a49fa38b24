#include "broker/foreign_peers/answer_pace.hpp"

#include <utility>

#include "common/dialects/foreign_words.hpp"

namespace gate::broker {
namespace {

// A kept envelope costs more than its bytes, and many are small.
std::size_t cost_of(const wire::gate2::kept_envelope& envelope) noexcept { return envelope.capacity_bytes() + 64; }

message too_slow(call_id call) {
  message m =
      wire::error_of(call, errc::too_slow,
                     "the caller takes the answer more slowly than its worker gives it, and no more can be kept");
  m.origin = origin::broker;
  return m;
}

}  // namespace

void answer_pace::request(const message& m) {
  const bool streams = m.has(message_flag::wants_stream);
  if (m.has(message_flag::one_way) || (!streams && m.accept == 0)) return;
  open_call& c = open_[m.call];
  c.paced = streams;
  if (streams) c.window = credit_window({m.credit_items, m.credit_bytes});
}

void answer_pace::credit(const message& m) {
  const auto found = open_.find(m.call);
  if (found == open_.end()) return;
  open_call& c = found->second;
  c.window.grant({m.credit_items, m.credit_bytes});
  while (c.holds()) {
    const bool is_part = c.held[c.first].is_part;
    if (is_part && !c.window.take(c.held[c.first].payload_bytes)) return;
    ready_.push_back(take_first(c));
    if (!is_part) {
      open_.erase(found);
      return;
    }
  }
}

// The core takes no more parts of this call, but waits for its final or error.
void answer_pace::cancel(call_id call) {
  const auto found = open_.find(call);
  if (found == open_.end()) return;
  open_call& c = found->second;
  while (c.holds()) {
    const bool is_part = c.held[c.first].is_part;
    wire::gate2::kept_envelope envelope = take_first(c);
    if (!is_part) ready_.push_back(std::move(envelope));
  }
  open_.erase(found);
}

bool answer_pace::admit(const message& m) {
  const auto found = open_.find(m.call);
  if (found == open_.end()) return true;
  open_call& c = found->second;
  const bool is_part = m.type == message_type::part;
  if (is_part && m.is_head()) {
    c.paced = true;
    return true;
  }
  if (is_part && !c.paced) return true;  // an item of a stream that its caller does not take
  if (c.holds()) {
    const bool fits = has_room_for(m.payload.size_bytes());
    if (is_part && !fits) return true;
    // A final or error waits behind the parts before it. If there is no room for it, a short error takes its place.
    keep(c, fits ? m : too_slow(m.call));
    return false;
  }
  if (!is_part) {
    open_.erase(found);
    return true;
  }
  if (c.window.take(m.payload.size_bytes())) return true;
  keep(c, m);
  return false;
}

bool answer_pace::has_room_for(std::size_t more) const noexcept {
  const std::size_t then = held_bytes_ + more;
  if (then > held_bytes_max_) return false;
  return share_.of() == nullptr || share_.of()->has_room_for(more) || then <= held_bytes_min;
}

void answer_pace::keep(open_call& c, const message& m) {
  const kept& last =
      c.held.emplace_back(kept{wire::gate2::kept_envelope(m), m.payload.size_bytes(), m.type == message_type::part});
  held_bytes_ += cost_of(last.envelope);
  share_.set(held_bytes_);
}

wire::gate2::kept_envelope answer_pace::take_first(open_call& c) {
  wire::gate2::kept_envelope envelope = std::move(c.held[c.first].envelope);
  held_bytes_ -= cost_of(envelope);
  share_.set(held_bytes_);
  ++c.first;
  if (c.first * 2 >= c.held.size()) {
    c.held.erase(c.held.begin(), c.held.begin() + static_cast<std::ptrdiff_t>(c.first));
    c.first = 0;
  }
  return envelope;
}

}  // namespace gate::broker
