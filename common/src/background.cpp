#include "common/src/background.hpp"

#include <optional>

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

namespace gate {

namespace {

thread_local std::optional<courtesy> manners;  // of a thread in the background

}  // namespace

void become_background(int niceness) noexcept {
  // On Linux the nice value belongs to the thread. That it cannot be set is no reason not to work.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness);
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
