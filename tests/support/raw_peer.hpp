// Peers that are not ours: a bare DEALER that says what it likes, and a bare TCP connection that need not even speak
// ZMTP. What an attacker, a broken program or a stranger who found the port would send.
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

// Sends frames as they are. With the functions at the end it speaks gate/2 well, up to the point where it does not.
class raw_dealer {
 public:
  explicit raw_dealer(const std::string& endpoint, const prepare_socket& prepare = {});

  void send(const frames& message);
  void send(std::string_view only) { send(frames{std::string(only)}); }
  // One envelope, in a message of its own.
  void send(const message& m);
  // The next message; nothing when none comes in time.
  std::optional<frames> receive(std::chrono::milliseconds deadline = patience);
  // Reads until an envelope of that type comes, and gives its status (ok for a type that has none).
  errc wait_for(message_type type, std::chrono::milliseconds deadline = patience);
  // What tests look at in an envelope.
  struct heard {
    call_id call;
    errc status;
    std::string caller;
  };
  // Reads until an envelope of that type comes.
  heard next(message_type type, std::chrono::milliseconds deadline = patience);
  // Reads until a request comes, and gives its number.
  call_id next_request(std::chrono::milliseconds deadline = patience);
  // Waits until the broker has ended the connection.
  bool disconnected(std::chrono::milliseconds deadline = patience);

  void hello_as_client();
  void hello_as_worker(std::string_view service, std::uint32_t capacity);

 private:
  zmq::context_t context_;
  zmq::socket_t socket_;
  zmq::socket_t monitor_;
};

// The endpoint of "tcp://host:port".
class raw_tcp {
 public:
  explicit raw_tcp(const std::string& endpoint);
  raw_tcp(const raw_tcp&) = delete;
  raw_tcp& operator=(const raw_tcp&) = delete;
  ~raw_tcp();

  // False when the other side has closed.
  bool send(std::string_view data);
  // Ends the connection so that the other side sees it reset.
  void reset();
  // Waits until the other side has closed; what it sent before is dropped.
  bool closed(std::chrono::milliseconds deadline = patience);
  // Greets and shakes hands as a ZMTP 3.0 DEALER does under NULL; then send() takes frames that frame() makes.
  bool shake_hands();
  // The same under PLAIN, with more properties of its own in what it says of itself. False when it is not let in.
  bool log_in(std::string_view user, std::string_view password, const std::string& properties = {});

  static std::string greeting(std::string_view mechanism = "NULL");
  static std::string ready_command();
  static std::string command(std::string_view name, const std::string& body);
  static std::string property(std::string_view name, std::string_view value);
  // One frame, of that many bytes or of the claimed size.
  static std::string frame(std::string_view body, bool more, std::optional<std::uint64_t> claimed_size = std::nullopt);

 private:
  bool read_exactly(std::size_t byte_count);
  // The name of the next command; empty when there is none.
  std::string read_command();
  int descriptor_ = -1;
};

// A message that only a peer of gate/2 may begin with.
std::string hello_bytes(peer_role role, std::string_view service = {}, std::uint32_t capacity = 0);
std::string bytes_of(const message& m);

}  // namespace gate::test
