// Bounds in time what lies on a gate/2 connection ahead of a small message: of what is large no more is on the way than
// the other end reads in a moment, and the rest waits here, where small messages pass it and calls take turns.
// docs/liveness.md has the tables. No I/O, no clock: the time is handed in. One thread.
//
//   if (!pace.passes(m)) ...                // it waits here: release what may leave of it
//   if (pace.mark_due()) pace.mark(batch);  // behind each message that passed, waits, or was released
//   pace.left(now);                         // when the batch leaves
//   pace.answered(m, now);                  // a `marked` came; then
//   while (pace.release(batch)) ...         // what may leave now
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <gate/clock.hpp>
#include <gate/protocol.hpp>

#include "common/wire/gate2.hpp"

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
  // Messages whose payload is not larger are small, unless they are parts. A page of 4 KiB, with what stands around it,
  // is: counting those as well would cost calls of that size more processor time.
  static constexpr std::size_t small_bytes_max = 6u << 10;
  // An envelope that is not larger leaves whole, so that it may leave between two pieces of another.
  static constexpr std::size_t whole_bytes_max = 32u << 10;

  pacer() = default;
  pacer(pacer&&) = default;
  pacer& operator=(pacer&&) = default;

  // A new connection, of which nothing waits.
  void reset();
  // The other end knows of pieces and marks. Before, and without, everything passes.
  void enable() noexcept { on_ = true; }
  bool is_on() const noexcept { return on_; }

  // False: it waits here.
  bool passes(const message& m) {
    if (!on_) return true;
    if (!empty()) return admit(m);
    const std::size_t bytes = m.payload.size_bytes();
    if (m.type != message_type::part && bytes <= small_bytes_max) return true;
    const std::uint64_t after = sent_ + bytes + envelope_bytes;
    if (after > open_up_to_) return admit(m);
    sent_ = after;
    if (sent_ >= ask_at_) mark_due_ = true;
    return true;
  }

  // Appends the next envelope that may leave, or a piece of it, and the small ones behind it; false when there is none.
  // `all`: whatever the limit.
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
  std::size_t last_bytes() const noexcept { return last_bytes_; }
  bool empty() const noexcept { return bytes_ == 0; }
  std::uint64_t limit_bytes() const noexcept { return limit_.bytes(); }

  // How long the other end has not said that it read more, although something waits for that; zero when nothing does.
  duration age(instant now) const noexcept { return empty() || !timed_ ? duration::zero() : now - waits_since_; }
  // It was seen that the other end goes on reading: the age counts from now.
  void moved(instant now) noexcept { waits_since_ = now; }
  // Another number for each answer that is waited for; 0 when none is.
  std::uint64_t awaited() const noexcept { return empty() ? 0 : awaited_; }

  // Calls visit(const message&) for each request that waits and of which not all has left, as they came.
  template <class Visit> void visit_requests(Visit& visit) const {
    for (const held* each : requests()) {
      wire::gate2::reader envelopes(each->envelope);
      message m;
      if (envelopes.next(m)) visit(static_cast<const message&>(m));
    }
  }

 private:
  struct held {
    call_id call;
    message_type type;
    bool small;
    std::uint64_t number;  // of all that ever waited
    std::string envelope;
    std::size_t left = 0;  // bytes of it that have
  };
  // What waits of one call, in order. The first is small only where it stood behind an end.
  struct lane {
    std::list<held> waiting;
    std::size_t spent_bytes = 0;  // that left in its turn
    std::uint32_t messages = 0;   // that wait, those in behind_ as well
    std::uint32_t requests = 0;   // among them
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
  static bool is_long(const lane& its) noexcept { return its.waiting.front().envelope.size() > whole_bytes_max; }
  std::list<lane*>& turn() noexcept;
  void take_place(std::list<lane*>& from) noexcept;
  void enqueue(lane& its, std::list<held>& from, std::list<lane*>& place) noexcept;
  void ended(std::list<lane*>& from, std::string& batch);
  void end(std::string& batch);
  std::vector<const held*> requests() const;
  std::uint64_t room_bytes() const noexcept { return sent_ >= open_up_to_ ? 0 : open_up_to_ - sent_; }
  void follow() noexcept;
  std::uint64_t on_the_way() const noexcept { return sent_ - read_; }
  void count(std::uint64_t bytes) noexcept;
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
  std::unordered_map<call_id, lane> lanes_;    // of which something waits
  // The calls in turn: those whose next envelope leaves whole, and those whose next one leaves in pieces. Of the latter
  // the first has its turn until its envelope has left, since the pieces of two must not mix.
  std::list<lane*> whole_, pieces_;
  bool is_for_pieces_ = false;   // the turn of these two
  std::size_t spent_bytes_ = 0;  // that left in it
  // A message that ends something, such as drained or bye, and what came after it: behind all that came before.
  std::list<held> behind_;
  std::size_t bytes_ = 0;
  std::size_t last_bytes_ = 0;
  std::uint64_t number_ = 0;
  std::uint64_t awaited_ = 0;
  bool timed_ = false;  // waits_since_ is known
  instant waits_since_{};
};

}  // namespace gate::peer
