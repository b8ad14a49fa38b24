#include "common/src/peer/pacer.hpp"

#include <algorithm>
#include <utility>

namespace gate::peer {
namespace {

// What an envelope costs beyond its payload, by and large.
constexpr std::size_t envelope_bytes = 64;

constexpr std::uint64_t piece_bytes_min = 16u << 10, piece_bytes_max = 64u << 10;
constexpr std::uint64_t step_bytes_min = 8u << 10, step_bytes_max = 1u << 20;

// A piece that fills what room there is has so many at least.
constexpr std::uint64_t filling_bytes_min = 8u << 10;

// What the connection itself says, and need not be in order with anything.
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
  // Within a little of the shortest is as short: it is still true.
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
  // What was asked while little was on the way says nothing of a full one; what was asked while nearly all was, a
  // little.
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
  if (is_of_connection(m.type)) return true;
  const std::size_t size = m.payload.size_bytes() + envelope_bytes;
  if (waiting_.empty() ? size <= room_bytes() : may_overtake(m)) {
    if (!is_small(m)) count(size);
    return true;
  }
  held& last = waiting_.emplace_back(held{m.call, m.type, is_small(m), {}});
  wire::gate2::append(last.envelope, m);
  bytes_ += last.envelope.size();
  if (m.call != call_id{}) {
    of_call& its = calls_[m.call];
    ++its.messages;
    if (m.type == message_type::request) ++its.requests;
  }
  was_short_ = true;
  // Nobody else would tell when there is room again.
  if (questions_.empty() && on_the_way() > 0) mark_due_ = true;
  return false;
}

// What is small passes what waits, but not what waits of its own call. Credit is of the other direction: it has to
// follow its request alone.
bool pacer::may_overtake(const message& m) const {
  if (!is_small(m) || m.call == call_id{}) return false;
  const auto its = calls_.find(m.call);
  return its == calls_.end() || (m.type == message_type::credit && its->second.requests == 0);
}

void pacer::count(std::uint64_t bytes) noexcept {
  sent_ += bytes;
  if (sent_ - asked_ >= limit_.step()) mark_due_ = true;
}

bool pacer::release(std::string& batch, bool all) {
  if (waiting_.empty()) return false;
  held& front = waiting_.front();
  const std::size_t rest = front.envelope.size() - front.left;
  std::size_t size = std::min<std::size_t>(rest, batch_bytes());
  const std::uint64_t room = room_bytes();
  if (!all && !front.small && size > room && room >= filling_bytes_min) size = static_cast<std::size_t>(room);
  if (!all && !front.small && size > room) {
    if (questions_.empty() && on_the_way() > 0) mark_due_ = true;
    return false;
  }
  if (size == front.envelope.size()) {
    batch += front.envelope;
  } else {
    message piece;
    piece.type = wire::gate2::type_piece;
    piece.payload = bytes_view(front.envelope).substr(front.left, size);
    if (size == rest) piece.flags = message_flag::end_of_parts;
    wire::gate2::append(batch, piece);
  }
  if (!front.small) count(size);
  front.left += size;
  if (front.left == front.envelope.size()) forget_front();
  return true;
}

void pacer::forget_front() {
  const held& front = waiting_.front();
  bytes_ -= front.envelope.size();
  if (const auto its = calls_.find(front.call); its != calls_.end()) {
    if (front.type == message_type::request) --its->second.requests;
    if (--its->second.messages == 0) calls_.erase(its);
  }
  waiting_.pop_front();
}

void pacer::mark(std::string& batch) {
  mark_due_ = false;
  asked_ = sent_;
  questions_.push_back({.position = sent_, .was_short = was_short_});
  was_short_ = !waiting_.empty();
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
}

bool pacer::answered(const message& marked, instant now) {
  const auto is_it = [&](const question& q) { return q.position == *marked.offset; };
  const auto found = std::find_if(questions_.begin(), questions_.end(), is_it);
  if (found == questions_.end() || !found->stamped) return false;
  const question asked = *found;
  questions_.erase(questions_.begin(), found + 1);
  read_ = asked.position;
  if (limit_.learn(now - asked.at, read_ - asked.read_before, asked.was_short, asked.position > changed_at_, now)) {
    changed_at_ = sent_;
  }
  if (!waiting_.empty() && limit_.is_stale(now)) clearing_ = true;
  if (clearing_ && on_the_way() == 0) {
    clearing_ = false;
    limit_.forget_shortest();
  }
  if (questions_.empty() && on_the_way() > 0 && !waiting_.empty()) mark_due_ = true;
  return true;
}

}  // namespace gate::peer
