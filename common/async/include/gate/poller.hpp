#pragma once

#include <optional>

#include <gate/clock.hpp>
#include <gate/unique_function.hpp>

namespace gate {

// How a loop waits. The usual one calls poll(); a test passes one that moves its clock instead. Only the loop's thread
// calls it, except for wake().
class poller {
 public:
  // A set of bits. `stuck` is for sockets: nothing can be sent, because the peer is gone or does not read.
  enum class interest : unsigned char { none = 0, read = 1, write = 2, read_write = 3, stuck = 4, read_or_stuck = 5 };

  // One watched ZeroMQ socket, or descriptor if `socket` is null. Each wait() that finds it ready for what is `wanted`
  // calls `on_event`.
  struct watched {
    void* socket = nullptr;
    int descriptor = -1;
    interest wanted = interest::none;
    unique_function<void()> on_event;
    // For a socket. The descriptor of a ZeroMQ socket signals a change only once, and any use of the socket clears the
    // signal. So its state must be asked for after each use (ZMQ_EVENTS). With `tells_use` the user sets `used` after
    // each use, and the poller asks only then.
    bool tells_use = false;
    bool used = true;
  };

  poller() = default;
  poller(const poller&) = delete;
  poller& operator=(const poller&) = delete;
  virtual ~poller() = default;

  // Waits until a watched item is ready, until the time is `until`, or until wake(). Then calls the callbacks of the
  // ready items. May return early. `until` is rounded up; without it there is no limit; a past time does not block.
  virtual void wait(std::optional<instant> until) = 0;
  // Ends the present wait(), or the next one if there is none. Thread-safe.
  virtual void wake() noexcept = 0;
  // `item` must stay at its address until remove(). A callback may call both.
  virtual void add(watched& item) = 0;
  virtual void remove(watched& item) noexcept = 0;
};

}  // namespace gate
