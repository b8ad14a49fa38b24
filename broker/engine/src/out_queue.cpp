#include "broker/engine/out_queue.hpp"

#include <utility>

#include "common/transport/payload_owner.hpp"

namespace gate::broker {
namespace {

// A larger buffer goes back to the pool, and does not stay with its peer: thousands of peers may have one.
constexpr std::size_t kept_bytes_max = 16u << 10;

// A string of this capacity has no buffer worth keeping.
constexpr std::size_t small_string_bytes = 32;

// How many sent messages may stay in front of those that wait. Without a limit a queue that never runs empty would
// grow.
constexpr std::size_t sent_kept_max = 1024;

// Frees the unused part of the buffer of a batch that waits. Batches are filled in large buffers, and only their bytes
// are counted. Thousands of peers may each have one that waits.
void give_up_room(outgoing& waiting) {
  const std::size_t size = waiting.batch.size();
  if (waiting.batch.capacity() - size > size / 4 + small_string_bytes) waiting.batch.shrink_to_fit();
}

// The payload as a frame of its own. If it came as one, that frame is shared.
zmq::message_t to_frame(const payload_view& payload) {
  if (payload.owner() != nullptr) return payload.owner()->share();
  zmq::message_t copied(payload.size_bytes());
  char* to = static_cast<char*>(copied.data());
  for (std::size_t i = 0; i < payload.frames(); ++i) to += payload[i].copy(to, payload[i].size());
  return copied;
}

}  // namespace

std::string frame_box::pack(const wire::frame_list& from, std::size_t message) {
  std::size_t byte_count = 0;
  for (std::size_t i = 0; i < from.frames(message); ++i)
    byte_count += sizeof(std::uint32_t) + from.frame(message, i).size();
  std::string box;
  box.reserve(byte_count);
  for (std::size_t i = 0; i < from.frames(message); ++i) {
    const bytes_view frame = from.frame(message, i);
    const auto size = static_cast<std::uint32_t>(frame.size());
    box.append(reinterpret_cast<const char*>(&size), sizeof size);
    box.append(frame);
  }
  return box;
}

void out_queue::append(const wire::frame_list& from, std::size_t message, const gate::message* request) {
  outgoing& added = closed_.emplace_back();
  added.framed = true;
  added.batch = frame_box::pack(from, message);
  if (request != nullptr) wire::gate2::append(added.request, *request, false);
  closed_bytes_ += added.bytes();
  tell_share();
}

void out_queue::take_room() {
  if (open_.batch.empty() && open_.batch.capacity() <= small_string_bytes) open_.batch = spare_->take();
}

bool out_queue::answered(const message& marked, instant now) {
  if (!pace_.answered(marked, now)) return false;
  release();
  tell_share();
  return true;
}

void out_queue::release() {
  for (bool more = true; more && (!pace_.empty() || pace_.mark_due());) {
    take_room();
    more = pace_.release(open_.batch);
    if (pace_.mark_due()) pace_.mark(open_.batch);
    if (open_.batch.size() >= pace_.batch_bytes()) close_open();
  }
}

bool out_queue::append(const message& m) {
  if (!pace_.passes(m)) {
    release();
    tell_share();
    return false;
  }
  take_room();
  const bool external = m.payload.size_bytes() >= limits::external_payload_bytes_min;
  wire::gate2::append(open_.batch, m, external);
  if (external) {
    open_.payload = to_frame(m.payload);
    open_.has_payload = true;
  }
  const bool full = external || open_.batch.size() >= limits::batch_bytes_target;
  if (full) close_open();
  if (pace_.mark_due()) release();
  tell_share();
  return full;
}

void out_queue::close_open() {
  if (open_.batch.empty()) return;
  if (parked_) give_up_room(open_);
  closed_bytes_ += open_.bytes();
  closed_.push_back(std::exchange(open_, {}));
}

// The batch was sent: its buffer is used for the next one.
void out_queue::reuse_open() {
  open_.batch.clear();
  if (open_.batch.capacity() > kept_bytes_max) spare_->give(std::exchange(open_.batch, {}));
  open_.payload.rebuild();
  open_.has_payload = false;
}

void out_queue::forget_front(std::size_t size_bytes, instant now) {
  closed_bytes_ -= size_bytes;
  outgoing sent = std::exchange(closed_[head_], {});  // its memory goes now, though its place may stay
  if (!sent.framed && sent.batch.capacity() > kept_bytes_max) spare_->give(std::move(sent.batch));
  ++head_;
  ++sent_;
  // A mark may have waited behind it, which nobody could answer. And the transport takes more because the peer does.
  if (std::exchange(parked_, false)) pace_.moved(now);
  if (head_ == closed_.size()) {
    closed_.clear();
    head_ = 0;
  } else if (head_ >= sent_kept_max && head_ * 2 >= closed_.size()) {
    closed_.erase(closed_.begin(), closed_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
}

delivery out_queue::flush(sender& to, instant now) {
  pace_.left(now);
  if (closed_.empty() && !open_.batch.empty()) {  // the common case: one batch, sent at once, its room used again
    const delivery result = to.send(open_);
    if (result == delivery::sent) {
      ++sent_;
      reuse_open();
      tell_share();
    }
    if (result != delivery::blocked) return result;
  }
  close_open();
  while (head_ < closed_.size()) {
    outgoing& front = closed_[head_];
    const std::size_t front_bytes = front.bytes();
    const delivery result = to.send(front);
    if (result == delivery::blocked) park(now);
    if (result != delivery::sent) {
      tell_share();
      return result;
    }
    forget_front(front_bytes, now);
  }
  tell_share();
  return delivery::sent;
}

void out_queue::park(instant now) {
  if (std::exchange(parked_, true)) return;
  closed_[head_].since = now;
  for (std::size_t i = head_; i < closed_.size(); ++i) give_up_room(closed_[i]);
}

void out_queue::clear() noexcept {
  closed_.clear();
  head_ = 0;
  closed_bytes_ = 0;
  const outgoing dropped = std::exchange(open_, {});
  parked_ = false;
  pace_.reset();
  tell_share();
}

}  // namespace gate::broker
