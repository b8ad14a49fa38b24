#pragma once

#include <cstdint>
#include <string>

#include <zmq.hpp>

#include <gate/loop.hpp>
#include <gate/unique_function.hpp>

#include "common/transport/multipart.hpp"

namespace gate {

class socket;

// An event of a connection of a socket, as libzmq reports it.
struct connection_event {
  enum class kind : std::uint8_t {
    connected,        // outgoing connection made; descriptor
    connect_delayed,  // being made
    connect_retried,  // value: milliseconds until the next try
    listening,        // bound; descriptor
    bind_failed,      // value: errno
    accepted,         // incoming connection; descriptor
    accept_failed,    // value: errno
    disconnected,     // the connection has ended; descriptor: its number may be in use again already
    closed,           // descriptor closed
    close_failed,     // value: errno
    handshake_succeeded,
    handshake_failed_no_detail,  // value: errno
    handshake_failed_protocol,   // value: ZMQ_PROTOCOL_ERROR_...
    handshake_failed_auth,       // value: the ZAP status, 300 to 500
    other,
  };
  kind what = kind::other;
  int descriptor = -1;  // -1 if the kind has none
  int value = 0;
  std::string endpoint;  // accepted: the local end; connected: the remote end
};

// Reports the connections of a socket through zmq_socket_monitor. It reports the end of a TCP or ipc peer within about
// a millisecond; inproc has no such events. Belongs to the socket's loop. Destroy it before the socket, and not within
// its callback. The callback runs on the loop, outside any coroutine.
class monitor {
 public:
  // Throws zmq::error_t.
  monitor(zmq::context_t& context, socket& watched, unique_function<void(const connection_event&)> on_event);
  monitor(const monitor&) = delete;
  monitor& operator=(const monitor&) = delete;
  ~monitor();

  // Reports all events up to now, without waiting for the loop. So an accepted connection is reported before its first
  // message is received. Do not call it within the callback.
  void read_now() {
    while (receive()) {
    }
  }

 private:
  // True if there may be more events.
  bool receive();

  socket& watched_;
  unique_function<void(const connection_event&)> on_event_;
  zmq::socket_t pair_;
  watch watch_;
};

}  // namespace gate
