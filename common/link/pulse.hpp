// Tells whether the other end of a connection is alive, from what the kernel knows of the connection: docs/liveness.md
// has the table. No I/O, no clock: samples are handed in, with the time. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include <gate/clock.hpp>

namespace gate::peer {

// What the kernel knows of a connection at one moment. Byte counts begin with the connection.
struct path_sample {
  bool counted = false;   // TCP: bytes are counted in both directions. Else only `outstanding` and `unread` are known
  instant received_at{};  // when the last bytes arrived
  std::uint64_t received = 0;      // bytes that arrived
  std::uint64_t acknowledged = 0;  // bytes that the peer's kernel has
  std::uint64_t window = 0;        // further bytes that the peer's kernel has room for
  std::uint64_t outstanding = 0;   // in our kernel and not acknowledged; if not counted: not read by the peer
  std::uint64_t unread = 0;        // arrived, and not read by us
  bool writable = true;            // the socket takes more: no bytes wait in front of it
};

struct pulse_options {
  std::chrono::milliseconds ping_interval{};  // of the transport's pings, which every live peer answers
  std::chrono::milliseconds timeout{};        // the time that an answer may take
  bool speaks_by_itself = false;              // the peer sends heartbeats, however busy it is
};

class pulse {
 public:
  // Differences since the last look.
  struct change {
    bool message_arrives = false;  // more bytes came than pings and their answers have
    bool bytes_leave = false;      // the peer acknowledged some; if not counted: it read some
    bool toward_answer = false;    // among them bytes that were sent before the question of awaits()
  };

  // `now`: the time from which the first bytes are expected.
  pulse(const pulse_options& options, instant now) noexcept;

  change look(const path_sample& seen, instant now) noexcept;
  // Call it once the heartbeat interval is agreed on.
  void speaks_by_itself(bool does) noexcept { options_.speaks_by_itself = does; }
  // The peer's program must answer a question that was handed to the transport earlier. `answer` is a different number
  // for each question; 0 for none. Until the next look, the bytes that were sent before the question count as not
  // acknowledged.
  void awaits(std::uint64_t answer) noexcept;
  bool is_dead(instant now) const noexcept { return now >= dead_at_; }
  // The time of the next look, at the latest.
  instant next_look() const noexcept { return due_; }
  // The time of the last sign of life of any kind.
  instant last_sign() const noexcept { return sign_at_; }

 private:
  bool look_at_counted(const path_sample& seen, instant now) noexcept;
  bool look_at_uncounted(const path_sample& seen) const noexcept;
  bool is_read(const path_sample& seen) const noexcept;
  bool is_toward_answer(const path_sample& seen) noexcept;
  bool is_read_toward_answer(const path_sample& seen) noexcept;
  bool has_backlog() const noexcept;
  void alive(instant at, duration further) noexcept;

  pulse_options options_;
  instant heard_at_;  // the time at which bytes arrived last
  instant sign_at_, dead_at_, due_;
  std::optional<path_sample> last_;
  std::optional<std::uint64_t> ping_at_;  // bytes up to the awaited ping, once the ping is known to be in the kernel
  std::uint64_t widest_ = 0;              // the largest window seen so far
  bool took_more_ = false;                // at the last look, when the ping was due already, the socket took more
  std::uint64_t answer_ = 0;
  // The bytes up to the question, once the question is known to be in the kernel. If not counted: how many of the
  // unread bytes were there with the question, at most.
  std::optional<std::uint64_t> question_at_;
  bool took_question_ = false;  // at the last look, after the question was put, the socket took more
};

}  // namespace gate::peer
