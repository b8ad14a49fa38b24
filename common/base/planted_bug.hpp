// Bugs that are planted on purpose. A test turns one on and shows that the simulator finds it. In the libraries
// is_planted() is a constant, so the compiler removes the code of the bugs.
#pragma once

#include <cstdint>

namespace gate {

enum class planted_bug : std::uint8_t {
  none = 0,
  sends_late_answers = 1,        // the broker forwards a reply after the call's deadline
  loses_credit_at_deadline = 2,  // the worker's slot is not given back when a call times out
  forgets_calls_of_lost = 3,     // the broker forgets the calls of a worker that has left
  ignores_stream_credit = 4,     // a stream may send more than its credit
  repeats_any_call = 5,          // a client sends a call again that may run only once
  ignores_silence = 6,           // a peer stays connected to a broker that is silent
  keeps_its_turn = 7,            // a client never gives its turn to the next one
};
inline constexpr std::uint8_t planted_bug_max = 7;

#ifdef GATE_PLANTED_BUGS
inline planted_bug planted = planted_bug::none;  // set once, before other threads run
inline bool is_planted(planted_bug bug) noexcept { return planted == bug; }
#else
constexpr bool is_planted(planted_bug) noexcept { return false; }
#endif

}  // namespace gate
