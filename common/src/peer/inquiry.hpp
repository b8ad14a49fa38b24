#pragma once

#include <string>
#include <string_view>

#include <gate/loop.hpp>
#include <gate/unique_function.hpp>

#include "common/src/monitor.hpp"
#include "common/src/multipart.hpp"
#include "common/src/peer/context.hpp"
#include "common/src/socket.hpp"

namespace gate::peer {

// Asks a server of ZeroMQ how its peers are to prove who they are, by a connection of its own on which it reads the
// server's greeting (ZMTP 3, RFC 23) and shows nothing. A handshake that fails does not tell: of two ends that differ
// the first to notice hangs up, and the other one sees only that; and a server that was spoken to under a wrong key
// hangs up as well.
class inquiry {
 public:
  // `tell` is called on the loop, once: with "NULL", "PLAIN" or "CURVE"; empty when nobody is there that speaks
  // ZeroMQ. It may not come at all. Destroy this not from within it. Throws zmq::error_t.
  inquiry(loop& where, const std::string& endpoint, unique_function<void(std::string_view)> tell);
  inquiry(const inquiry&) = delete;
  inquiry& operator=(const inquiry&) = delete;

 private:
  void receive();
  void take_event(const connection_event& event);
  void take(std::string_view octets);
  void end(std::string_view mechanism);

  context_user user_;  // leaves last
  socket stream_;
  monitor events_;
  watch ready_;
  unique_function<void(std::string_view)> tell_;
  multipart message_{2};
  std::string greeting_;
  bool began_ = false;
  bool over_ = false;
};

}  // namespace gate::peer
