// What the core counts, and what it shows to operators.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <gate/error.hpp>
#include <gate/protocol.hpp>

#include "broker/core/peer_id.hpp"

namespace gate::broker {

// Counts since the start.
struct counters {
  std::uint64_t accepted = 0;                         // requests taken in
  std::array<std::uint64_t, errc_max + 1> ended{};    // outcomes of accepted requests, by status
  std::array<std::uint64_t, errc_max + 1> refused{};  // requests that were never accepted, by status
  std::uint64_t redispatched = 0;                     // given to a second worker
  std::uint64_t late_answers = 0;                     // answers to calls that had ended
  std::uint64_t parts = 0;                            // stream items passed on, both directions
  std::uint64_t overruns = 0;                         // calls ended because a producer overran its credit
  std::uint64_t malformed = 0;                        // messages refused by the parser
  std::uint64_t violations = 0;                       // valid messages that the peer's state does not allow
  std::uint64_t cut = 0;                              // peers cut, for whatever reason
  std::uint64_t offers_refused = 0;                   // registrations of peers that may not offer the service
  std::uint64_t offers_ended = 0;                     // workers dismissed since they may not offer it any more
  std::uint64_t over_allowance = 0;                   // requests beyond what their principal may have under way
  std::uint64_t over_method_rate = 0;                 // requests beyond what the operator allows to their method
  std::uint64_t stalls = 0;                           // times a worker was found stalled
  std::uint64_t displaced = 0;                        // queued calls ended as busy, to make room for clients with fewer
  std::uint64_t recalls = 0;           // times that a worker was asked to hand a call back, since another was idle
  std::uint64_t slots_given_back = 0;  // slots freed since a foreign worker owed the answer for slot_timeout
};

// Counts of what there is now.
struct totals {
  std::size_t clients = 0, workers = 0, services = 0, queued = 0, queued_bytes = 0, in_flight = 0, kept_bytes = 0;
};

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
