// MDP/0.2, RFC 18, frame by frame. There is no empty first frame, every message has a command, and an answer may have
// any number of partial ones before its last.
#pragma once

#include "common/src/wire/mdp.hpp"

namespace gate::wire::mdp02 {

inline constexpr bytes_view client_header = "MDPC02";
inline constexpr bytes_view worker_header = "MDPW02";

extern const mdp::layout layout;

}  // namespace gate::wire::mdp02
