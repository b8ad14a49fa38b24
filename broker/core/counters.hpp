// The counters of the core.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <gate/error.hpp>

#include "broker/core/refusal.hpp"
#include "common/base/counter_table.hpp"

namespace gate::broker {

// Counts since the start. counter_table() says what each counts.
struct counters {
  std::uint64_t accepted = 0;
  std::array<std::uint64_t, errc_max + 1> ended{};    // outcomes of accepted requests, by status
  std::array<std::uint64_t, errc_max + 1> refused{};  // requests that were never accepted, by status
  refusal_counts reasons;                             // of requests and of peers that the core cut
  std::uint64_t redispatched = 0;
  std::uint64_t late_answers = 0;
  std::uint64_t parts = 0;
  std::uint64_t overruns = 0;
  std::uint64_t malformed = 0;
  std::uint64_t violations = 0;
  std::uint64_t cut = 0;
  std::uint64_t offers_refused = 0;
  std::uint64_t offers_ended = 0;
  std::uint64_t over_allowance = 0;
  std::uint64_t over_method_rate = 0;
  std::uint64_t stalls = 0;
  std::uint64_t displaced = 0;
  std::uint64_t recalls = 0;
  std::uint64_t slots_given_back = 0;
};

// Counts of what there is now. total_table() says what each counts.
struct totals {
  std::size_t clients = 0, workers = 0, services = 0, queued = 0, queued_bytes = 0, in_flight = 0, kept_bytes = 0;
};

std::span<const counter_row<counters>> counter_table() noexcept;
std::span<const counter_row<totals, std::size_t>> total_table() noexcept;

}  // namespace gate::broker
