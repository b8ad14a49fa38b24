// Whether the other end of a connection is alive, by what the kernel knows of the connection: docs/liveness.md has the
// table. No I/O, no clock: what was seen is handed in, with the time. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include <gate/clock.hpp>

namespace gate::peer {

// What the kernel knows of a connection at one moment. Numbers of bytes are since its beginning.
struct path_sample {
  bool counted = false;            // TCP: bytes are counted in both directions. Else only `outstanding` and `unread`
  instant received_at{};           // when the last bytes arrived
  std::uint64_t received = 0;      // bytes that arrived
  std::uint64_t acknowledged = 0;  // bytes that the other kernel has
  std::uint64_t window = 0;        // bytes beyond those that it has room for
  std::uint64_t outstanding = 0;   // given to the kernel and not acknowledged; where not counted: not read by the peer
  std::uint64_t unread = 0;        // arrived, and not read here
  bool writable = true;            // it takes more: nothing waits in front of it
};

struct pulse_options {
  std::chrono::milliseconds ping_interval{};  // of the transport, which any live peer answers
  std::chrono::milliseconds timeout{};        // that an answer may take
  bool speaks_by_itself = false;              // sends heartbeats whatever else it does
};

class pulse {
 public:
  // What was new since the last look.
  struct change {
    bool message_arrives = false;  // more than pings and their answers
    bool bytes_leave = false;      // the other side took some; where not counted: read some
    bool toward_answer = false;    // among them some that stood before the question of awaits()
  };

  // `now`: of the first bytes that are expected.
  pulse(const pulse_options& options, instant now) noexcept;

  change look(const path_sample& seen, instant now) noexcept;
  // Known once the interval of its heartbeats is agreed on.
  void speaks_by_itself(bool does) noexcept { options_.speaks_by_itself = does; }
  // Its program has to answer a question that the transport was given before; another number for each answer, 0 for
  // none. Until the next look tells, what stood before the question is not known to be acknowledged.
  void awaits(std::uint64_t answer) noexcept;
  bool is_dead(instant now) const noexcept { return now >= dead_at_; }
  // When to look again; not later.
  instant next_look() const noexcept { return due_; }
  // Of life, of whatever kind.
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
  instant heard_at_;  // when bytes arrived
  instant sign_at_, dead_at_, due_;
  std::optional<path_sample> last_;
  std::optional<std::uint64_t> ping_at_;  // bytes up to the awaited ping, once it is known to be in the kernel
  std::uint64_t widest_ = 0;              // window that was seen
  bool took_more_ = false;                // at the last look, when the ping was due already
  std::uint64_t answer_ = 0;
  // Once the question is known to be in the kernel: bytes up to it; where not counted: unread ones, not more than
  // these.
  std::optional<std::uint64_t> question_at_;
  bool took_question_ = false;  // took more at the last look, when the question was put already
};

}  // namespace gate::peer
