// Batches that are too long for one turn of the loop: how much one turn handles, the batches that wait, and what waits
// of one port. No socket.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include <zmq.hpp>

#include <gate/clock.hpp>

namespace gate::broker {

// How much one turn handles: 8192 envelopes, or as many as take 5 ms. The time is the system's, since the loop's time
// stands still within a turn. It is looked at every 256 envelopes.
class turn_budget {
 public:
  void renew() noexcept {
    left_ = envelopes_per_look;
    looks_ = 0;
    spent_ = false;
  }
  bool is_spent() const noexcept { return spent_; }
  // One envelope was handled.
  void spend() noexcept {
    if (--left_ == 0) look();
  }
  // Something long was done, such as reading a descriptor.
  void spend_all() noexcept { spent_ = true; }

 private:
  static constexpr std::uint32_t envelopes_per_look = 256;
  static constexpr std::uint32_t looks_max = 32;
  static constexpr duration time_max = std::chrono::milliseconds(5);

  void look() noexcept {
    const instant now = std::chrono::steady_clock::now();
    if (looks_ == 0) began_ = now;
    left_ = envelopes_per_look;
    ++looks_;
    if (looks_ >= looks_max || now - began_ >= time_max) spent_ = true;
  }

  std::uint32_t left_ = envelopes_per_look;
  std::uint32_t looks_ = 0;
  bool spent_ = false;
  instant began_{};  // when the first 256 envelopes had been handled
};

// A gate/2 message that was received and is not handled yet, or not to its end.
struct unread_batch {
  zmq::message_t batch;
  std::optional<zmq::message_t> payload;
  std::size_t handled_bytes = 0;     // of `batch`
  bool has_too_many_frames = false;  // the message was malformed, in one of two ways
  bool has_bad_frames = false;

  // Many may be small.
  std::size_t bytes() const noexcept { return sizeof *this + batch.size() + (payload ? payload->size() : 0); }
};

// What waits of the peers of one port. If that is much and more comes, the port is read only once in read_pause. So a
// peer that sends too fast is slowed down, and other peers do not wait for it.
class port_backlog {
 public:
  bool has_much() const noexcept { return unread_bytes > unread_bytes_max; }
  bool is_paused(instant now) const noexcept { return has_much() && now < read_again_at_; }
  void begin_reading() noexcept {
    set_aside_bytes = 0;
    came_round = false;
    ++readings;
  }
  void end_reading(instant now) noexcept {
    if (has_much() && set_aside_bytes != 0) read_again_at_ = now + read_pause;
  }

  std::size_t unread_bytes = 0;       // of batches that are not handled yet
  std::uint64_t readings = 0;         // turns of reading so far
  std::uint64_t set_aside_bytes = 0;  // received in this turn of reading, to be handled later
  // In this turn of reading a second message of one peer was set aside. The transport takes the messages of all peers
  // in turn, so each has been asked.
  bool came_round = false;

 private:
  static constexpr std::size_t unread_bytes_max = 4u << 20;
  static constexpr duration read_pause = std::chrono::milliseconds(20);

  instant read_again_at_{};
};

// The messages that one peer has sent and the broker has not handled, in order.
struct unread_batches {
  port_backlog* at = nullptr;  // of its port
  std::deque<unread_batch> waiting;
  std::size_t bytes = 0;
  std::uint64_t added_in = 0;  // the turn of reading in which the last was added
};

}  // namespace gate::broker
