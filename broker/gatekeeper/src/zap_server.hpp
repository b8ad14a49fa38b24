// A socket that answers ZAP requests: the broker's own handler, or one for other programs (zap_bind).
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include <zmq.hpp>

#include <gate/loop.hpp>
#include <gate/task.hpp>

#include "broker/gatekeeper/src/shared_authenticator.hpp"
#include "broker/security/zap_desk.hpp"
#include "common/transport/multipart.hpp"
#include "common/transport/socket.hpp"

namespace gate::security {

class zap_server {
 public:
  // Binds the endpoint. `domains` as in zap_desk. Throws zmq::error_t.
  zap_server(loop& where, zmq::context_t& context, const std::string& endpoint, shared_authenticator& logins,
             std::vector<std::string> domains);

  // Runs until the transport fails, and then throws.
  task<void> serve();
  // Answers the request that waited for that verdict, if it came through this socket.
  void decided(const authenticator::decided& what);

  const std::string& endpoint() const noexcept { return endpoint_; }
  // Any thread.
  std::uint64_t requests() const noexcept { return requests_.load(std::memory_order_relaxed); }
  std::uint64_t malformed() const noexcept { return malformed_.load(std::memory_order_relaxed); }

 private:
  void handle();
  void answer(const zap::frames& reply);

  shared_authenticator& logins_;
  zap_desk desk_;  // used under the lock of `logins_`
  gate::socket socket_;
  std::string endpoint_;
  multipart incoming_, outgoing_;
  std::vector<bytes_view> views_;
  std::atomic<std::uint64_t> requests_{0}, malformed_{0};
};

}  // namespace gate::security
