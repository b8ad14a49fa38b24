#include "common/src/peer/envelope_channel.hpp"

#include <utility>

#include <gate/limits.hpp>

#include "common/src/wire/gate2.hpp"

namespace gate::peer {

namespace {

// Batches that libzmq holds for us in either direction. Small, since what it holds nobody counts: beyond it batches
// wait in our own queue, where more envelopes join them, and the sender's TCP connection pushes back.
constexpr high_water batches{64, 256};

}  // namespace

envelope_channel::envelope_channel(loop& where, const channel_options& options, channel::handler& owner)
    : impl(where, options, owner, batches) {}

void envelope_channel::begin(connection&) {
  filling_.clear();
  queue_.clear();
}

// --- receiving

// Reads one message, of any number of frames; false when there is none.
bool envelope_channel::take_message(connection& c) {
  zmq::message_t envelopes, payload;
  if (!c.take(envelopes)) return false;
  if (!envelopes.more()) {
    read_batch(c, envelopes.to_string_view(), std::nullopt);
    return true;
  }
  if (!c.take(payload)) return false;
  if (!payload.more()) {
    read_batch(c, envelopes.to_string_view(), payload.to_string_view());
    return true;
  }
  for (bool more = true; more;) {
    if (!c.take(payload)) return false;
    more = payload.more();
  }
  owner_.malformed(to_string(wire::gate2::parse_error::bad_frames));
  return true;
}

void envelope_channel::read_batch(connection& c, bytes_view envelopes, std::optional<bytes_view> payload) {
  wire::gate2::reader reader(envelopes, payload);
  message m;
  while (reader.next(m)) {
    owner_.received(m);
    if (!is_current(c)) return;
  }
  if (reader.error() != wire::gate2::parse_error::none) owner_.malformed(to_string(reader.error()));
}

// --- sending

void envelope_channel::send(const message& m) {
  if (!current_ || !current_->connected) return;
  connection& c = *current_;
  const bool external = m.payload.frames() == 1 && m.payload.single().size() >= limits::external_payload_bytes_min;
  std::optional<zmq::message_t> payload;  // made first: without memory for it nothing is sent
  if (external) payload = frame_of(m.payload.single());
  const std::size_t before = filling_.size();
  wire::gate2::append(filling_, m, external);
  queued_bytes_ += filling_.size() - before;
  if (external) {
    queued_bytes_ += m.payload.size_bytes();
    end_batch(c, std::move(payload));
  } else if (filling_.size() >= limits::batch_bytes_target) {
    end_batch(c);
  }
  if (!writable()) over_bound_ = true;
}

void envelope_channel::end_batch(connection& c, std::optional<zmq::message_t> external) {
  if (!filling_.empty()) {
    queue_.push_back(batch{std::move(filling_), std::move(external)});
    filling_ = std::move(spare_);
    filling_.clear();
  }
  if (!c.blocked) flush(c);
}

// Hands over what waits, in order, until the transport takes no more. A batch that is still being filled when the
// transport is full stays open: what is sent meanwhile joins it.
void envelope_channel::flush(connection& c) {
  while (!queue_.empty()) {
    if (!hand_over(c, queue_.front())) return wait_until_writable(c);
    queued_bytes_ -= queue_.front().size_bytes();
    if (spare_.capacity() < queue_.front().envelopes.capacity()) spare_ = std::move(queue_.front().envelopes);
    queue_.pop_front();
  }
}

bool envelope_channel::hand_over(connection& c, batch& b) {
  // A copy: handing the string over instead saves less than the allocation of the next one costs.
  zmq::message_t first = frame_of(b.envelopes);
  if (!c.give(first, b.external.has_value())) return false;
  if (!b.external) return true;
  const std::size_t size = b.external->size();
  // libzmq takes all frames of a message whose first it took, unless the connection or the context ends in between:
  // then the message is lost with it.
  if (!c.give(*b.external, false)) b.external->rebuild();
  queued_bytes_ -= size;  // the frame is empty now
  return true;
}

}  // namespace gate::peer
