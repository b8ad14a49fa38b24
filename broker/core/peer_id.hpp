// The core's name of a peer, and what is known of the peer from the start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace gate::broker {

// One connection of one peer. The I/O layer chooses the number, and never uses it again. Its low bits are a place in a
// table: tables of peers are vectors by place, and compare the whole id. So peers that are known at the same time have
// different places, and the id of a former peer finds nothing.
enum class peer_id : std::uint64_t {};

inline constexpr unsigned peer_place_bits = 20;
inline constexpr std::size_t peer_places_max = std::size_t{1} << peer_place_bits;

// `serial` is new for each peer, and `place` is below peer_places_max.
constexpr peer_id make_peer_id(std::uint64_t serial, std::size_t place) noexcept {
  return peer_id{serial << peer_place_bits | place};
}
constexpr std::size_t place_of(peer_id id) noexcept {
  return static_cast<std::size_t>(static_cast<std::uint64_t>(id) & (peer_places_max - 1));
}

// The broker's internal service `gate`. For the core it is a worker like others. It has place 0 for itself.
inline constexpr peer_id internal_peer{0};

// The principal of peers that have not logged in.
inline constexpr std::string_view anonymous = "anonymous";

// Facts about a peer that the broker knows before the first message: from the endpoint, the dialect and the login.
struct peer_context {
  std::string principal;                // who it is; "anonymous" without authentication
  std::string name_space;               // of the services that it names without one; "" is the default namespace
  std::string address;                  // for operators: "127.0.0.1", "ipc"
  std::string_view dialect = "gate/2";  // for operators; a literal
  bool heartbeats = true;               // it sends heartbeats at all times, so a peer that sends none is silent
  bool credit = true;                   // its dialect has credit for streams; if not, the core grants credit for it
  bool huge = true;                     // its dialect has huge arguments, and can say that a call takes no huge answer
  bool errors = true;   // its dialect can say that a call failed; if not, its calls wait until a service appears
  bool insides = true;  // it may see the traceback of an error
  bool owes = true;     // as a worker it answers each call in the end, also one that was cancelled

  bool logged_in() const noexcept { return !principal.empty() && principal != anonymous; }
};

}  // namespace gate::broker

template <> struct std::hash<gate::broker::peer_id> {
  std::size_t operator()(gate::broker::peer_id id) const noexcept {
    return static_cast<std::size_t>(static_cast<std::uint64_t>(id) * 0x9e3779b97f4a7c15u);
  }
};
