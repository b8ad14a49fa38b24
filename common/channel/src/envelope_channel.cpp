#include "common/channel/src/envelope_channel.hpp"

#include <utility>

#include <gate/limits.hpp>

#include "common/protocol/gate2_own.hpp"
#include "common/wire/gate2.hpp"

namespace gate::peer {

namespace {

// How many batches libzmq may hold for us in either direction. It is small, since nobody counts their bytes. Further
// batches wait in our own queue, where more envelopes join them. When receiving, the rest waits at the sender, held
// back by TCP.
constexpr high_water batches{64, 256};

// A worker with more bytes of replies waiting than this does not tell the broker that a method returned: it then gets
// no new calls for it.
constexpr std::size_t answering_bytes_max = 8u << 20;

}  // namespace

envelope_channel::envelope_channel(loop& where, const channel_options& options, channel::handler& owner)
    : impl(where, options, owner, batches) {}

void envelope_channel::begin(connection&) {
  filling_.clear();
  queue_.clear();
  pace_.reset();
  joined_.take();
}

// --- receiving

// Reads one message, of any number of frames. Returns false if there is none.
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
    if (wire::gate2::is_own(m.type)) {
      take_own(c, m);
    } else {
      if (m.type == message_type::welcome) be_welcome(c, m);
      owner_.received(m);
    }
    if (!is_current(c)) return;
  }
  if (reader.error() != wire::gate2::parse_error::none) owner_.malformed(to_string(reader.error()));
}

void envelope_channel::be_welcome(connection& c, const message& m) {
  if ((m.capabilities & wire::gate2::capability_pieces) != 0) pace_.enable();
  // If the broker's heartbeats are rarer than pings, its own messages do not show that it is alive.
  if (c.life) c.life->speaks_by_itself(m.heartbeat_interval <= options_.transport_heartbeat_interval);
}

// Handles the messages that concern the connection alone.
void envelope_channel::take_own(connection& c, const message& m) {
  if (!pace_.is_on()) return owner_.malformed(to_string(wire::gate2::parse_error::unknown_type));
  if (m.type == wire::gate2::type_piece) return take_piece(c, m);
  if (m.type == wire::gate2::type_answering) return owner_.malformed("a broker has no methods that return");
  if (m.type == wire::gate2::type_marked) {
    if (!pace_.answered(m, loop_.now())) return owner_.malformed("an answer to a mark that was not asked");
    return release(c, false);
  }
  message answer;
  answer.type = wire::gate2::type_marked;
  answer.offset = m.offset;
  append_own(answer);
}

void envelope_channel::take_piece(connection& c, const message& m) {
  switch (joined_.add(m, options_.frame_bytes_max)) {
    case piece_joiner::outcome::more:
      return owner_.arriving();
    case piece_joiner::outcome::too_large:
      return owner_.malformed(to_string(wire::gate2::parse_error::too_large));
    case piece_joiner::outcome::no_memory:
    case piece_joiner::outcome::let_go:
      return owner_.malformed("there is no memory for a message of the broker's");
    case piece_joiner::outcome::whole:
      break;
  }
  const std::string envelope = joined_.take();
  wire::gate2::reader reader(envelope);
  message whole;
  while (reader.next(whole)) {
    if (wire::gate2::is_own(whole.type)) return owner_.malformed("a piece within a piece");
    owner_.received(whole);
    if (!is_current(c)) return;
  }
  if (reader.error() != wire::gate2::parse_error::none) owner_.malformed(to_string(reader.error()));
}

// --- sending

void envelope_channel::send(const message& m) {
  if (!current_ || !current_->connected) return;
  connection& c = *current_;
  if (pace_.passes(m)) {
    append(c, m);
  } else {
    queued_bytes_ += pace_.last_bytes();
    if (m.type == message_type::final) tell_of_answer(m.call);
    release(c, false);
  }
  if (pace_.mark_due()) {
    const std::size_t before = filling_.size();
    pace_.mark(filling_);
    queued_bytes_ += filling_.size() - before;
  }
  if (!writable()) over_bound_ = true;
}

// Tells the broker that the method has returned. Otherwise it would think that the method still runs, and give the
// thread no new call.
void envelope_channel::tell_of_answer(call_id call) {
  if (pace_.bytes() > answering_bytes_max) return;
  message note;
  note.type = wire::gate2::type_answering;
  note.call = call;
  append_own(note);
}

void envelope_channel::append_own(const message& m) {
  const std::size_t before = filling_.size();
  wire::gate2::append(filling_, m);
  queued_bytes_ += filling_.size() - before;
}

void envelope_channel::append(connection& c, const message& m) {
  const bool external = m.payload.frames() == 1 && m.payload.single().size() >= limits::external_payload_bytes_min;
  std::optional<zmq::message_t> payload;  // made first: if there is no memory for it, nothing is sent
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
}

void envelope_channel::release(connection& c, bool all) {
  for (bool more = true; more;) {
    const std::size_t before = filling_.size() + pace_.bytes();
    more = pace_.release(filling_, all);
    if (pace_.mark_due()) pace_.mark(filling_);
    queued_bytes_ += filling_.size() + pace_.bytes();
    queued_bytes_ -= before;
    if (filling_.size() >= pace_.batch_bytes()) end_batch(c);
  }
}

void envelope_channel::end_batch(connection& c, std::optional<zmq::message_t> external) {
  pace_.left(loop_.now());
  if (!filling_.empty()) {
    queue_.push_back(batch{std::move(filling_), std::move(external)});
    filling_ = std::move(spare_);
    filling_.clear();
  }
  if (!c.blocked) flush(c);
}

// Hands over the waiting batches, in order, until the transport takes no more. If the transport is full, the batch that
// is being filled stays open, and messages that are sent meanwhile join it.
void envelope_channel::flush(connection& c) {
  while (!queue_.empty()) {
    if (!hand_over(c, queue_.front())) return wait_until_writable(c);
    queued_bytes_ -= queue_.front().size_bytes();
    if (spare_.capacity() < queue_.front().envelopes.capacity()) spare_ = std::move(queue_.front().envelopes);
    queue_.pop_front();
  }
}

bool envelope_channel::hand_over(connection& c, batch& b) {
  // A copy. Handing the string over would save less than allocating the next string costs.
  zmq::message_t first = frame_of(b.envelopes);
  if (!c.give(first, b.external.has_value())) return false;
  if (!b.external) return true;
  const std::size_t size = b.external->size();
  // If libzmq took the first frame of a message, it takes all, unless the connection or the context ends in between.
  // Then the whole message is lost.
  if (!c.give(*b.external, false)) b.external->rebuild();
  queued_bytes_ -= size;  // libzmq has emptied the frame
  return true;
}

}  // namespace gate::peer
