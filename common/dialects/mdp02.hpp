// MDP/0.2 (RFC 18), frame by frame. There is no empty first frame, every message has a command, and an answer may have
// any number of partial replies before the last one. Existing programs also use other forms of it.
#pragma once

#include <cstdint>

#include "common/dialects/foreign_peer.hpp"
#include "common/dialects/mdp.hpp"

namespace gate::wire::mdp02 {

inline constexpr bytes_view client_header = "MDPC02";
inline constexpr bytes_view worker_header = "MDPW02";

// The form of a peer's messages, and of the replies to it. A worker uses one of the first two.
enum class form : std::uint8_t {
  rfc18,
  delimited,  // as rfc18, behind an empty frame
  // Behind an empty frame. A client's commands have the bytes of a worker's, and a reply does not name its service.
  as_workers,
  unnumbered,  // behind an empty frame; a request has no command, and replies have the commands of RFC 18
};

extern const mdp::layout layout;  // of RFC 18
const mdp::layout& layout_of(form f) noexcept;

// Finds the form from a first message. `unknown` if it is not MDP/0.2.
recognised recognise(frames_view frames) noexcept;

}  // namespace gate::wire::mdp02
