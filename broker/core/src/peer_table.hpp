// The peers that the core knows: what each of them is, and what it has open.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gate/clock.hpp>
#include <gate/intrusive_list.hpp>

#include "broker/core/peer_id.hpp"
#include "broker/core/src/client_turns.hpp"
#include "broker/core/src/in_flight.hpp"
#include "broker/core/src/service.hpp"
#include "broker/core/src/timer.hpp"
#include "broker/core/src/worker_pool.hpp"

namespace gate::broker {

enum class peer_state : std::uint8_t { fresh, client, worker };

// Before the hello it is due at the end of hello_timeout. For a worker it is due when the worker counts as stalled.
struct life_timer : timer {
  life_timer() noexcept : timer(timer_kind::life) {}
};
// It is due when the next heartbeat is sent to the peer.
struct beat_timer : timer {
  beat_timer() noexcept : timer(timer_kind::beat) {}
};

// The service and the method that a client called last. Most clients call the same again, which saves the look-ups by
// name.
struct last_target {
  std::uint64_t epoch = 0;  // core::state::epoch_ at the look-up; if that has changed since, this is out of date
  std::string said;         // the service, as the client names it
  service* home = nullptr;
  const service::known_method* method = nullptr;
};

struct peer : life_timer, beat_timer, intrusive_node<peer> {
  peer(peer_id named, const peer_context& known) : id(named), context(known) {}

  peer_id id;
  peer_context context;
  peer_state state = peer_state::fresh;
  std::string name;  // its own, or made up for a worker without one
  std::uint8_t hellos_again = 0;
  instant beat_at{};  // when the next heartbeat is due, before rounding

  // A client's open calls, and the bytes that the core stores for them.
  intrusive_list<call, by_client> calls;
  std::size_t calls_open = 0;
  std::size_t stored_bytes = 0;
  client_places places;  // where its calls wait
  last_target last;

  std::unique_ptr<worker> work;  // of a worker

  // Its dialect has no credit, and items were sent to it since its windows were refilled.
  bool owes_credit = false;

  bool internal() const noexcept { return id == internal_peer; }
};

class peer_table {
 public:
  // No peer that is known has the same place.
  peer& open(peer_id id, const peer_context& context);
  // Null if the peer is unknown.
  peer* find(peer_id id) const noexcept {
    const std::size_t place = place_of(id);
    if (place >= by_place_.size()) return nullptr;
    peer* const there = by_place_[place].get();
    return there != nullptr && there->id == id ? there : nullptr;
  }
  std::unique_ptr<peer> extract(peer& p);

  std::size_t size() const noexcept { return count_; }
  // In the order of opening.
  const intrusive_list<peer>& all() const noexcept { return all_; }

 private:
  intrusive_list<peer> all_;
  std::vector<std::unique_ptr<peer>> by_place_;
  std::size_t count_ = 0;
};

}  // namespace gate::broker
