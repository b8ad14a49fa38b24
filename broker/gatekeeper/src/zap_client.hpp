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
  // `answered` is told on the loop: null when it cannot be asked, or its answer is none. Throws zmq::error_t for what
  // is no address; that nobody is there yet is no error.
  zap_client(loop& where, zmq::context_t& context, const std::string& endpoint,
             unique_function<void(std::uint64_t id, const zap::reply*)> answered);

  // Any thread; always true, since it is found out on the loop whether it can be asked.
  bool ask(std::uint64_t id, const attempt& what) override;

  // Without end, but for an error of the transport, which it throws.
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
