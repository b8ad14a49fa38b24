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

// What a server of ZeroMQ tells those who have not shown who they are.
struct server_facts {
  std::string mechanism;    // "NULL", "PLAIN" or "CURVE"; empty when nobody is there that speaks ZeroMQ
  bool reads_us = false;    // of CURVE: it could read what was said under the server's key that we have
  std::string socket_type;  // of NULL, to those without credentials: "ROUTER"; empty when it did not say
  std::string said;         // of one that does not speak ZeroMQ: the beginning of what it said
};

// Asks a server of ZeroMQ how its peers are to prove who they are, by a connection of its own on which it reads the
// server's greeting (ZMTP 3, RFC 23) and shows nothing. A handshake that fails does not tell: of two ends that differ
// the first to notice hangs up, and the other one sees only that. A server that was spoken to under a wrong key hangs
// up as well, and so may one that puts its peer off (ZAP status 300); these are told apart by the first exchange of
// CURVE (RFC 26), HELLO and WELCOME, which needs the server's key and no key of ours.
class inquiry {
 public:
  // `tell` is called on the loop, once. It may not come at all. Destroy this not from within it. Throws zmq::error_t.
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

  context_user user_;  // leaves last
  socket stream_;
  monitor events_;
  watch ready_;
  std::optional<curve_key> server_key_;
  const bool bare_;  // without credentials
  unique_function<void(server_facts)> tell_;
  multipart message_{2};
  std::string peer_;      // names the connection to the socket
  std::string received_;  // the greeting, and what follows it
  bool began_ = false;
  bool greeted_ = false;
  bool over_ = false;
};

}  // namespace gate::peer
