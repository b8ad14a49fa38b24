// Limits the log lines about peers: no peer can fill the log. Counts the lines that were left out.
#pragma once

#include <cstdint>

#include <gate/clock.hpp>

namespace gate::broker {

class log_limiter {
 public:
  // Whether a line may be written now.
  bool admit(instant now) noexcept {
    if (now - window_ >= std::chrono::seconds(1)) {
      window_ = now;
      written_ = 0;
    }
    if (written_ < lines_per_second_max) {
      ++written_;
      return true;
    }
    ++left_out_;
    return false;
  }
  // Lines left out since the last call.
  std::uint64_t take_left_out() noexcept {
    const std::uint64_t count = left_out_;
    left_out_ = 0;
    return count;
  }

 private:
  static constexpr int lines_per_second_max = 10;
  instant window_{};
  int written_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace gate::broker
