// Services, workers and peers as the core shows them to operators.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <gate/protocol.hpp>

#include "broker/core/peer_id.hpp"

namespace gate::broker {

struct service_view {
  std::string name_space, name, description;
  std::size_t workers = 0, stalled = 0, queued = 0, queued_bytes = 0, in_flight = 0;
  std::uint32_t capacity = 0;
  std::uint64_t described_by = 0;  // the registration whose descriptor core::describe() returns; 0: none
};

struct worker_view {
  peer_id id{};
  std::string name_space, service, name, address, host, version;
  std::string_view dialect;
  std::uint32_t pid = 0, capacity = 0, threads = 0, in_flight = 0;
  std::uint64_t slots_given_back = 0;
  bool stalled = false, draining = false;
  std::chrono::milliseconds up{0}, last_heartbeat{0};  // ages
};

// Valid until the next event.
struct peer_view {
  std::string_view name;     // its own, or made up
  std::string_view service;  // of a worker; empty otherwise
  bool is_client = false;    // false, and no service: it has not said hello yet
  std::size_t calls = 0;     // of a client: its open calls; of a worker: the calls that it holds
};

struct call_source {
  peer_id client{};
  call_id number{};          // the client's number for the call
  std::string_view address;  // of the client
};

}  // namespace gate::broker
