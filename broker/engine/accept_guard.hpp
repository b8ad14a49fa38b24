// Closes a connection for which the process has no descriptor.
//
// libzmq does not handle that case. Its TCP listener tries again at once and for ever, which takes a whole processor.
// Its ipc listener aborts the process. A listener cannot be paused without losing its peers. No reserve of descriptors
// is large enough either, since connections may come faster than the broker's loop looks.
//
// So accept4(), which libzmq calls to accept connections, is defined here and hides the system's. It calls the system's
// accept4(). If that fails for lack of descriptors or memory, and the listener is one of the broker's, it frees a
// descriptor that is kept for this, accepts the connection with it, and closes the connection. For libzmq the
// connection broke off. If that fails too, accept4() waits for a millisecond.
#pragma once

#include <cstdint>

namespace gate::broker {

// While it lives, connections to that listener are turned away if there is no descriptor for them.
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
