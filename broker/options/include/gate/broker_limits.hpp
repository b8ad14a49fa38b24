// The limits by which a broker decides about calls.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include <gate/limits.hpp>

namespace gate {

// The figures by which the broker decides: its name, its times, and the limits of queues, calls, services and peers.
// Each field is also a key of the same name in gate-broker's configuration file. docs/limits.md has a row for each key.
struct broker_limits {
  std::string name = "gate-broker";  // what the broker calls itself towards its peers

  std::chrono::milliseconds heartbeat_interval = limits::heartbeat_interval;
  std::uint32_t heartbeat_liveness = limits::heartbeat_liveness;
  std::chrono::milliseconds hello_timeout = limits::hello_timeout;

  // The queues. A service_policy may set the first three for one service.
  std::size_t queue_max = limits::queue_max;
  std::size_t queue_bytes_max = limits::queue_bytes_max;
  std::chrono::milliseconds queue_age_max = limits::queue_age_max;
  std::size_t queue_total_max = limits::queue_total_max;
  std::size_t queue_total_bytes_max = limits::queue_total_bytes_max;

  std::size_t client_calls_max = limits::client_calls_max;
  std::size_t client_bytes_max = limits::client_bytes_max;
  std::chrono::milliseconds idle_timeout = limits::idle_timeout;
  std::chrono::milliseconds credit_timeout = limits::credit_timeout;
  std::chrono::milliseconds budget_max = limits::budget_max;
  std::chrono::milliseconds service_grace = limits::service_grace;
  std::size_t services_max = limits::services_max;
  std::size_t peers_max = limits::peers_max;
  std::uint32_t worker_capacity_max = limits::worker_capacity_max;
  std::uint32_t attempts_max = limits::attempts_max;
  std::chrono::milliseconds slot_timeout = limits::slot_timeout;
  std::size_t payload_bytes_max = limits::payload_bytes_max;
};

}  // namespace gate
