// For threads that compute in the background, beside others that answer.
#pragma once

#include <gate/clock.hpp>

namespace gate {

// When a thread is to give way. Who takes the processor for long computes as well: between such the kernel shares
// fairly, and whoever gives way on top of that gets next to nothing.
class courtesy {
 public:
  bool due(instant now) const noexcept { return now >= resumes_; }
  // The processor was given away, and is back.
  void returned(instant gone, instant back) noexcept {
    if (back - gone > short_max) resumes_ = back + rest * (back - gone);
  }

 private:
  // Some loops' turns; a computation keeps it to the next tick of the kernel, 1 to 10 ms.
  static constexpr duration short_max = std::chrono::microseconds(1500);
  static constexpr int rest = 10;
  instant resumes_{};
};

// From here on the calling thread runs at this nice value, a thread of ordinary ones that wakes takes the processor
// from it where the kernel can (Linux 6.12), and give_way() gives way.
void become_background(int niceness) noexcept;

// Lets threads run that woke meanwhile and wait for this processor; to be called every few hundred microseconds of
// work. The kernel does not always take the processor from a thread that has just got it, however nice that is, and a
// call that many threads have a part in would wait for one of them again and again. Does nothing in a thread that is
// not in the background, and costs next to nothing where nobody waits.
void give_way() noexcept;

}  // namespace gate
