#pragma once

#include <zmq.hpp>

namespace gate::peer {

// The ZeroMQ context of all channels of the process, made when first used. It ends with the process, after what closed
// sockets had still to send has left (or their linger is over); if a socket is open then, it does not end at all,
// because libzmq would wait for that socket for ever.
zmq::context_t& transport_context();

// The same, for who is about to open so many descriptors in it. Throws std::system_error when they are not to be had,
// or when those are not that the context itself needs before its first socket: libzmq would abort.
zmq::context_t& transport_context(int descriptors);

// Held by whoever has a socket of that context open.
class context_user {
 public:
  context_user() noexcept;
  context_user(const context_user&) = delete;
  context_user& operator=(const context_user&) = delete;
  ~context_user();
};

}  // namespace gate::peer
