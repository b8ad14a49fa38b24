#include "common/async/background.hpp"

#include <cstdint>
#include <optional>

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace gate {

namespace {

thread_local std::optional<courtesy> manners;  // set in a background thread

// The argument of sched_setattr(2), in its first published form. glibc declares it since 2.41 only, and
// <linux/sched/types.h> cannot be included together with <sched.h>.
struct scheduling_attributes {
  std::uint32_t size = sizeof(scheduling_attributes);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime_ns = 0;  // the time slice, since Linux 6.12; older kernels ignore it
  std::uint64_t deadline_ns = 0;
  std::uint64_t period_ns = 0;
};

// A thread that wakes takes the processor at once from a thread whose time slice is longer. With the same slice it
// waits until that slice is over. The kernel's default is 0.7 ms times 1 + log2 of the processors, counting at most
// eight of them: 2.8 ms at most.
constexpr duration longer_than_default = std::chrono::milliseconds(3);

}  // namespace

void become_background(int niceness) noexcept {
  scheduling_attributes wanted;
  wanted.nice = niceness;
  wanted.runtime_ns = static_cast<std::uint64_t>(longer_than_default.count());
  // On Linux both settings belong to the thread. If they cannot be set, the thread works without them. A sandbox may
  // allow the nice value alone.
  if (::syscall(SYS_sched_setattr, 0, &wanted, 0) != 0) {
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness);
  }
  manners.emplace();
}

void give_way() noexcept {
  if (!manners) return;
  const instant gone = std::chrono::steady_clock::now();
  if (!manners->due(gone)) return;
  ::sched_yield();
  manners->returned(gone, std::chrono::steady_clock::now());
}

}  // namespace gate
