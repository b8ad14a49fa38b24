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

  // As poll(2): until one of them is ready (revents says which), the time is over (in milliseconds; -1: never), or
  // wake(). May return early. True when it was woken. Never throws: where the kernel has not what it needs it rests for
  // some milliseconds, and all of them count as ready.
  virtual bool wait(std::vector<pollfd>& of, int timeout) noexcept = 0;
  // Ends a wait() under way, or else the next one. Thread-safe.
  virtual void wake() noexcept = 0;
};

// For when poll(2) fails: it refuses more descriptors than the process may have open, and may find no memory. Rests,
// and calls ready what cannot be asked alone: asked too often is better than not asked.
void rest_instead(std::vector<pollfd>& of) noexcept;

// With a descriptor of its own to be woken by: the quickest. Throws std::system_error when there is none.
std::unique_ptr<descriptor_wait> make_own_wait();

// Without one, for the loops of a process that are many: one thread waits for the descriptors of all of them and wakes
// who is meant, which costs a change of threads more.
std::unique_ptr<descriptor_wait> make_shared_wait();

// The first few that live at once have a descriptor of their own, all others share. Never for want of descriptors does
// it fail.
std::unique_ptr<descriptor_wait> make_frugal_wait();

}  // namespace gate::detail
