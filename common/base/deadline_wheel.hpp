// A hashed timer wheel for hundreds of thousands of deadlines. Arming, moving and disarming one costs a few
// instructions, however many there are: nearly every deadline is disarmed before it is due. Time is cut into steps. A
// timer waits in the bucket of its step modulo the number of buckets. No clock: the time is handed in. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <gate/clock.hpp>
#include <gate/intrusive_list.hpp>

namespace gate {

// Base class of objects that have a deadline. The destructor takes the timer out of its wheel.
class wheel_timer : public intrusive_node<wheel_timer> {
 public:
  bool armed() const noexcept { return intrusive_list<wheel_timer>::linked(*this); }

 private:
  friend class deadline_wheel;
  std::uint64_t due_ = 0;  // in steps since the wheel's epoch
};

// Deadlines are rounded up to the next step, so that a timer is never early.
class deadline_wheel {
 public:
  // A step lasts 2^step_bits nanoseconds: 20 is about 1 ms, 23 about 8 ms. The wheel must not be moved. A time before
  // the epoch counts as the epoch.
  deadline_wheel(instant epoch, unsigned step_bits) noexcept : epoch_(epoch), step_bits_(step_bits) {}

  duration step() const noexcept { return duration(std::int64_t{1} << step_bits_); }

  // Arms a timer, or moves an armed one. If the deadline has passed, the timer is due with the next step.
  void arm(wheel_timer& t, instant at) noexcept;
  static void disarm(wheel_timer& t) noexcept { intrusive_list<wheel_timer>::unlink(t); }

  // Disarms and returns one timer that is due, the earliest step first; null if none is left. Timers may be armed and
  // disarmed between two calls. A timer that is armed meanwhile is not due at the same `now`.
  wheel_timer* pop_due(instant now) noexcept;

  // No timer is due before this time; the first one may be due later. instant::max() if none is armed. A disarmed timer
  // may still count, until pop_due() has passed its deadline.
  instant next() const noexcept;

 private:
  static constexpr std::size_t buckets = 2048;
  static constexpr std::size_t word_bits = 64;
  static constexpr std::uint64_t no_step = ~std::uint64_t{0};

  std::uint64_t step_of(instant at) const noexcept;
  instant time_of(std::uint64_t step) const noexcept;
  // The first step after cursor_, at most `buckets` away, whose bucket holds a timer; no_step if there is none.
  std::uint64_t next_used() noexcept;
  void collect(std::uint64_t step) noexcept;
  void clear_bit(std::size_t slot) noexcept { used_[slot / word_bits] &= ~(std::uint64_t{1} << (slot % word_bits)); }

  instant epoch_;
  unsigned step_bits_;
  std::uint64_t cursor_ = 0;                               // all steps up to this one have been collected
  std::uint64_t next_ = no_step;                           // no bucket before this step holds a timer
  std::array<std::uint64_t, buckets / word_bits> used_{};  // a clear bit: that bucket is empty
  std::array<intrusive_list<wheel_timer>, buckets> ring_;
  intrusive_list<wheel_timer> due_;
};

}  // namespace gate
