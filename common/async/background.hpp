// For threads that compute in the background, beside threads that must answer quickly.
#pragma once

#include <gate/clock.hpp>

namespace gate {

// Decides when a background thread gives way. If the thread that gets the processor computes for long as well, the
// kernel already shares the time fairly between the two. Giving way to it again and again would leave this thread next
// to nothing.
class courtesy {
 public:
  bool due(instant now) const noexcept { return now >= resumes_; }
  // This thread gave the processor away at `gone`, and has it again since `back`.
  void returned(instant gone, instant back) noexcept {
    if (back - gone > short_max) resumes_ = back + rest * (back - gone);
  }

 private:
  // Longer than a few turns of a loop. A thread that computes keeps the processor to the kernel's next tick, 1 to 10
  // ms.
  static constexpr duration short_max = std::chrono::microseconds(1500);
  static constexpr int rest = 10;
  instant resumes_{};
};

// Moves the calling thread to the background, for good: it runs at this nice value. A normal thread that wakes takes
// the processor from it where the kernel can do that (Linux 6.12). Elsewhere, give_way() gives the processor away.
void become_background(int niceness) noexcept;

// Lets threads run that have woken and wait for this processor. Call it every few hundred microseconds of work. Without
// it, a thread that has just got the processor may keep it, however nice it is. A call in which many threads take part
// would wait for such a thread again and again. Does nothing in a thread that is not in the background, and costs next
// to nothing if no thread waits.
void give_way() noexcept;

}  // namespace gate
