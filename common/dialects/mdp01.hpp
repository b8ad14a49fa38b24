// MDP/0.1 (RFC 7), frame by frame. The first frame is empty. A client's message has no command, a worker's has one
// byte.
#pragma once

#include "common/dialects/mdp.hpp"

namespace gate::wire::mdp01 {

inline constexpr bytes_view client_header = "MDPC01";
inline constexpr bytes_view worker_header = "MDPW01";

extern const mdp::layout layout;

}  // namespace gate::wire::mdp01
