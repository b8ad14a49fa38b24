// Bounds how often something may happen in a second. No clock: the time is passed in.
#pragma once

#include <algorithm>
#include <chrono>

#include <gate/clock.hpp>

namespace gate {

// Gives `per_second` tokens a second on average, and `burst` at once after a pause.
class token_bucket {
 public:
  token_bucket(double per_second, double burst, instant now) noexcept
      : per_second_(per_second), burst_(burst), tokens_(burst), filled_(now) {}

  // Takes a token. False if there is none.
  bool take(instant now) noexcept {
    tokens_ = filled(now);
    filled_ = std::max(filled_, now);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }
  // The time until there is a token. Zero: there is one now.
  duration wait(instant now) const noexcept {
    const double missing = 1 - filled(now);
    if (missing <= 0) return duration::zero();
    return std::chrono::ceil<duration>(std::chrono::duration<double>(missing / per_second_));
  }
  // Whether it holds as many tokens as it had at first.
  bool full(instant now) const noexcept { return filled(now) >= burst_; }

 private:
  double filled(instant now) const noexcept {
    if (now <= filled_) return tokens_;
    const double passed = std::chrono::duration<double>(now - filled_).count();
    return std::min(burst_, tokens_ + passed * per_second_);
  }

  double per_second_;
  double burst_;
  double tokens_;
  instant filled_;
};

}  // namespace gate
