// For brokers that come back at the address they had.
#pragma once

#include <cerrno>
#include <chrono>
#include <string>
#include <thread>

#include "common/transport/socket.hpp"

namespace gate::test {

// libzmq lets go of a port some time after the socket that had it is closed. Returns the address.
inline std::string patient_bind(gate::socket& s, const std::string& endpoint) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  for (;;) {
    try {
      return s.bind(endpoint);
    } catch (const zmq::error_t& e) {
      if (e.num() != EADDRINUSE || std::chrono::steady_clock::now() > give_up) throw;
      std::this_thread::yield();
    }
  }
}

}  // namespace gate::test
