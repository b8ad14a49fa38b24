#include "common/base/deadline_wheel.hpp"

#include <algorithm>
#include <bit>

namespace gate {

std::uint64_t deadline_wheel::step_of(instant at) const noexcept {
  return at <= epoch_ ? 0 : static_cast<std::uint64_t>((at - epoch_).count()) >> step_bits_;
}

instant deadline_wheel::time_of(std::uint64_t step) const noexcept {
  const auto last = static_cast<std::uint64_t>((instant::max() - epoch_).count()) >> step_bits_;
  return step > last ? instant::max() : epoch_ + duration(static_cast<std::int64_t>(step << step_bits_));
}

void deadline_wheel::arm(wheel_timer& t, instant at) noexcept {
  const std::uint64_t rounded_up = at <= epoch_ ? 0 : step_of(at - duration(1)) + 1;
  t.due_ = std::max(rounded_up, cursor_ + 1);
  const std::size_t slot = t.due_ % buckets;
  ring_[slot].push_back(t);
  used_[slot / word_bits] |= std::uint64_t{1} << (slot % word_bits);
  next_ = std::min(next_, t.due_);
}

// Collects all due timers before it returns the first. So it ends even if its owner arms a deadline in the past each
// time that one is reported.
wheel_timer* deadline_wheel::pop_due(instant now) noexcept {
  const std::uint64_t target = step_of(now);
  while (cursor_ < target) {
    const std::uint64_t step = next_ > target ? no_step : next_used();
    cursor_ = std::min(step, target);
    if (step <= target) collect(step);
  }
  if (!due_.empty()) return &due_.pop_front();
  // Computed only once cursor_ has passed it: the collected timers may also have been disarmed since.
  if (next_ <= cursor_) next_ = next_used();
  return nullptr;
}

instant deadline_wheel::next() const noexcept {
  if (!due_.empty()) return time_of(cursor_);
  return next_ == no_step ? instant::max() : time_of(next_);
}

// Disarming the last timer of a bucket leaves the bucket's bit set. It is cleared here.
std::uint64_t deadline_wheel::next_used() noexcept {
  const std::size_t start = (cursor_ + 1) % buckets;
  for (std::size_t passed = 0; passed < buckets;) {
    const std::size_t slot = (start + passed) % buckets;
    const std::uint64_t word = used_[slot / word_bits] >> (slot % word_bits);
    if (word == 0) {
      passed += word_bits - slot % word_bits;
      continue;
    }
    const auto skipped = static_cast<std::size_t>(std::countr_zero(word));
    passed += skipped;
    if (passed >= buckets) break;
    if (!ring_[slot + skipped].empty()) return cursor_ + 1 + passed;
    clear_bit(slot + skipped);
  }
  return no_step;
}

// Timers that are due in a later round of the wheel stay in the bucket.
void deadline_wheel::collect(std::uint64_t step) noexcept {
  const std::size_t slot = step % buckets;
  intrusive_list<wheel_timer>& bucket = ring_[slot];
  for (auto at = bucket.begin(); at != bucket.end();) {
    wheel_timer& t = *at++;
    if (t.due_ <= step) due_.push_back(t);
  }
  if (bucket.empty()) clear_bit(slot);
}

}  // namespace gate
