#pragma once

#include <optional>

#include <gate/clock.hpp>
#include <gate/unique_function.hpp>

namespace gate {

// What a loop waits with, injected like the clock: poll() in production, a jump in time in tests.
// All but wake() is called by the loop's thread only.
class poller {
 public:
  // A set of bits. `stuck` is of sockets: nothing can be sent, because nobody is there any more or takes anything.
  enum class interest : unsigned char { none = 0, read = 1, write = 2, read_write = 3, stuck = 4, read_or_stuck = 5 };

  // One watched thing: a ZeroMQ socket, or a descriptor when `socket` is null. Level-triggered: `on_event` is called at
  // each wait() that finds it ready, for as long as `wanted` says so.
  struct watched {
    void* socket = nullptr;
    int descriptor = -1;
    interest wanted = interest::none;
    unique_function<void()> on_event;
    // Of a socket. A ZeroMQ socket's descriptor announces news only once, and any use of the socket takes the news
    // away: after a use, its state must be asked for. `tells_use`: whoever uses it sets `used`, so that it need not be
    // asked otherwise.
    bool tells_use = false;
    bool used = true;
  };

  poller() = default;
  poller(const poller&) = delete;
  poller& operator=(const poller&) = delete;
  virtual ~poller() = default;

  // Waits until something watched is ready, until `until` has come (rounded up; nothing: for ever; a past instant: does
  // not block), or until wake(); then calls the callbacks of what is ready. May return early.
  virtual void wait(std::optional<instant> until) = 0;
  // Ends a wait() under way, or else the next one. Thread-safe.
  virtual void wake() noexcept = 0;
  // `item` stays at its address until remove(). Both may be called from within a callback.
  virtual void add(watched& item) = 0;
  virtual void remove(watched& item) noexcept = 0;
};

}  // namespace gate
