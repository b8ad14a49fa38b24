// Bugs that are planted on purpose. A test turns one on and shows that the simulator finds it. The libraries are
// compiled without them: is_planted() is a constant there, and the compiler drops what it guards.
#pragma once

#include <cstdint>

namespace gate {

enum class planted_bug : std::uint8_t {
  none = 0,
  sends_late_answers = 1,        // the broker sends an answer on after the call's deadline
  loses_credit_at_deadline = 2,  // a worker's place is not given back when a call runs out of time
  forgets_calls_of_lost = 3,     // the broker forgets the calls of a worker that has left
  ignores_stream_credit = 4,     // a stream may send more than its credit
  repeats_any_call = 5,          // a client sends a call again that may run only once
  ignores_silence = 6,           // a peer stays with a broker that says nothing
  keeps_its_turn = 7,            // a client keeps its turn once it has it
};
inline constexpr std::uint8_t planted_bug_max = 7;

#ifdef GATE_PLANTED_BUGS
inline planted_bug planted = planted_bug::none;  // set once, before other threads run
inline bool is_planted(planted_bug bug) noexcept { return planted == bug; }
#else
constexpr bool is_planted(planted_bug) noexcept { return false; }
#endif

}  // namespace gate
