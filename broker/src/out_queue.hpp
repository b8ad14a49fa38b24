// What waits to be sent to one peer: batches of envelopes, or messages of another dialect. Envelopes are composed
// straight into the batch that is being filled; what the transport does not take yet stays parked, in order. No socket
// and no clock of its own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <zmq.hpp>

#include <gate/clock.hpp>
#include <gate/limits.hpp>
#include <gate/protocol.hpp>

#include "common/src/byte_total.hpp"
#include "common/src/peer/pacer.hpp"
#include "common/src/wire/frame_list.hpp"
#include "common/src/wire/gate2.hpp"

namespace gate::broker {

// One ZeroMQ message to be: a batch, and the payload of its last envelope where that travels on its own; or the frames
// of another dialect.
struct outgoing {
  std::string batch;  // of another dialect: its frames, as frame_box holds them
  zmq::message_t payload;
  std::string request;  // of another dialect: the request that the frames say, as an envelope
  instant since{};      // when the transport first refused it
  bool has_payload = false;
  bool framed = false;

  // Of the payload's frame, for wire::gate2::reader.
  std::optional<bytes_view> payload_view() const noexcept {
    if (!has_payload) return std::nullopt;
    return bytes_view(static_cast<const char*>(payload.data()), payload.size());
  }

  // That travel: without what is kept of it here.
  std::size_t sent_bytes() const noexcept;

  // That it holds.
  std::size_t bytes() const noexcept {
    const std::size_t octets = batch.size() + request.size() + (has_payload ? payload.size() : 0);
    return framed ? octets + sizeof(outgoing) : octets;  // many are small
  }
};

// The frames of one message in one string, each behind its length.
namespace frame_box {

std::string pack(const wire::frame_list& from, std::size_t message);

// Calls visit(bytes_view frame, bool more) for each.
template <class Visit> void unpack(bytes_view box, Visit visit) {
  while (!box.empty()) {
    std::uint32_t size = 0;
    std::memcpy(&size, box.data(), sizeof size);
    box.remove_prefix(sizeof size);
    const bytes_view frame = box.substr(0, size);
    box.remove_prefix(size);
    visit(frame, !box.empty());
  }
}

}  // namespace frame_box

inline std::size_t outgoing::sent_bytes() const noexcept {
  if (!framed) return batch.size() + (has_payload ? payload.size() : 0);
  std::size_t octets = 0;
  frame_box::unpack(batch, [&octets](bytes_view frame, bool) { octets += frame.size(); });
  return octets;
}

enum class delivery : std::uint8_t {
  sent,
  blocked,  // not now: the peer does not read
  gone,     // never: there is no such peer any more
};

// Takes messages to one peer; the transport, or a test. What it answers `sent` it has taken (and may have emptied);
// otherwise the message is untouched.
class sender {
 public:
  virtual delivery send(outgoing& what) = 0;

 protected:
  ~sender() = default;
};

// Room for batches that went out, shared by all peers: a few large ones serve whoever is busy.
class buffer_pool {
 public:
  std::string take() {
    if (spare_.empty()) return {};
    std::string room = std::move(spare_.back());
    spare_.pop_back();
    return room;
  }
  void forget() noexcept { spare_.clear(); }
  void give(std::string room) {
    if (spare_.size() < buffers_max && room.capacity() <= buffer_bytes_max) spare_.push_back(std::move(room));
  }

 private:
  static constexpr std::size_t buffers_max = 32;
  static constexpr std::size_t buffer_bytes_max = 4 * limits::batch_bytes_target;
  std::vector<std::string> spare_;
};

class out_queue {
 public:
  // `all`, where given: what the queues of all peers hold together.
  explicit out_queue(buffer_pool& spare, byte_total* all = nullptr) noexcept : spare_(&spare), share_(all) {}

  // Appends an envelope. `frame`, where given, is a received frame of which m.payload may be the whole: a large payload
  // then shares it instead of being copied. True when a batch is full, so that a flush now would be no loss.
  bool append(const message& m, zmq::message_t* frame = nullptr);

  // Appends a message of another dialect. `request`: what it says, when it is a request, to be had again from
  // take_requests(); else null.
  void append(const wire::frame_list& from, std::size_t message, const gate::message* request);

  // Sends what there is, in order, as far as the transport takes it. `blocked`: the rest is parked.
  delivery flush(sender& to, instant now);

  bool empty() const noexcept { return head_ == closed_.size() && open_.batch.empty() && pace_.empty(); }
  std::size_t bytes() const noexcept { return closed_bytes_ + open_.bytes() + pace_.bytes(); }

  // From now on what is large leaves no faster than the peer reads, since it knows of pieces and marks.
  void pace() noexcept { pace_.enable(); }
  bool is_paced() const noexcept { return pace_.is_on(); }
  // An answer to a mark: what may leave now is appended. False when there was no such mark.
  bool answered(const message& marked, instant now);
  // Something waits for the peer to read what is on its way.
  bool held() const noexcept { return !pace_.empty(); }
  // Whether the transport has refused the front and not taken it since.
  bool parked() const noexcept { return parked_; }
  // Messages that the transport has taken so far.
  std::uint64_t sent() const noexcept { return sent_; }
  // The peer took some of what the transport holds, so it reads: the age counts from now.
  void moved(instant now) noexcept {
    if (parked_) closed_[head_].since = now;
    pace_.moved(now);
  }
  // How long the peer has taken nothing: the transport has refused the front, or the peer has not said that it read
  // what the rest waits for. Zero when neither is so.
  duration age(instant now) const noexcept {
    const duration refused = parked_ ? now - closed_[head_].since : duration::zero();
    return std::max(refused, pace_.age(now));
  }
  // For pulse::awaits(): the answer to a mark that the transport has, for which something waits.
  std::uint64_t awaited() const noexcept { return parked_ ? 0 : pace_.awaited(); }

  // Calls visit(const message&) for each request that has not been sent, and empties the queue.
  template <class Visit> void take_requests(Visit visit) {
    close_open();
    const std::vector<outgoing> all = std::move(closed_);
    const std::size_t first = head_;
    const gate::peer::pacer held = std::move(pace_);
    clear();
    for (std::size_t i = first; i < all.size(); ++i) visit_requests(all[i], visit);
    held.visit_requests(visit);
  }

  void clear() noexcept;

 private:
  void park(instant now);
  void tell_share() noexcept { share_.set(bytes()); }
  template <class Visit> static void visit_requests(const outgoing& what, Visit& visit);

  void take_room();
  void release();
  void close_open();
  void recycle(outgoing& sent);
  void forget_front(std::size_t size_bytes);

  buffer_pool* spare_;
  outgoing open_;                 // being filled
  std::vector<outgoing> closed_;  // from head_ on: full, or refused by the transport
  std::size_t head_ = 0;
  std::size_t closed_bytes_ = 0;
  std::uint64_t sent_ = 0;
  bool parked_ = false;
  gate::peer::pacer pace_;
  byte_share share_;
};

template <class Visit> void out_queue::visit_requests(const outgoing& what, Visit& visit) {
  wire::gate2::reader envelopes(what.framed ? what.request : what.batch, what.payload_view());
  message m;
  while (envelopes.next(m)) {
    if (m.type == message_type::request) visit(static_cast<const message&>(m));
  }
}

}  // namespace gate::broker
