// Keeps small messages on a gate/2 connection from waiting long behind large ones. Only so many large bytes are sent
// ahead as the other end reads in a moment. The rest waits here: small messages pass it, and calls take turns.
// docs/liveness.md has the tables. No I/O, no clock: the caller gives the time. One thread.
//
//   if (!pace.passes(m)) ...                // m waits here now: release what may leave
//   if (pace.mark_due()) pace.mark(batch);  // after each message that passed, waits, or was released
//   pace.left(now);                         // when the batch leaves
//   pace.answered(m, now);                  // when a `marked` came; then
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

// The number of bytes that may be on the way to the other end. It learns from the time that the other end takes to
// read.
class flight_limit {
 public:
  // The first and the least limit. It takes 65 ms over a link of 1 MB/s.
  static constexpr std::uint64_t least_bytes = 64u << 10;
  static constexpr std::uint64_t most_bytes = 16u << 20;

  std::uint64_t bytes() const noexcept { return bytes_; }
  // step: after so many bytes a mark asks the other end whether it has read them. piece_bytes: the size of a piece.
  std::uint64_t step() const noexcept;
  std::uint64_t piece_bytes() const noexcept;

  // Learns from the answer to one mark: `read_bytes` were read in the time `took` since the mark left. `was_short`: a
  // message had to wait because of the limit. `settled`: the mark was sent after the last change of the limit. True if
  // the limit changes now.
  bool learn(duration took, std::uint64_t read_bytes, bool was_short, bool settled, instant now) noexcept;
  // The shortest time is old, and the way may have become longer. It has to be measured again while nothing is on the
  // way.
  bool is_stale(instant now) const noexcept { return shortest_ && now - shortest_at_ > shortest_age_max; }
  void forget_shortest() noexcept { shortest_.reset(); }

 private:
  // Times beyond the shortest one.
  static constexpr duration doubled_below = std::chrono::milliseconds(50);
  static constexpr duration aimed_at = std::chrono::milliseconds(120);
  static constexpr duration shrunk_above = std::chrono::milliseconds(160);
  static constexpr duration shortest_age_max = std::chrono::seconds(10);

  std::uint64_t bytes_ = least_bytes;
  std::optional<duration> shortest_;  // the shortest time from a mark to its answer
  instant shortest_at_{};             // when the time was last as short as that
};

class pacer {
 public:
  // A message with a payload up to this size is small, unless it is a part. A page of 4 KiB with its envelope is small
  // too: counting such messages would cost them processor time.
  static constexpr std::size_t small_bytes_max = 6u << 10;
  // An envelope up to this size leaves whole. So it may leave between two pieces of another.
  static constexpr std::size_t whole_bytes_max = 32u << 10;

  pacer() = default;
  pacer(pacer&&) = default;
  pacer& operator=(pacer&&) = default;

  // Begins a new connection: nothing waits.
  void reset();
  // Call it when the other end knows pieces and marks. Until then everything passes.
  void enable() noexcept { on_ = true; }
  bool is_on() const noexcept { return on_; }

  // False: the message waits here.
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

  // Appends the next envelope that may leave, or a piece of it, and the small ones behind it. False if there is none.
  // With `all` the limit does not count.
  bool release(std::string& batch, bool all = false);
  // When a batch has so many bytes it should leave, before more is released.
  std::size_t batch_bytes() const noexcept { return static_cast<std::size_t>(limit_.piece_bytes()); }

  bool mark_due() const noexcept { return mark_due_; }
  void mark(std::string& batch);
  // Call it when the composed batch leaves.
  void left(instant now) noexcept {
    if (unstamped_) stamp(now);
  }
  // False if there was no such mark.
  bool answered(const message& marked, instant now);

  // The bytes that wait.
  std::size_t bytes() const noexcept { return bytes_; }
  std::size_t last_bytes() const noexcept { return last_bytes_; }
  bool empty() const noexcept { return bytes_ == 0; }
  std::uint64_t limit_bytes() const noexcept { return limit_.bytes(); }

  // How long something waits without a sign that the other end reads. Zero if nothing waits.
  duration age(instant now) const noexcept { return empty() || !timed_ ? duration::zero() : now - waits_since_; }
  // Call it if the other end was seen to read on. The age counts from now.
  void moved(instant now) noexcept { waits_since_ = now; }
  // A number that changes with each answer that is awaited. 0 if nothing waits.
  std::uint64_t awaited() const noexcept { return empty() ? 0 : awaited_; }

  // Calls visit(const message&) for each request that waits and has not left completely, in their order.
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
    std::uint64_t number;  // the position among all messages that ever waited
    std::string envelope;
    std::size_t left = 0;  // how many of its bytes have left
  };
  // The messages of one call that wait, in order. The first one is small only if it stood behind an end.
  struct lane {
    std::list<held> waiting;
    std::size_t spent_bytes = 0;  // bytes that left in the call's present turn
    std::uint32_t messages = 0;   // messages that wait, also those in behind_
    std::uint32_t requests = 0;   // requests among them
  };
  struct question {
    std::uint64_t position;
    std::uint64_t read_before = 0;
    instant at{};
    bool stamped = false;
    bool was_short = false;
  };

  // A rough figure for the bytes of an envelope beside its payload.
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
  bool was_short_ = false;  // since the last mark: a message had to wait
  bool clearing_ = false;   // no large message leaves until all bytes have arrived
  flight_limit limit_;
  // Counts of large bytes since the beginning: sent, covered by marks, read.
  std::uint64_t sent_ = 0, asked_ = 0, read_ = 0;
  std::uint64_t open_up_to_ = limit_.bytes();  // sent_ may grow up to this
  std::uint64_t ask_at_ = limit_.step();       // at this value of sent_ the next mark is due
  std::uint64_t changed_at_ = 0;               // the value of sent_ when the limit changed
  std::vector<question> questions_;            // marks without an answer, in order
  std::unordered_map<call_id, lane> lanes_;    // the calls that have waiting messages
  // Calls in the order of their turns: those whose next envelope leaves whole, and those whose next one leaves in
  // pieces. The first of pieces_ keeps its turn until its envelope has left, because pieces of two envelopes must not
  // mix.
  std::list<lane*> whole_, pieces_;
  bool is_for_pieces_ = false;   // which of the two has the turn
  std::size_t spent_bytes_ = 0;  // bytes that left in that turn
  // A message that ends something, such as drained or bye, and all messages after it. They wait until all earlier ones
  // have left.
  std::list<held> behind_;
  std::size_t bytes_ = 0;
  std::size_t last_bytes_ = 0;
  std::uint64_t number_ = 0;
  std::uint64_t awaited_ = 0;
  bool timed_ = false;  // waits_since_ is set
  instant waits_since_{};
};

}  // namespace gate::peer
