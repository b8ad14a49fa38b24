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
#include "broker/gatekeeper/gatekeeper.hpp"
#include "common/transport/monitor.hpp"
#include "common/transport/multipart.hpp"
#include "common/transport/socket.hpp"

namespace gate::broker {

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
  // Why the transport has ended a handshake, until it says which connection that was, which it does next.
  std::optional<std::string_view> failed_handshake;
  accepted_connections accepted;  // by descriptor
  std::vector<peer_id> ending;    // peers whose connection has ended and whose messages may still have to be read
  instant ending_since{};         // when the first of them was added

  // Bytes of batches from its peers that are not handled yet (long_batches.cpp). If that is much and more comes, the
  // port is read only once in read_pause. So a peer that sends too fast is slowed down, and other peers do not wait for
  // it.
  std::size_t unread_bytes = 0;
  bool has_much_unread() const noexcept { return unread_bytes > unread_bytes_max; }
  bool is_paused(instant now) const noexcept { return has_much_unread() && now < read_again_at_; }
  void begin_reading() noexcept {
    set_aside_bytes = 0;
    came_round = false;
    ++readings;
  }
  void end_reading(instant now) noexcept {
    if (has_much_unread() && set_aside_bytes != 0) read_again_at_ = now + read_pause;
  }
  std::uint64_t readings = 0;         // turns of reading so far
  std::uint64_t set_aside_bytes = 0;  // received in this turn of reading, to be handled later
  // In this turn of reading a second message of one peer was set aside. The transport takes the messages of all peers
  // in turn, so each has been asked.
  bool came_round = false;

 private:
  static constexpr std::size_t unread_bytes_max = 4u << 20;
  static constexpr duration read_pause = std::chrono::milliseconds(20);

  port_index index_;
  binding plan_;
  gate::socket socket_;
  std::string endpoint_;
  unique_function<void(port&, const connection_event&)> on_event_;
  std::optional<accept_guard> guard_;  // of what listens
  monitor monitor_;
  instant read_again_at_{};
};

}  // namespace gate::broker
