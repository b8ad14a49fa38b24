// Counts of messages of peers of other dialects since the start.
#pragma once

#include <cstdint>

#include "broker/core/refusal.hpp"

namespace gate::broker {

struct foreign_counters {
  refusal_counts reasons;                // of connections, peers and messages that were refused without asking the core
  std::uint64_t envelopes_received = 0;  // messages as the core gets them; the engine counts those of gate/2 peers too
  std::uint64_t not_understood = 0;      // messages in a foreign dialect that were wrong, and answered or ignored
  std::uint64_t not_sayable = 0;         // messages that a peer's dialect cannot express, such as errors in MDP
  std::uint64_t silent_workers = 0;      // idle workers of a foreign dialect that were cut because they were silent
};

}  // namespace gate::broker
