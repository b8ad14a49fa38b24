// The connections that the core knows, and what each of them is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include <gate/clock.hpp>
#include <gate/intrusive_list.hpp>

#include "broker/src/core/client_turns.hpp"
#include "broker/src/core/in_flight.hpp"
#include "broker/src/core/peer_id.hpp"
#include "broker/src/core/service.hpp"
#include "broker/src/core/timer.hpp"
#include "broker/src/core/worker_pool.hpp"

namespace gate::broker {

enum class peer_state : std::uint8_t { fresh, client, worker };

// Before the hello: hello_timeout. Of a worker: its liveness.
struct life_timer : timer {
  life_timer() noexcept : timer(timer_kind::life) {}
};
// When the next heartbeat is to be sent to it.
struct beat_timer : timer {
  beat_timer() noexcept : timer(timer_kind::beat) {}
};

// What a client called last: most call the same again.
struct last_target {
  std::uint64_t epoch = 0;  // of the core's services, when it was looked up
  std::string said;         // the service, as the client names it
  service* home = nullptr;
  const service::known_method* method = nullptr;
};

struct peer : life_timer, beat_timer, intrusive_node<peer> {
  peer(peer_id named, const peer_context& known) : id(named), context(known) {}

  peer_id id;
  peer_context context;
  peer_state state = peer_state::fresh;
  std::string name;  // what it calls itself
  std::uint8_t hellos_again = 0;
  instant beat_at{};  // when the next heartbeat is due, before rounding

  // Of a client: its calls that are queued or running, and the bytes that are stored for them.
  intrusive_list<call, by_client> calls;
  std::size_t calls_open = 0;
  std::size_t stored_bytes = 0;
  client_places places;  // where its calls wait
  last_target last;

  std::unique_ptr<worker> work;  // of a worker

  // Its dialect has no credit, and items have gone to it since its windows were last opened.
  bool owes_credit = false;

  bool internal() const noexcept { return id == internal_peer; }
};

class peer_table {
 public:
  // The id must be unknown.
  peer& open(peer_id id, const peer_context& context);
  peer* find(peer_id id) const noexcept;
  std::unique_ptr<peer> extract(peer& p);

  std::size_t size() const noexcept { return by_id_.size(); }
  // In the order of opening.
  const intrusive_list<peer>& all() const noexcept { return all_; }

 private:
  intrusive_list<peer> all_;
  std::unordered_map<peer_id, std::unique_ptr<peer>> by_id_;
};

}  // namespace gate::broker
