// The messages that wait to be sent to one peer: batches of envelopes, or messages of another dialect. Envelopes are
// composed straight into the batch that is being filled. Batches that the transport does not take are parked, in order.
// No socket and no clock of its own.
#pragma once

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

#include "common/base/byte_total.hpp"
#include "common/wire/frame_list.hpp"
#include "common/wire/gate2.hpp"
#include "common/wire/pacer.hpp"

namespace gate::broker {

// One ZeroMQ message that is to be sent. In gate/2: a batch, and the payload of its last envelope if that is a frame of
// its own. In other dialects: the frames of the message.
struct outgoing {
  std::string batch;  // in another dialect: its frames, packed by frame_box
  zmq::message_t payload;
  std::string request;  // in another dialect, of a request: the request as an envelope
  instant since{};      // when the transport first refused it
  bool has_payload = false;
  bool framed = false;

  // The payload's frame, for wire::gate2::reader.
  std::optional<bytes_view> payload_view() const noexcept {
    if (!has_payload) return std::nullopt;
    return bytes_view(static_cast<const char*>(payload.data()), payload.size());
  }

  // The bytes that are sent.
  std::size_t sent_bytes() const noexcept;

  // The bytes that it holds here.
  std::size_t bytes() const noexcept {
    const std::size_t byte_count = batch.size() + request.size() + (has_payload ? payload.size() : 0);
    return framed ? byte_count + sizeof(outgoing) : byte_count;  // many are small
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
  std::size_t byte_count = 0;
  frame_box::unpack(batch, [&byte_count](bytes_view frame, bool) { byte_count += frame.size(); });
  return byte_count;
}

enum class delivery : std::uint8_t {
  sent,
  blocked,  // not now: the peer does not read
  gone,     // never: there is no such peer any more
};

// Sends messages to one peer: the transport, or a test. If send() returns `sent`, it has taken the message, and may
// have emptied it. Otherwise the message is unchanged.
class sender {
 public:
  virtual delivery send(outgoing& what) = 0;

 protected:
  ~sender() = default;
};

// Buffers of batches that were sent, for other batches. All peers share them, so a few large ones are enough.
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
    room.clear();
    if (spare_.size() < buffers_max && room.capacity() <= buffer_bytes_max) spare_.push_back(std::move(room));
  }

 private:
  static constexpr std::size_t buffers_max = 32;
  static constexpr std::size_t buffer_bytes_max = 4 * limits::batch_bytes_target;
  std::vector<std::string> spare_;
};

class out_queue {
 public:
  // `all`: counts what the queues of all peers hold. May be null.
  explicit out_queue(buffer_pool& spare, byte_total* all = nullptr) noexcept : spare_(&spare), share_(all) {}

  // Appends an envelope. A large payload that has an owner shares the owner's frame and is not copied. Returns true if
  // a batch is full: it may as well be flushed now.
  bool append(const message& m);

  // Appends a message of another dialect. `request`: the request that it states, for take_requests(); null if it is
  // none.
  void append(const wire::frame_list& from, std::size_t message, const gate::message* request);

  // Sends what waits, in order, until the transport takes no more. `blocked`: the rest is parked.
  delivery flush(sender& to, instant now);

  bool empty() const noexcept { return head_ == closed_.size() && open_.batch.empty() && pace_.empty(); }
  std::size_t bytes() const noexcept { return closed_bytes_ + open_.bytes() + pace_.bytes(); }

  // The peer knows pieces and marks. From now on large messages leave no faster than it reads.
  void pace() noexcept { pace_.enable(); }
  bool is_paced() const noexcept { return pace_.is_on(); }
  // The peer has answered a mark. Appends what may leave now. False if there was no such mark.
  bool answered(const message& marked, instant now);
  // Whether messages wait until the peer has read what is on its way.
  bool held() const noexcept { return !pace_.empty(); }
  // Whether the transport has refused the front, and has not taken it since.
  bool parked() const noexcept { return parked_; }
  // The number of messages that the transport has taken.
  std::uint64_t sent() const noexcept { return sent_; }
  // The peer reads: it took some of what the transport holds. So the age of the front counts from now.
  void moved(instant now) noexcept {
    if (parked_) closed_[head_].since = now;
    pace_.moved(now);
  }
  // How long the peer has taken nothing: the transport has refused the front, or, once it has taken all, the peer has
  // not said that it read what the rest waits for. Zero when neither is so.
  duration age(instant now) const noexcept { return parked_ ? now - closed_[head_].since : pace_.age(now); }
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
  void reuse_open();
  void forget_front(std::size_t size_bytes, instant now);

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
