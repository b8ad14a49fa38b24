// For tests in which a broker comes back at its former address.
#pragma once

#include <cerrno>
#include <chrono>
#include <string>
#include <thread>

#include "common/transport/socket.hpp"

namespace gate::test {

// libzmq frees a port some time after its socket was closed, so this tries again until it can bind. Returns the
// address.
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
