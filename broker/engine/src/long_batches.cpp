// The engine's sixth part: batches that are too long for a turn. One message of 60 MiB may hold two million envelopes,
// which take seconds. A turn handles a part of it. The rest waits, and later messages of the same peer wait behind it.
// Messages of other peers are read as they come.
#include <algorithm>
#include <string>
#include <utility>

#include "broker/engine/engine.hpp"

namespace gate::broker {
namespace {

// A peer is cut if more of its batches wait to be handled than peer_messages_max of the longest messages, and more than
// peer_bytes_least. Twice as much may wait of all peers together. Beyond that the peer with the most is cut.
constexpr std::size_t peer_messages_max = 4;
constexpr std::size_t peer_bytes_least = 16u << 20;

bytes_view view_of(const zmq::message_t& frame) noexcept {
  return {static_cast<const char*>(frame.data()), frame.size()};
}

}  // namespace

// Keeps the message that is being handled, with `left_bytes` of its batch to do.
void engine::set_aside(port& from, remote_peer& sender, std::size_t left_bytes) {
  multipart& frames = from.incoming;
  unread_batch rest;
  rest.batch = std::move(frames[1]);
  if (frames.size() == 3) rest.payload = std::move(frames[2]);
  rest.handled_bytes = rest.batch.size() - left_bytes;
  sender.unread = std::make_unique<unread_batches>();
  unread_.push_back(sender.id);
  wait_in_line(sender, std::move(rest));
}

// Keeps a whole message behind others of the same peer.
void engine::put_behind(port& from, remote_peer& sender) {
  multipart& frames = from.incoming;
  unread_batch added;
  added.has_too_many_frames = frames.excess() != 0;
  added.has_bad_frames = frames.size() > 3;
  if (!added.has_too_many_frames && !added.has_bad_frames) {
    added.batch = std::move(frames[1]);
    if (frames.size() == 3) added.payload = std::move(frames[2]);
  }
  if (sender.unread->added_in == from.readings) from.came_round = true;
  wait_in_line(sender, std::move(added));
  bound_unread(sender);
}

void engine::wait_in_line(remote_peer& sender, unread_batch added) {
  const std::size_t bytes = added.bytes();
  port& from = *ports_[sender.port];
  sender.unread->waiting.push_back(std::move(added));
  sender.unread->bytes += bytes;
  sender.unread->added_in = from.readings;
  from.unread_bytes += bytes;
  from.set_aside_bytes += bytes;
  unread_bytes_ += bytes;
}

void engine::bound_unread(remote_peer& sender) {
  const std::size_t most = std::max(peer_bytes_least, peer_messages_max * options_.frame_bytes_max);
  remote_peer* over = sender.unread->bytes > most ? &sender : nullptr;
  if (over == nullptr && unread_bytes_ > 2 * most) {
    for (const peer_id id : unread_) {
      remote_peer* const p = peers_.find(id);
      if (!p->cut && (over == nullptr || p->unread->bytes > over->unread->bytes)) over = p;
    }
  }
  if (over == nullptr) return;
  turn_away(*over, errc::busy,
            std::to_string(over->unread->bytes) +
                " bytes of its batches wait to be handled: it sends faster than that, and more than may wait");
  forget_unread(*over);
}

// Handles what fits in this turn of the batches that wait. Peers take turns.
void engine::go_on_reading() {
  if (unread_.empty()) return;
  budget_of_turn_.renew();
  for (std::size_t peers = unread_.size(); peers > 0 && !budget_of_turn_.is_spent(); --peers) {
    const peer_id id = unread_.front();
    unread_.pop_front();
    remote_peer& sender = *peers_.find(id);
    handle_unread(sender);
    if (!sender.cut && !sender.unread->waiting.empty()) {
      unread_.push_back(id);
      continue;
    }
    forget_unread(sender);
    sender.unread.reset();
    if (sender.ends_when_read) end(sender);
  }
}

void engine::handle_unread(remote_peer& sender) {
  unread_batches& unread = *sender.unread;
  while (!sender.cut && !unread.waiting.empty() && !budget_of_turn_.is_spent()) {
    unread_batch& first = unread.waiting.front();
    if (first.has_too_many_frames) {
      refuse_frames(sender);
    } else if (first.has_bad_frames) {
      core_.malformed(sender.id, to_string(wire::gate2::parse_error::bad_frames), loop_.now());
    } else {
      const bytes_view rest = view_of(first.batch).substr(first.handled_bytes);
      const std::size_t left = handle_envelopes(sender, rest, first.payload ? &*first.payload : nullptr);
      first.handled_bytes = first.batch.size() - left;
      if (left != 0) return;
    }
    const std::size_t bytes = first.bytes();
    unread.waiting.pop_front();
    unread.bytes -= bytes;
    ports_[sender.port]->unread_bytes -= bytes;
    unread_bytes_ -= bytes;
  }
}

// Discards the batches of the peer that wait.
void engine::forget_unread(remote_peer& sender) {
  unread_batches& unread = *sender.unread;
  counted_.discarded += unread.waiting.size();
  ports_[sender.port]->unread_bytes -= unread.bytes;
  unread_bytes_ -= unread.bytes;
  unread = {};
}

}  // namespace gate::broker
