#include "broker/engine/remote_peers.hpp"

#include <gate/assert.hpp>

namespace gate::broker {

remote_peer* remote_peers::find(port_index port, bytes_view routing_id) const noexcept {
  if (port >= by_route_.size()) return nullptr;
  const auto found = by_route_[port].find(routing_id);
  return found == by_route_[port].end() ? nullptr : found->second;
}

remote_peer* remote_peers::find(peer_id id) const noexcept {
  const std::size_t place = place_of(id);
  if (place >= places_.size() || !places_[place] || places_[place]->id != id) return nullptr;
  return places_[place].get();
}

remote_peer& remote_peers::add(port_index port, bytes_view routing_id, buffer_pool& spare, byte_total& owed,
                               pieces_held* pieces) {
  std::size_t place = places_.size();
  if (free_.empty()) {
    GATE_ASSERT(place < peer_places_max);
    places_.emplace_back();
  } else {
    place = free_.back();
    free_.pop_back();
  }
  const peer_id id = make_peer_id(next_serial_++, place);
  places_[place] = std::make_unique<remote_peer>(id, port, routing_id, spare, owed, pieces);
  remote_peer& added = *places_[place];
  if (port >= by_route_.size()) by_route_.resize(port + 1);
  const bool is_new = by_route_[port].emplace(added.routing_id, &added).second;
  GATE_ASSERT(is_new);
  ++count_;
  return added;
}

void remote_peers::give_up_route(remote_peer& gone) noexcept {
  const auto found = by_route_[gone.port].find(gone.routing_id);
  if (found != by_route_[gone.port].end() && found->second == &gone) by_route_[gone.port].erase(found);
}

void remote_peers::remove(remote_peer& gone) noexcept {
  give_up_route(gone);
  const std::size_t place = place_of(gone.id);
  places_[place].reset();
  free_.push_back(place);
  --count_;
}

}  // namespace gate::broker
