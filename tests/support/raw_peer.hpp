// Peers without this project's code: a bare DEALER that sends any frames, and a bare TCP connection that need not speak
// ZMTP. They send what an attacker, a broken program or a stranger at the port would send.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <zmq.hpp>

#include <gate/protocol.hpp>

#include "tests/support/login_peer.hpp"
#include "tests/support/process.hpp"

namespace gate::test {

using frames = std::vector<std::string>;

// Sends frames as they are. Its last functions speak correct gate/2, so that a test can break the rules later.
class raw_dealer {
 public:
  explicit raw_dealer(const std::string& endpoint, const prepare_socket& prepare = {});

  void send(const frames& message);
  void send(std::string_view only) { send(frames{std::string(only)}); }
  // Sends one envelope in a message of its own.
  void send(const message& m);
  // The next message. Empty if none comes before the deadline.
  std::optional<frames> receive(std::chrono::milliseconds deadline = patience);
  // Reads until an envelope of that type comes. Returns its status; ok for a type without one.
  errc wait_for(message_type type, std::chrono::milliseconds deadline = patience);
  // The fields of an envelope that tests check.
  struct heard {
    call_id call;
    errc status;
    std::string caller;
  };
  // Reads until an envelope of that type comes.
  heard next(message_type type, std::chrono::milliseconds deadline = patience);
  // Reads until a request comes. Returns its number.
  call_id next_request(std::chrono::milliseconds deadline = patience);
  // Waits until the broker has closed the connection.
  bool disconnected(std::chrono::milliseconds deadline = patience);

  void hello_as_client();
  void hello_as_worker(std::string_view service, std::uint32_t capacity);

 private:
  zmq::context_t context_;
  zmq::socket_t socket_;
  zmq::socket_t monitor_;
};

// A TCP connection to "tcp://host:port".
class raw_tcp {
 public:
  explicit raw_tcp(const std::string& endpoint);
  raw_tcp(const raw_tcp&) = delete;
  raw_tcp& operator=(const raw_tcp&) = delete;
  ~raw_tcp();

  // False if the other side has closed the connection.
  bool send(std::string_view data);
  // Ends the connection with a reset, as the other side sees it.
  void reset();
  // Waits until the other side has closed the connection. Bytes that come before are dropped.
  bool closed(std::chrono::milliseconds deadline = patience);
  // Does the handshake of a ZMTP 3.0 DEALER under NULL. Afterwards send() takes frames that frame() makes.
  bool shake_hands();
  // The same under PLAIN, with additional properties in its READY. False if the login is refused.
  bool log_in(std::string_view user, std::string_view password, const std::string& properties = {});

  static std::string greeting(std::string_view mechanism = "NULL");
  static std::string ready_command();
  static std::string command(std::string_view name, const std::string& body);
  static std::string property(std::string_view name, std::string_view value);
  // One frame. `claimed_size` replaces its true size in the header.
  static std::string frame(std::string_view body, bool more, std::optional<std::uint64_t> claimed_size = std::nullopt);

 private:
  bool read_exactly(std::size_t byte_count);
  // The name of the next command. Empty if there is none.
  std::string read_command();
  int descriptor_ = -1;
};

// The first message of a gate/2 peer.
std::string hello_bytes(peer_role role, std::string_view service = {}, std::uint32_t capacity = 0);
std::string bytes_of(const message& m);

}  // namespace gate::test
