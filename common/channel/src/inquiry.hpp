#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <gate/credentials.hpp>
#include <gate/curve_key.hpp>
#include <gate/loop.hpp>
#include <gate/unique_function.hpp>

#include "common/transport/monitor.hpp"
#include "common/transport/multipart.hpp"
#include "common/transport/socket.hpp"
#include "common/transport/zmq_context.hpp"

namespace gate::peer {

// The answers of a ZeroMQ server to a peer that has not logged in.
struct server_facts {
  std::string mechanism;    // "NULL", "PLAIN" or "CURVE"; empty if no ZeroMQ server answers
  bool reads_us = false;    // CURVE: it could read a message made with the server key that we have
  std::string socket_type;  // NULL, if we have no credentials: "ROUTER"; empty if it did not say
  std::string said;         // if it does not speak ZeroMQ: the first bytes that it sent
};

// Asks a ZeroMQ server how its peers must log in. It makes a connection of its own, reads the server's greeting (ZMTP
// 3, RFC 23), and sends no credentials.
// The handshake itself does not tell why it failed. If the two ends differ, the first to notice hangs up, and the other
// sees only that. A server hangs up also if the peer has a wrong server key, and it may do so if it puts the peer off
// (ZAP status 300). The first exchange of CURVE (RFC 26), HELLO and WELCOME, tells these two apart. It needs the
// server's key, and no key of ours.
class inquiry {
 public:
  // Calls `tell` on the loop, once; it may never do so. Do not destroy the inquiry within `tell`. Throws zmq::error_t.
  inquiry(loop& where, const std::string& endpoint, const credentials& own, unique_function<void(server_facts)> tell);
  inquiry(const inquiry&) = delete;
  inquiry& operator=(const inquiry&) = delete;

  std::size_t heard_bytes() const noexcept { return received_.size(); }

 private:
  void receive();
  void take_event(const connection_event& event);
  void take(std::string_view raw);
  void take_greeting();
  void take_ready(std::string_view after);
  void send(std::string_view raw);
  void hung_up();
  void end(server_facts facts);

  context_user user_;  // destroyed last
  socket stream_;
  monitor events_;
  watch ready_;
  std::optional<curve_key> server_key_;
  const bool bare_;  // we have no credentials
  unique_function<void(server_facts)> tell_;
  multipart message_{2};
  std::string peer_;      // the routing id of the connection
  std::string received_;  // the greeting, and the bytes after it
  bool began_ = false;
  bool greeted_ = false;
  bool over_ = false;
};

}  // namespace gate::peer
