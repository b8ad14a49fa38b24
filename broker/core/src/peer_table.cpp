#include "broker/core/src/peer_table.hpp"

#include <utility>

#include <gate/assert.hpp>

namespace gate::broker {

peer& peer_table::open(peer_id id, const peer_context& context) {
  auto [at, fresh] = by_id_.try_emplace(id);
  GATE_ASSERT(fresh);
  at->second = std::make_unique<peer>(id, context);
  all_.push_back(*at->second);
  return *at->second;
}

peer* peer_table::look_up(peer_id id) const noexcept {
  const auto at = by_id_.find(id);
  return at == by_id_.end() ? nullptr : at->second.get();
}

std::unique_ptr<peer> peer_table::extract(peer& p) {
  auto node = by_id_.extract(p.id);
  GATE_ASSERT(!node.empty());
  intrusive_list<peer>::unlink(p);
  if (last_ == &p) last_ = nullptr;
  return std::move(node.mapped());
}

}  // namespace gate::broker
