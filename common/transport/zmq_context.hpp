#pragma once

#include <zmq.hpp>

namespace gate::peer {

// The ZeroMQ context of all channels of the process. The first call makes it. It ends with the process, when closed
// sockets have sent their last messages or their linger is over. If a socket is still open then, the context is not
// destroyed, because libzmq would wait for that socket for ever.
zmq::context_t& transport_context();

// The same for a caller that will open so many descriptors in it. Throws std::system_error if they cannot be opened,
// together with those that the context needs before its first socket. libzmq would abort.
zmq::context_t& transport_context(int descriptors);

// Hold one while a socket of that context is open.
class context_user {
 public:
  context_user() noexcept;
  context_user(const context_user&) = delete;
  context_user& operator=(const context_user&) = delete;
  ~context_user();
};

}  // namespace gate::peer
