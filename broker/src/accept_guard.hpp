// Closes a connection for which the process has no descriptor.
//
// libzmq has no answer to that: its listener of TCP tries again at once and for ever, since the connection still waits,
// and takes a processor for it; its listener of ipc aborts the process. Neither can be paused without losing its peers,
// and no reserve of descriptors is large enough while connections come faster than the broker's loop looks. So accept4,
// by which libzmq takes connections in, is defined here in front of the system's: it does what the system does, and
// only when that has failed for want of descriptors or memory, and the listener is one of the broker's, it gives up a
// descriptor kept for that, takes the connection in and closes it. To libzmq it is a connection that broke off. Where
// not even that is possible it rests.
#pragma once

#include <cstdint>

namespace gate::broker {

// As long as it lives, connections to that listener that there is no room for are turned away.
class accept_guard {
 public:
  explicit accept_guard(int listener);
  accept_guard(const accept_guard&) = delete;
  accept_guard& operator=(const accept_guard&) = delete;
  ~accept_guard();

 private:
  const int listener_;
};

}  // namespace gate::broker
