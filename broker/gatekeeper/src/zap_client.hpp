// Asks an external ZAP service: one of RFC 27, such as that of gate-rpc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <zmq.hpp>

#include <gate/loop.hpp>
#include <gate/task.hpp>
#include <gate/unique_function.hpp>

#include "broker/security/authenticator.hpp"
#include "common/transport/multipart.hpp"
#include "common/transport/socket.hpp"

namespace gate::security {

class zap_client final : public external_service {
 public:
  // `answered` runs on the loop. It gets null if the service cannot be asked, or if its answer is not valid. Throws
  // zmq::error_t if the endpoint is not an address. It is no error if nobody listens there yet.
  zap_client(loop& where, zmq::context_t& context, const std::string& endpoint,
             unique_function<void(std::uint64_t id, const zap::reply*)> answered);

  // Any thread. Always true: whether the service can be asked is found out later, on the loop.
  bool ask(std::uint64_t id, const attempt& what) override;

  // Runs until the transport fails, and then throws.
  task<void> serve();

 private:
  void send(std::uint64_t id, zap::frames request);
  void handle();

  loop& loop_;
  gate::socket socket_;
  unique_function<void(std::uint64_t, const zap::reply*)> answered_;
  multipart incoming_, outgoing_;
  std::vector<bytes_view> views_;
};

}  // namespace gate::security
