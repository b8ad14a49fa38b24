// Bounds in time what lies on a gate/2 connection ahead of a small message: of what is large no more is on the way than
// the other end reads in a moment, and the rest waits here, where small messages pass it. docs/liveness.md has the
// table. No I/O, no clock: the time is handed in. One thread.
//
//   if (!pace.passes(m)) ...                // it waits here: release what may leave of it
//   if (pace.mark_due()) pace.mark(batch);  // behind each message that passed, waits, or was released
//   pace.left(now);                         // when the batch leaves
//   pace.answered(m, now);                  // a `marked` came; then
//   while (pace.release(batch)) ...         // what may leave now
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <new>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <gate/clock.hpp>
#include <gate/protocol.hpp>

#include "common/src/text_memory.hpp"
#include "common/src/wire/gate2.hpp"
#include "common/src/wire/gate2_own.hpp"

namespace gate::peer {

// How many bytes may be on the way to the other end, by when it says that it has read them.
class flight_limit {
 public:
  // At first, and at the least. 65 ms over a link of 1 MB/s.
  static constexpr std::uint64_t least_bytes = 64u << 10;
  static constexpr std::uint64_t most_bytes = 16u << 20;

  std::uint64_t bytes() const noexcept { return bytes_; }
  // Bytes behind which the other end is asked whether it has read them, and of one piece.
  std::uint64_t step() const noexcept;
  std::uint64_t piece_bytes() const noexcept;

  // One answer: `took` since the question left, and so many bytes were read in that time. `was_short`: something waited
  // for lack of room. `settled`: the question was put after the limit changed last. True when it changes now.
  bool learn(duration took, std::uint64_t read_bytes, bool was_short, bool settled, instant now) noexcept;
  // The shortest way is not known any more: it may have become longer. To be found out while nothing is on it.
  bool is_stale(instant now) const noexcept { return shortest_ && now - shortest_at_ > shortest_age_max; }
  void forget_shortest() noexcept { shortest_.reset(); }

 private:
  static constexpr duration doubled_below = std::chrono::milliseconds(50);  // each beyond the shortest
  static constexpr duration aimed_at = std::chrono::milliseconds(120);
  static constexpr duration shrunk_above = std::chrono::milliseconds(160);
  static constexpr duration shortest_age_max = std::chrono::seconds(10);

  std::uint64_t bytes_ = least_bytes;
  std::optional<duration> shortest_;  // from question to answer
  instant shortest_at_{};             // when it was that short last
};

class pacer {
 public:
  // Messages whose payload is not larger are small, unless they are parts.
  static constexpr std::size_t small_bytes_max = 16u << 10;

  // A new connection, of which nothing waits.
  void reset();
  // The other end knows of pieces and marks. Before, and without, everything passes.
  void enable() noexcept { on_ = true; }
  bool is_on() const noexcept { return on_; }

  // False: it waits here.
  bool passes(const message& m) {
    if (!on_) return true;
    if (!waiting_.empty()) return admit(m);
    const std::size_t bytes = m.payload.size_bytes();
    if (m.type != message_type::part && bytes <= small_bytes_max) return true;
    const std::uint64_t after = sent_ + bytes + envelope_bytes;
    if (after > open_up_to_) return admit(m);
    sent_ = after;
    if (sent_ >= ask_at_) mark_due_ = true;
    return true;
  }

  // Appends the next envelope that may leave, or a piece of it; false when there is none. `all`: whatever the limit.
  bool release(std::string& batch, bool all = false);
  // A batch of so many bytes leaves before more is released.
  std::size_t batch_bytes() const noexcept { return static_cast<std::size_t>(limit_.piece_bytes()); }

  bool mark_due() const noexcept { return mark_due_; }
  void mark(std::string& batch);
  // What was composed leaves now.
  void left(instant now) noexcept {
    if (unstamped_) stamp(now);
  }
  // False when nothing of the kind was asked.
  bool answered(const message& marked, instant now);

