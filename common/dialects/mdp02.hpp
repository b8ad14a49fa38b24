// MDP/0.2, RFC 18, frame by frame. There is no empty first frame, every message has a command, and an answer may have
// any number of partial ones before its last. Programs that are in use say it in other forms too.
#pragma once

#include <cstdint>

#include "common/dialects/foreign_peer.hpp"
#include "common/dialects/mdp.hpp"

namespace gate::wire::mdp02 {

inline constexpr bytes_view client_header = "MDPC02";
inline constexpr bytes_view worker_header = "MDPW02";

// How a peer says it, and is answered. A worker has the first two.
enum class form : std::uint8_t {
  rfc18,
  delimited,   // the same behind an empty frame
  as_workers,  // behind an empty frame; a client's words have a worker's bytes, a reply does not name its service
  unnumbered,  // behind an empty frame; a request has no command, the replies have those of RFC 18
};

extern const mdp::layout layout;  // RFC 18's
const mdp::layout& layout_of(form f) noexcept;

// By a first message; unknown when it is none of MDP/0.2.
recognised recognise(frames_view frames) noexcept;

}  // namespace gate::wire::mdp02
