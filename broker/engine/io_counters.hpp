// Counts of messages and connections since the start. The core counts calls.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include <gate/error.hpp>

#include "broker/foreign_peers/foreign_counters.hpp"
#include "common/base/counter_table.hpp"

namespace gate::broker {

struct io_counters : foreign_counters {
  std::uint64_t messages_received = 0;  // ZeroMQ messages, each a batch of envelopes
  std::uint64_t bytes_received = 0;
  std::uint64_t messages_sent = 0;
  std::uint64_t envelopes_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_refused = 0;  // beyond peers_max
  std::uint64_t address_refused = 0;      // connections beyond peers_per_address_max
  std::uint64_t impostors = 0;            // messages with the routing id of another connection, or of another user
  std::uint64_t logins_refused = 0;       // messages that were refused because of their login
  std::uint64_t logins_put_off = 0;       // messages whose login could not be checked
  std::uint64_t handshakes_failed = 0;    // of the transport: no ZMTP, another mechanism, or broken off
  std::uint64_t handshakes_refused = 0;   // ended by a login that was refused or put off
  std::uint64_t ended_early = 0;          // connections that ended before their first message, handshakes_* included
  std::uint64_t unrecognised = 0;         // first messages in a dialect that the broker does not know
  std::uint64_t too_many_frames = 0;      // messages of more than frames_max frames
  std::uint64_t silent = 0;               // connections cut at hello_timeout
  std::uint64_t too_slow = 0;             // peers cut because they did not read
  std::uint64_t owed_too_much = 0;        // of too_slow: for out_queue_total_bytes_max
  std::uint64_t too_slow_bytes = 0;       // of too_slow: for out_queue_bytes_max
  std::uint64_t too_slow_age = 0;         // of too_slow: for out_queue_age_max
  std::uint64_t silent_peers = 0;         // peers cut because no sign of life came from them
  std::uint64_t discarded = 0;            // messages of peers that had been cut
  std::array<std::uint64_t, errc_max + 1> cut_for{};  // peers that were cut, by the status of their bye
  std::uint64_t parked = 0;                           // times that the transport did not take a batch at once
};

// A sentence for each counter, for operators.
std::span<const counter_row<io_counters>> io_counter_table() noexcept;

}  // namespace gate::broker
