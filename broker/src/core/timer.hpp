// The deadlines of the core's calls, services, peers and workers.
#pragma once

#include <cstdint>

#include "common/src/deadline_wheel.hpp"

namespace gate::broker {

// A step of the core's wheel: 2^23 ns, some eight milliseconds.
inline constexpr unsigned timer_step_bits = 23;

// Whose timer it is: the core finds the owner by a static_cast that this decides.
enum class timer_kind : std::uint8_t { call, service, sorting, life, beat, hold };

class timer : public wheel_timer {
 public:
  explicit timer(timer_kind kind) noexcept : kind_(kind) {}
  timer_kind kind() const noexcept { return kind_; }

 private:
  timer_kind kind_;
};

}  // namespace gate::broker
