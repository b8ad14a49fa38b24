#include "common/channel/src/frame_channel.hpp"

#include <utility>

#include <gate/limits.hpp>

namespace gate::peer {

namespace {

// These are single messages, not batches: enough for the transport to stay busy between two turns of the loop.
constexpr high_water messages{1024, 1024};

}  // namespace

frame_channel::frame_channel(loop& where, const channel_options& options, channel::handler& owner,
                             std::unique_ptr<foreign_broker> broker)
    : impl(where, options, owner, messages), broker_(std::move(broker)) {}

frame_channel::~frame_channel() { loop_.cancel_timer(delivery_); }

void frame_channel::begin(connection& c) {
  loop_.cancel_timer(std::exchange(delivery_, {}));
  filling_.clear();
  queue_.clear();
  c.dealer.raw().set(zmq::sockopt::routing_id, broker_->begin());
}

// --- receiving

bool frame_channel::take_message(connection& c) {
  if (!read_frames(c)) return false;
  if (frames_.size() > limits::frames_max) {
    owner_.malformed("a message of too many frames");
  } else {
    hear(c);
  }
  return true;
}

// Reads one message. If it has too many frames, notes only that.
bool frame_channel::read_frames(connection& c) {
  frames_.clear();
  for (bool more = true; more;) {
    zmq::message_t frame;
    if (!c.take(frame)) return false;
    more = frame.more();
    if (frames_.size() <= limits::frames_max) frames_.push_back(std::move(frame));
  }
  return true;
}

void frame_channel::hear(connection& c) {
  views_.clear();
  for (const zmq::message_t& frame : frames_) views_.push_back(frame.to_string_view());
  const std::size_t before = filling_.bytes();
  broker_->hear(views_, filling_);
  queued_bytes_ += filling_.bytes() - before;
  deliver(c);
}

void frame_channel::deliver(connection& c) {
  delivering_ = true;
  message m;
  while (is_current(c) && broker_->next(m)) owner_.received(m);
  delivering_ = false;
  deliver_later();
}

// Delivers later: the session must not be called while it sends.
void frame_channel::deliver_later() {
  if (delivering_ || delivery_ != timer_key{} || !broker_->has_next()) return;
  delivery_ = loop_.at(loop_.now(), [this] {
    delivery_ = {};
    if (current_ && current_->connected) deliver(*current_);
  });
}

// --- sending

void frame_channel::send(const message& m) {
  if (!current_ || !current_->connected) return;
  const std::size_t before = filling_.bytes();
  broker_->say(m, filling_);
  queued_bytes_ += filling_.bytes() - before;
  if (filling_.bytes() >= limits::batch_bytes_target) end_batch(*current_);
  if (!writable()) over_bound_ = true;
  deliver_later();
}

void frame_channel::end_batch(connection& c) {
  if (!filling_.empty()) {
    queue_.emplace_back();
    std::swap(queue_.back().messages, filling_);
  }
  if (!c.blocked) flush(c);
}

void frame_channel::flush(connection& c) {
  while (!queue_.empty()) {
    batch& first = queue_.front();
    for (; first.next < first.messages.messages(); ++first.next) {
      if (!hand_over(c, first.messages, first.next)) return wait_until_writable(c);
    }
    queued_bytes_ -= first.messages.bytes();
    if (queue_.size() == 1 && filling_.empty()) {  // its memory serves the next turn
      std::swap(filling_, first.messages);
      filling_.clear();
    }
    queue_.pop_front();
  }
}

bool frame_channel::hand_over(connection& c, const wire::frame_list& list, std::size_t which) {
  const std::size_t count = list.frames(which);
  for (std::size_t i = 0; i < count; ++i) {
    const bytes_view raw = list.frame(which, i);
    zmq::message_t frame = frame_of(raw);
    const bool sent = c.give(frame, i + 1 < count);
    if (!sent && i == 0) return false;
    // give() refuses a later frame if the connection ended in between. The message is then lost; libzmq drops the
    // frames that it took.
  }
  return true;
}

}  // namespace gate::peer
