// Messages about a gate/2 connection itself. Only its two ends see them, not the broker's core or a session.
// docs/protocol.md, section 6.
#pragma once

#include <cstdint>

#include <gate/protocol.hpp>

namespace gate::wire::gate2 {

// Both ends know the types below. Then both may send them.
inline constexpr std::uint32_t capability_pieces = 0x04;

// A piece of the next envelope, which is too long to travel at once. message_flag::end_of_parts marks the last piece.
inline constexpr message_type type_piece{15};
// Asks the other end to answer when it has read this far. message::offset is the mark's number.
inline constexpr message_type type_mark{16};
// The answer to a mark, with its offset.
inline constexpr message_type type_marked{17};

// worker -> broker: the method of that call has returned, and its answer waits for its turn.
inline constexpr message_type type_answering{18};

inline constexpr std::uint8_t type_max = 18;

constexpr bool is_own(message_type type) noexcept { return type >= type_piece; }

}  // namespace gate::wire::gate2
