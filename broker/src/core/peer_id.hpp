// How the core names the peers of the broker.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace gate::broker {

// One connection of one peer: the I/O layer makes it from (socket, routing id, generation) and never uses it again.
enum class peer_id : std::uint64_t {};

// The broker's own internal service, which the core sees as one more worker.
inline constexpr peer_id internal_peer{0};

// The principal of whoever has not logged in.
inline constexpr std::string_view anonymous = "anonymous";

// What is known of a peer before it says anything, from its endpoint, its dialect and its authentication.
struct peer_context {
  std::string principal;                // who it is; "anonymous" without authentication
  std::string name_space;               // services of one namespace do not exist in another; "" is the default one
  std::string address;                  // for operators: "127.0.0.1", "ipc"
  std::string_view dialect = "gate/2";  // for operators; a literal
  bool heartbeats = true;  // its dialect sends heartbeats whatever else it does, so their absence says something
  bool credit = true;      // its dialect has credit for streams; else the core grants it on the peer's behalf
  bool huge = true;        // its dialect has huge arguments, and calls that take no huge answer
  bool errors = true;      // its dialect can say that a call failed; else its calls wait for services to appear
  bool insides = true;     // it may see what a failure says of a worker's insides: its traceback
  bool owes = true;        // as a worker it answers each call in the end, one that has ended too

  bool logged_in() const noexcept { return !principal.empty() && principal != anonymous; }
};

}  // namespace gate::broker

template <> struct std::hash<gate::broker::peer_id> {
  std::size_t operator()(gate::broker::peer_id id) const noexcept {
    return static_cast<std::size_t>(static_cast<std::uint64_t>(id) * 0x9e3779b97f4a7c15u);
  }
};
