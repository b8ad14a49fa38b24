#include "common/async/background.hpp"

#include <cstdint>
#include <optional>

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace gate {

namespace {

thread_local std::optional<courtesy> manners;  // of a thread in the background

// sched_setattr(2), its first published form; glibc has no declaration of it before 2.41, and <linux/sched/types.h>
// does not go with <sched.h>.
struct scheduling_attributes {
  std::uint32_t size = sizeof(scheduling_attributes);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime_ns = 0;  // the time slice, since Linux 6.12; ignored before
  std::uint64_t deadline_ns = 0;
  std::uint64_t period_ns = 0;
};

// Who wakes with a shorter slice may take the processor from a thread at once, who has the same waits for the end of
// it. The kernel's own is 0.7 ms times 1 + log2 of the processors, counted up to eight: 2.8 ms at most.
constexpr duration longer_than_default = std::chrono::milliseconds(3);

}  // namespace

void become_background(int niceness) noexcept {
  scheduling_attributes wanted;
  wanted.nice = niceness;
  wanted.runtime_ns = static_cast<std::uint64_t>(longer_than_default.count());
  // On Linux both belong to the thread. That they cannot be set is no reason not to work; a sandbox may know the nice
  // value alone.
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
