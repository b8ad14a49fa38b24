#include "broker/core/src/call_queue.hpp"

#include <algorithm>
#include <utility>

namespace gate::broker {

void call_queue::push_back(call& c, lane& where) {
  c.position = ++back_;
  where.waiting.push_back(c);
  pushed(c, where);
}

void call_queue::push_front(call& c, lane& where) {
  c.position = --front_;
  where.waiting.push_front(c);
  pushed(c, where);
}

void call_queue::pushed(call& c, lane& where) noexcept {
  c.waits_in = &where;
  ++queued_;
  queued_bytes_ += c.kept->bytes();
}

void call_queue::remove(call& c) noexcept {
  std::exchange(c.waits_in, nullptr)->waiting.remove(c);
  --queued_;
  queued_bytes_ -= c.kept->bytes();
}

call* call_queue::first_for(const worker& w) const noexcept {
  const client_turns* first = nullptr;
  for (const lane_of_group& l : w.methods().lanes) {
    const client_turns& waiting = l.where->waiting;
    if (waiting.empty() || (first != nullptr && first->turn() <= waiting.turn()) || !w.takes(l.way)) continue;
    if (l.way == call_way::thread && !w.work.fits(waiting.next()->number)) continue;
    first = &waiting;
  }
  return first == nullptr ? nullptr : first->next();
}

const client_share* call_queue::heaviest() const noexcept {
  const client_share* most = nullptr;
  for (const auto& l : lanes_) {
    const client_share* const s = l->waiting.heaviest();
    if (s != nullptr && (most == nullptr || s->weight() > most->weight())) most = s;
  }
  return most;
}

std::vector<call*> call_queue::all() const {
  std::vector<call*> calls;
  calls.reserve(queued_);
  for (const auto& l : lanes_) {
    l->waiting.for_each([&calls](call& c) { calls.push_back(&c); });
  }
  std::sort(calls.begin(), calls.end(), [](const call* a, const call* b) { return a->position < b->position; });
  return calls;
}

std::vector<call*> call_queue::take_lanes() {
  std::vector<call*> calls = all();
  for (const auto& l : lanes_) l->waiting.clear();
  lanes_.clear();
  return calls;
}

lane& call_queue::add_lane(const std::vector<offer>& offers) {
  lanes_.push_back(std::make_unique<lane>(turns_));
  lane& added = *lanes_.back();
  added.offers = offers;
  for (const offer& o : offers) static_cast<method_group&>(*o.group).lanes.push_back({&added, o.way});
  return added;
}

void call_queue::put_back(call& c, lane& where) {
  c.waits_in = &where;
  where.waiting.push_back(c);
}

}  // namespace gate::broker