  // That wait.
  std::size_t bytes() const noexcept { return bytes_; }
  std::size_t last_bytes() const noexcept { return waiting_.empty() ? 0 : waiting_.back().envelope.size(); }
  bool empty() const noexcept { return waiting_.empty(); }
  std::uint64_t limit_bytes() const noexcept { return limit_.bytes(); }

  // Calls visit(const message&) for each request that waits and of which not all has left, in order.
  template <class Visit> void visit_requests(Visit& visit) const {
    for (const held& each : waiting_) {
      if (each.type != message_type::request) continue;
      wire::gate2::reader envelopes(each.envelope);
      message m;
      if (envelopes.next(m)) visit(static_cast<const message&>(m));
    }
  }

 private:
  struct held {
    call_id call;
    message_type type;
    bool small;
    std::string envelope;
    std::size_t left = 0;  // bytes of it that have
  };
  struct of_call {
    std::uint32_t messages = 0;
    std::uint32_t requests = 0;
  };
  struct question {
    std::uint64_t position;
    std::uint64_t read_before = 0;
    instant at{};
    bool stamped = false;
    bool was_short = false;
  };

  // What an envelope costs beyond its payload, by and large.
  static constexpr std::size_t envelope_bytes = 64;

  static bool is_small(const message& m) noexcept {
    return m.type != message_type::part && m.payload.size_bytes() <= small_bytes_max;
  }
  bool admit(const message& m);
  bool may_overtake(const message& m) const;
  std::uint64_t room_bytes() const noexcept { return sent_ >= open_up_to_ ? 0 : open_up_to_ - sent_; }
  void follow() noexcept;
  std::uint64_t on_the_way() const noexcept { return sent_ - read_; }
  void count(std::uint64_t bytes) noexcept;
  void forget_front();
  void stamp(instant now) noexcept;

  bool on_ = false;
  bool mark_due_ = false;
  bool unstamped_ = false;
  bool was_short_ = false;  // since the last question
  bool clearing_ = false;   // nothing large leaves until all has arrived
  flight_limit limit_;
  // Bytes of what is large, since the beginning.
  std::uint64_t sent_ = 0, asked_ = 0, read_ = 0;
  std::uint64_t open_up_to_ = limit_.bytes();  // that may be sent
  std::uint64_t ask_at_ = limit_.step();       // when the next question is due
  std::uint64_t changed_at_ = 0;               // when the limit changed
  std::vector<question> questions_;            // without an answer, in order
  std::list<held> waiting_;
  std::unordered_map<call_id, of_call> calls_;  // of which something waits
  std::size_t bytes_ = 0;
};

// Puts together what came in pieces.
class piece_joiner {
 public:
  // no_memory: the last piece of an envelope came, most of which had to be let go.
  enum class outcome : std::uint8_t { more, whole, too_large, no_memory };

  outcome add(const message& piece, std::size_t bytes_max) {
    came_bytes_ += piece.payload.size_bytes();
    if (came_bytes_ > bytes_max) return outcome::too_large;
    try {
      for (std::size_t i = 0; i < piece.payload.frames() && !lacks_memory_; ++i) parts_ += piece.payload[i];
    } catch (const std::bad_alloc&) {
      lacks_memory_ = true;
      const bytes_view from = parts_.empty() ? piece.payload[0] : bytes_view(parts_);
      header_bytes_ = from.copy(header_.data(), header_.size());
      free_memory(parts_);
    }
    if (!piece.has(message_flag::end_of_parts)) return outcome::more;
    return lacks_memory_ ? outcome::no_memory : outcome::whole;
  }
  // Of an envelope for which there was no memory: its header (docs/protocol.md, section 2).
  bytes_view header() const noexcept { return {header_.data(), header_bytes_}; }
  // The envelope, once it is whole; and the next one begins.
  std::string take() noexcept {
    came_bytes_ = 0;
    lacks_memory_ = false;
    return std::exchange(parts_, {});
  }
  std::size_t bytes() const noexcept { return parts_.capacity(); }

 private:
  std::string parts_;
  std::array<char, 16> header_{};
  std::size_t header_bytes_ = 0;
  std::size_t came_bytes_ = 0;
  bool lacks_memory_ = false;
};

}  // namespace gate::peer
