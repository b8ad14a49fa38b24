#include "broker/core/src/peer_table.hpp"

#include <utility>

#include <gate/assert.hpp>

namespace gate::broker {

peer& peer_table::open(peer_id id, const peer_context& context) {
  const std::size_t place = place_of(id);
  if (place >= by_place_.size()) by_place_.resize(place + 1);
  GATE_ASSERT(by_place_[place] == nullptr);
  by_place_[place] = std::make_unique<peer>(id, context);
  ++count_;
  peer& opened = *by_place_[place];
  all_.push_back(opened);
  return opened;
}

std::unique_ptr<peer> peer_table::extract(peer& p) {
  GATE_ASSERT(find(p.id) == &p);
  intrusive_list<peer>::unlink(p);
  --count_;
  return std::move(by_place_[place_of(p.id)]);
}

}  // namespace gate::broker
