// One ROUTER of the broker, with its monitor and the connections that it has accepted.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <zmq.hpp>

#include <gate/broker_options.hpp>
#include <gate/loop.hpp>
#include <gate/unique_function.hpp>

#include "broker/core/peer_id.hpp"
#include "broker/engine/accept_guard.hpp"
#include "broker/engine/accepted_connections.hpp"
#include "broker/engine/endpoints.hpp"
#include "broker/engine/lent_payloads.hpp"
#include "broker/engine/out_queue.hpp"
#include "broker/engine/remote_peers.hpp"
#include "broker/engine/unread.hpp"
#include "broker/gatekeeper/gatekeeper.hpp"
#include "common/transport/monitor.hpp"
#include "common/transport/multipart.hpp"
#include "common/transport/socket.hpp"

namespace gate::broker {

inline bytes_view view_of(const zmq::message_t& frame) noexcept {
  return {static_cast<const char*>(frame.data()), frame.size()};
}

class port {
 public:
  // Has `door` prepare the socket for logins, then binds it. Throws bind_error. `on_event` is called with each event of
  // the monitor.
  port(loop& where, security::gatekeeper& door, const binding& plan, const broker_options& options, port_index index,
       unique_function<void(port&, const connection_event&)> on_event);
  port(const port&) = delete;
  port& operator=(const port&) = delete;
  // The address is free afterwards.
  ~port();

  port_index index() const noexcept { return index_; }
  const binding& plan() const noexcept { return plan_; }
  // Whether its peers have to log in.
  bool is_guarded() const noexcept { return plan_.how != security::auth::none; }
  const std::string& endpoint() const noexcept { return endpoint_; }

  gate::socket& socket() noexcept { return socket_; }
  // Handles the events that the monitor has now. So a message is not seen before its connection.
  void read_events() { monitor_.read_now(); }
  // The same, after the transport itself has taken note of connections that ended. It frees a routing id in two steps,
  // with its I/O thread in between: of any that is free at the next call, the end has been told by now.
  void take_note_of_ends();

  // What is in `incoming` is not needed any more. Long frames are given back, and nothing is left of passwords, where
  // messages hold them.
  void forget_incoming();

  // Without blocking. What was sent has been copied (the batch) or given away (the payload); `lent` counts both.
  delivery send(bytes_view routing_id, outgoing& what, lent_payloads& lent);

  multipart incoming;  // the message being handled
  // Its first frame, and the one behind it. There are two at least.
  bytes_view sender_id() const noexcept { return view_of(incoming[0]); }
  bytes_view first_frame() const noexcept { return view_of(incoming[1]); }
  // All its frames but the routing id. Valid until the next call.
  wire::frames_view frames();
  // Why the transport has ended a handshake, until it says which connection that was, which it does next.
  std::optional<std::string_view> failed_handshake;
  accepted_connections accepted;  // by descriptor
  std::vector<peer_id> ending;    // peers whose connection has ended and whose messages may still have to be read
  instant ending_since{};         // when the first of them was added

  port_backlog unread;  // of its peers

 private:
  port_index index_;
  binding plan_;
  gate::socket socket_;
  std::string endpoint_;
  unique_function<void(port&, const connection_event&)> on_event_;
  std::optional<accept_guard> guard_;  // of what listens
  monitor monitor_;
  std::vector<bytes_view> views_;  // of frames()
};

}  // namespace gate::broker
