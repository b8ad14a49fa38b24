// What the two ends of a gate/2 connection say to each other about the connection alone: neither the broker's core nor
// a session sees it. docs/protocol.md, section 6.
#pragma once

#include <cstdint>

#include <gate/protocol.hpp>

namespace gate::wire::gate2 {

// Both ends know the types below, which may then be sent in both directions.
inline constexpr std::uint32_t capability_pieces = 0x04;

// Some of the next envelope, which is longer than should travel at once. message_flag::end_of_parts: the last of it.
inline constexpr message_type type_piece{15};
// Say when you have read this far. message::offset: which one it is.
inline constexpr message_type type_mark{16};
// The answer to a mark, with its offset.
inline constexpr message_type type_marked{17};

// worker -> broker: the method of that call has returned, and its answer waits for its turn.
inline constexpr message_type type_answering{18};

inline constexpr std::uint8_t type_max = 18;

constexpr bool is_own(message_type type) noexcept { return type >= type_piece; }

}  // namespace gate::wire::gate2
