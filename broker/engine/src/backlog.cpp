#include "broker/engine/backlog.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace gate::broker {
namespace {

// A peer is cut if more bytes of it wait than messages_max of the longest messages have, and more than bytes_least.
constexpr std::size_t messages_max = 4;
constexpr std::size_t bytes_least = 16u << 20;

}  // namespace

backlog::backlog(remote_peers& peers, io_counters& counted, std::size_t frame_bytes_max, listener& told) noexcept
    : peers_(peers),
      counted_(counted),
      peer_bytes_max_(std::max(bytes_least, messages_max * frame_bytes_max)),
      listener_(told) {}

void backlog::set_aside(port_backlog& at, multipart& received, remote_peer& sender, std::size_t left_bytes) {
  unread_batch rest;
  rest.batch = std::move(received[1]);
  if (received.size() == 3) rest.payload = std::move(received[2]);
  rest.handled_bytes = rest.batch.size() - left_bytes;
  sender.unread = std::make_unique<unread_batches>();
  sender.unread->at = &at;
  waiting_.push_back(sender.id);
  wait_in_line(at, sender, std::move(rest));
}

void backlog::put_behind(port_backlog& at, multipart& received, remote_peer& sender) {
  unread_batch added;
  added.has_too_many_frames = received.excess() != 0;
  added.has_bad_frames = received.size() > 3;
  if (!added.has_too_many_frames && !added.has_bad_frames) {
    added.batch = std::move(received[1]);
    if (received.size() == 3) added.payload = std::move(received[2]);
  }
  if (sender.unread->added_in == at.readings) at.came_round = true;
  wait_in_line(at, sender, std::move(added));
  bound(sender);
}

void backlog::wait_in_line(port_backlog& at, remote_peer& sender, unread_batch added) {
  const std::size_t bytes = added.bytes();
  sender.unread->waiting.push_back(std::move(added));
  sender.unread->bytes += bytes;
  sender.unread->added_in = at.readings;
  at.unread_bytes += bytes;
  at.set_aside_bytes += bytes;
  bytes_ += bytes;
}

void backlog::bound(remote_peer& sender) {
  remote_peer* over = sender.unread->bytes > peer_bytes_max_ ? &sender : nullptr;
  if (over == nullptr && bytes_ > 2 * peer_bytes_max_) {
    for (const peer_id id : waiting_) {
      remote_peer* const p = peers_.find(id);
      if (!p->cut && (over == nullptr || p->unread->bytes > over->unread->bytes)) over = p;
    }
  }
  if (over == nullptr) return;
  listener_.too_much(*over, std::to_string(over->unread->bytes) +
                                " bytes of its batches wait to be handled: it sends faster than that, and more than "
                                "may wait");
  forget(*over);
}

void backlog::go_on(turn_budget& budget) {
  if (waiting_.empty()) return;
  budget.renew();
  for (std::size_t peers = waiting_.size(); peers > 0 && !budget.is_spent(); --peers) {
    const peer_id id = waiting_.front();
    waiting_.pop_front();
    remote_peer& sender = *peers_.find(id);
    handle(sender, budget);
    if (!sender.cut && !sender.unread->waiting.empty()) {
      waiting_.push_back(id);
      continue;
    }
    forget(sender);
    sender.unread.reset();
    if (sender.ends_when_read) listener_.read_to_end(sender);
  }
}

void backlog::handle(remote_peer& sender, turn_budget& budget) {
  unread_batches& unread = *sender.unread;
  while (!sender.cut && !unread.waiting.empty() && !budget.is_spent()) {
    unread_batch& first = unread.waiting.front();
    const std::size_t left = listener_.handle(sender, first);
    first.handled_bytes = first.batch.size() - left;
    if (left != 0) return;
    const std::size_t bytes = first.bytes();
    unread.waiting.pop_front();
    unread.bytes -= bytes;
    unread.at->unread_bytes -= bytes;
    bytes_ -= bytes;
  }
}

// Discards what waits of the peer.
void backlog::forget(remote_peer& sender) {
  unread_batches& unread = *sender.unread;
  counted_.discarded += unread.waiting.size();
  unread.at->unread_bytes -= unread.bytes;
  bytes_ -= unread.bytes;
  unread.waiting.clear();
  unread.bytes = 0;
}

}  // namespace gate::broker
