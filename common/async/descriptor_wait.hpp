// How a loop waits for descriptors, and how another thread ends that wait.
#pragma once

#include <memory>
#include <vector>

#include <poll.h>

namespace gate::detail {

class descriptor_wait {
 public:
  descriptor_wait() = default;
  descriptor_wait(const descriptor_wait&) = delete;
  descriptor_wait& operator=(const descriptor_wait&) = delete;
  virtual ~descriptor_wait() = default;

  // Like poll(2): returns when a descriptor is ready (revents says which), when `timeout` (in ms; -1: no limit) is
  // over, or after wake(). May return early. Returns true if it was woken. Never throws: if the kernel lacks memory or
  // descriptors, it rests for a few milliseconds and then reports all descriptors as ready.
  virtual bool wait(std::vector<pollfd>& of, int timeout) noexcept = 0;
  // Ends the wait() that is running, or else the next one. Thread-safe.
  virtual void wake() noexcept = 0;
};

// For when poll(2) fails: it refuses more descriptors than the process may open, and it may find no memory. Rests, then
// asks for each descriptor alone. Reports one as ready if that fails too: a needless look is better than a missed
// event.
void rest_instead(std::vector<pollfd>& of) noexcept;

// Has a descriptor of its own to be woken by: the quickest kind. Throws std::system_error if there is no descriptor
// left.
std::unique_ptr<descriptor_wait> make_own_wait();

// Has no descriptor of its own, for processes with many loops. One thread waits for the descriptors of all these loops
// and wakes the right loop. That costs one more change of threads for each wait.
std::unique_ptr<descriptor_wait> make_shared_wait();

// The first few that exist at once have a descriptor of their own; all others share. Never fails for want of
// descriptors.
std::unique_ptr<descriptor_wait> make_frugal_wait();

}  // namespace gate::detail
