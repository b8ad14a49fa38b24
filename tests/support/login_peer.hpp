// Peers that log in at the transport and observe the result.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>

#include <zmq.hpp>

#include "common/credentials/curve_key.hpp"

namespace gate::test {

// Sets the credentials of a socket before it connects.
using prepare_socket = std::function<void(zmq::socket_t&)>;

inline prepare_socket plain(const std::string& user, const std::string& password) {
  return [=](zmq::socket_t& s) {
    s.set(zmq::sockopt::plain_username, user);
    if (!password.empty()) s.set(zmq::sockopt::plain_password, password);
  };
}

inline prepare_socket curve(const curve_pair& own, const curve_key& server) {
  return [text = std::string(own.secret_key.view()), own_key = to_z85(own.public_key),
          server_key = to_z85(server)](zmq::socket_t& s) {
    s.set(zmq::sockopt::curve_publickey, own_key);
    s.set(zmq::sockopt::curve_secretkey, text);
    s.set(zmq::sockopt::curve_serverkey, server_key);
  };
}

inline void unproven(zmq::socket_t&) {}

// The end of a handshake, as the peer sees it.
struct handshake {
  enum class kind : std::uint8_t { succeeded, refused, failed, broken_off, silence };
  kind end = kind::silence;
  std::uint32_t value = 0;  // the ZAP status, or the transport's protocol error
};

class login_peer {
 public:
  login_peer(const std::string& endpoint, const prepare_socket& prepare)
      : socket_(context_, zmq::socket_type::dealer), monitor_(context_, zmq::socket_type::pair) {
    socket_.set(zmq::sockopt::linger, 0);
    prepare(socket_);
    if (::zmq_socket_monitor(socket_.handle(), "inproc://handshakes", ZMQ_EVENT_ALL) != 0) throw zmq::error_t();
    monitor_.set(zmq::sockopt::linger, 0);
    monitor_.connect("inproc://handshakes");
    socket_.connect(endpoint);
  }

  // Waits for the end of the next handshake.
  handshake next(std::chrono::milliseconds wait_max = std::chrono::seconds(20)) {
    const auto deadline = std::chrono::steady_clock::now() + wait_max;
    bool shaking = false;
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      zmq::message_t event, address;
      monitor_.set(zmq::sockopt::rcvtimeo, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
      if (!monitor_.recv(event) || !monitor_.recv(address)) return {};
      std::uint16_t number = 0;
      std::uint32_t value = 0;
      std::memcpy(&number, event.data(), sizeof number);
      std::memcpy(&value, event.data<char>() + sizeof number, sizeof value);
      switch (number) {
        case ZMQ_EVENT_CONNECTED:
          shaking = true;
          break;
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
          return {handshake::kind::succeeded, value};
        case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
          return {handshake::kind::refused, value};
        case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
          return {handshake::kind::failed, value};
        case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
          return {handshake::kind::broken_off, value};
        case ZMQ_EVENT_DISCONNECTED:
          if (shaking) return {handshake::kind::broken_off, value};
          break;
        default:
          break;
      }
    }
  }

  zmq::socket_t& socket() noexcept { return socket_; }

 private:
  zmq::context_t context_;
  zmq::socket_t socket_, monitor_;
};

inline handshake log_in(const std::string& endpoint, const prepare_socket& prepare) {
  return login_peer(endpoint, prepare).next();
}
inline bool comes_in(const std::string& endpoint, const prepare_socket& prepare) {
  return log_in(endpoint, prepare).end == handshake::kind::succeeded;
}

}  // namespace gate::test
