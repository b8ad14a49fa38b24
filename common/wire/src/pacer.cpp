#include "common/wire/pacer.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/protocol/gate2_own.hpp"

namespace gate::peer {
namespace {

constexpr std::uint64_t piece_bytes_min = 16u << 10, piece_bytes_max = 64u << 10;
constexpr std::uint64_t step_bytes_min = 8u << 10, step_bytes_max = 1u << 20;

// A piece that only fills the rest of the room has at least this size.
constexpr std::uint64_t filling_bytes_min = 8u << 10;

// Messages of the connection itself. They need no order relative to others.
bool is_of_connection(message_type type) noexcept {
  return type == message_type::heartbeat || type == wire::gate2::type_piece || type == wire::gate2::type_mark ||
         type == wire::gate2::type_marked;
}

}  // namespace

// --- flight_limit

std::uint64_t flight_limit::step() const noexcept { return std::clamp(bytes_ / 8, step_bytes_min, step_bytes_max); }

std::uint64_t flight_limit::piece_bytes() const noexcept {
  return std::clamp(bytes_ / 8, piece_bytes_min, piece_bytes_max);
}

bool flight_limit::learn(duration took, std::uint64_t read_bytes, bool was_short, bool settled, instant now) noexcept {
  // A time close to the shortest one confirms it.
  if (!shortest_ || took <= *shortest_ + *shortest_ / 4 + std::chrono::milliseconds(5)) shortest_at_ = now;
  shortest_ = std::min(shortest_.value_or(took), took);
  if (!settled) return false;
  if (took > *shortest_ + shrunk_above) {
    const double a_second = static_cast<double>(read_bytes) / std::chrono::duration<double>(took).count();
    const double aimed = a_second * std::chrono::duration<double>(*shortest_ + aimed_at).count();
    const auto wanted = static_cast<std::uint64_t>(aimed);
    const std::uint64_t before = std::exchange(bytes_, std::clamp(wanted, least_bytes, bytes_));
    return bytes_ != before;
  }
  // A mark that was sent with little on the way says nothing about a full way. One with more than three quarters of the
  // limit says enough.
  if (!was_short || read_bytes <= bytes_ / 4 * 3 || bytes_ == most_bytes) return false;
  const double share = static_cast<double>(bytes_) / static_cast<double>(read_bytes);
  const std::chrono::duration<double> of_all = (took - *shortest_) * std::max(share, 1.0);
  if (of_all >= doubled_below) return false;
  bytes_ = std::min(bytes_ * 2, most_bytes);
  return true;
}

// --- pacer

void pacer::reset() { *this = pacer(); }

bool pacer::admit(const message& m) {
  if (is_of_connection(m.type) || (!empty() && may_overtake(m))) return true;
  // All steps that may throw come first. So the message waits, or nothing has changed.
  std::list<held> added;
  added.push_back({m.call, m.type, is_small(m), number_ + 1, {}});
  wire::gate2::append(added.front().envelope, m);
  const std::size_t bytes = added.front().envelope.size();
  const bool is_behind = m.call == call_id{} || !behind_.empty();
  if (m.call != call_id{}) {
    std::list<lane*> place(1);
    lane& its = lanes_[m.call];
    ++its.messages;
    if (m.type == message_type::request) ++its.requests;
    if (!is_behind) enqueue(its, added, place);
  }
  if (is_behind) behind_.splice(behind_.end(), added);
  if (empty()) {
    timed_ = false;
    unstamped_ = true;
    ++awaited_;
  }
  ++number_;
  last_bytes_ = bytes;
  bytes_ += bytes;
  was_short_ = true;
  // A mark is needed. Otherwise no answer would show when there is room again.
  if (questions_.empty() && on_the_way() > 0) mark_due_ = true;
  return false;
}

// A small message passes waiting ones, but not those of its own call. Credit only has to follow its own request,
// because it is for the other direction.
bool pacer::may_overtake(const message& m) const {
  if (!is_small(m) || m.call == call_id{}) return false;
  const auto its = lanes_.find(m.call);
  return its == lanes_.end() || (m.type == message_type::credit && its->second.requests == 0);
}

// Moves the first element of `from` into the lane. `place` has at least one element, which becomes the lane's entry in
// a list of turns.
void pacer::enqueue(lane& its, std::list<held>& from, std::list<lane*>& place) noexcept {
  its.waiting.splice(its.waiting.end(), from, from.begin());
  if (its.waiting.size() > 1) return;
  place.front() = &its;
  take_place(place);
}

// Moves the lane, the first of `from`, to the end of the list for its next envelope.
void pacer::take_place(std::list<lane*>& from) noexcept {
  lane& its = *from.front();
  its.spent_bytes = 0;
  std::list<lane*>& to = is_long(its) ? pieces_ : whole_;
  to.splice(to.end(), from, from.begin());
}

void pacer::count(std::uint64_t bytes) noexcept {
  sent_ += bytes;
  if (sent_ >= ask_at_) mark_due_ = true;
}

// Computes the limits for sending and for the next mark from what was read, marked and learned.
void pacer::follow() noexcept {
  open_up_to_ = clearing_ ? 0 : read_ + limit_.bytes();
  ask_at_ = asked_ + limit_.step();
}

// whole_ and pieces_ take turns, each for the bytes of one piece.
std::list<pacer::lane*>& pacer::turn() noexcept {
  if (whole_.empty() || pieces_.empty()) {
    is_for_pieces_ = whole_.empty();
  } else if (spent_bytes_ >= batch_bytes()) {
    is_for_pieces_ = !is_for_pieces_;
    spent_bytes_ = 0;
  }
  return is_for_pieces_ ? pieces_ : whole_;
}

bool pacer::release(std::string& batch, bool all) {
  if (empty()) return false;
  if (whole_.empty() && pieces_.empty()) {
    end(batch);
    return true;
  }
  std::list<lane*>& whose = turn();
  lane& its = *whose.front();
  held& next = its.waiting.front();
  const bool in_pieces = is_long(its);
  const std::size_t rest = next.envelope.size() - next.left;
  std::size_t size = in_pieces ? std::min<std::size_t>(rest, batch_bytes()) : rest;
  const std::uint64_t room = room_bytes();
  if (!all && !next.small && size > room) {
    if (!in_pieces || room < filling_bytes_min) {
      if (questions_.empty() && on_the_way() > 0) mark_due_ = true;
      return false;
    }
    size = static_cast<std::size_t>(room);
  }
  if (in_pieces) {
    message piece;
    piece.type = wire::gate2::type_piece;
    piece.payload = bytes_view(next.envelope).substr(next.left, size);
    if (size == rest) piece.flags = message_flag::end_of_parts;
    wire::gate2::append(batch, piece);
  } else {
    batch += next.envelope;
  }
  if (!next.small) count(size);
  next.left += size;
  spent_bytes_ += size;
  its.spent_bytes += size;
  if (size == rest) ended(whose, batch);
  return true;
}

// The first envelope of the call whose turn it is has left. The small ones behind it follow at once.
void pacer::ended(std::list<lane*>& from, std::string& batch) {
  lane& its = *from.front();
  std::list<held>& waiting = its.waiting;
  do {
    const call_id call = waiting.front().call;
    bytes_ -= waiting.front().envelope.size();
    if (waiting.front().type == message_type::request) --its.requests;
    waiting.pop_front();
    if (--its.messages == 0) {
      from.pop_front();
      lanes_.erase(call);
      return;
    }
    if (!waiting.empty() && waiting.front().small) batch += waiting.front().envelope;
  } while (!waiting.empty() && waiting.front().small);
  if (!waiting.empty() && &from == &whole_ && !is_long(its) && its.spent_bytes < batch_bytes()) return;
  if (waiting.empty()) {
    from.pop_front();
  } else {
    take_place(from);
  }
}

// All earlier messages have left. Now the message that ends something leaves, and those behind it join the queue.
void pacer::end(std::string& batch) {
  // The steps that may throw come first.
  std::list<lane*> places;
  for (auto each = std::next(behind_.begin()); each != behind_.end() && each->call != call_id{}; ++each) {
    places.push_back(nullptr);
  }
  batch += behind_.front().envelope;
  bytes_ -= behind_.front().envelope.size();
  behind_.pop_front();
  while (!behind_.empty() && behind_.front().call != call_id{}) {
    enqueue(lanes_.find(behind_.front().call)->second, behind_, places);
  }
}

std::vector<const pacer::held*> pacer::requests() const {
  std::vector<const held*> found;
  const auto take = [&found](const std::list<held>& from) {
    for (const held& each : from) {
      if (each.type == message_type::request) found.push_back(&each);
    }
  };
  for (const auto& [call, its] : lanes_) take(its.waiting);
  take(behind_);
  std::sort(found.begin(), found.end(), [](const held* a, const held* b) { return a->number < b->number; });
  return found;
}

void pacer::mark(std::string& batch) {
  mark_due_ = false;
  asked_ = sent_;
  follow();
  questions_.push_back({.position = sent_, .was_short = was_short_});
  was_short_ = !empty();
  unstamped_ = true;
  message m;
  m.type = wire::gate2::type_mark;
  m.offset = sent_;
  wire::gate2::append(batch, m);
}

void pacer::stamp(instant now) noexcept {
  unstamped_ = false;
  for (auto each = questions_.rbegin(); each != questions_.rend() && !each->stamped; ++each) {
    each->stamped = true;
    each->at = now;
    each->read_before = read_;
  }
  if (timed_ || empty()) return;
  timed_ = true;
  waits_since_ = now;
}

bool pacer::answered(const message& marked, instant now) {
  const auto is_it = [&](const question& q) { return q.position == *marked.offset; };
  const auto found = std::find_if(questions_.begin(), questions_.end(), is_it);
  if (found == questions_.end() || !found->stamped) return false;
  const question asked = *found;
  questions_.erase(questions_.begin(), found + 1);
  read_ = asked.position;
  waits_since_ = now;
  timed_ = true;
  ++awaited_;
  if (limit_.learn(now - asked.at, read_ - asked.read_before, asked.was_short, asked.position > changed_at_, now)) {
    changed_at_ = sent_;
  }
  if (!empty() && limit_.is_stale(now)) clearing_ = true;
  if (clearing_ && on_the_way() == 0) {
    clearing_ = false;
    limit_.forget_shortest();
  }
  follow();
  if (questions_.empty() && on_the_way() > 0 && !empty()) mark_due_ = true;
  return true;
}

}  // namespace gate::peer
