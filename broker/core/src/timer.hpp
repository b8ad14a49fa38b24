// The deadlines of the core's calls, services, peers and workers.
#pragma once

#include <cstdint>

#include "common/base/deadline_wheel.hpp"

namespace gate::broker {

// The step of the core's wheel: 2^23 ns, about 8 ms.
inline constexpr unsigned timer_step_bits = 23;

// The purpose of a timer. By it the core knows to which type it may cast the timer.
enum class timer_kind : std::uint8_t { call, service, sorting, life, beat, hold };

class timer : public wheel_timer {
 public:
  explicit timer(timer_kind kind) noexcept : kind_(kind) {}
  timer_kind kind() const noexcept { return kind_; }

 private:
  timer_kind kind_;
};

}  // namespace gate::broker
