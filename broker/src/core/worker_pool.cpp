#include "broker/src/core/worker_pool.hpp"

#include <algorithm>
#include <utility>

#include <gate/assert.hpp>

namespace gate::broker {

bool worker_pool::join(worker& w, std::vector<std::string> methods) {
  std::sort(methods.begin(), methods.end());
  methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
  auto at = std::find_if(groups_.begin(), groups_.end(), [&](const auto& g) { return g->methods == methods; });
  const bool fresh = at == groups_.end();
  if (fresh) {
    at = groups_.insert(at, std::make_unique<method_group>());
    (*at)->methods = std::move(methods);
  }
  w.group = at->get();
  ++w.group->members;
  ++members_;
  refresh(w);
  return fresh;
}

bool worker_pool::leave(worker& w) {
  GATE_ASSERT(w.group != nullptr);
  method_group* const former = std::exchange(w.group, nullptr);
  intrusive_list<worker, has_credit>::unlink(w);
  --members_;
  if (--former->members > 0) return false;
  std::erase_if(groups_, [former](const auto& g) { return g.get() == former; });
  return true;
}

void worker_pool::refresh(worker& w) noexcept {
  using free_list = intrusive_list<worker, has_credit>;
  if (w.takes() == free_list::linked(w)) return;
  if (free_list::linked(w)) return free_list::unlink(w);
  w.turn = ++turns_;
  w.group->free.push_back(w);
}

void worker_pool::used(worker& w) noexcept {
  intrusive_list<worker, has_credit>::unlink(w);
  refresh(w);
}

worker* worker_pool::pick(std::span<method_group* const> groups, const worker* avoid) noexcept {
  worker* best = nullptr;
  bool avoided = false;
  for (const method_group* g : groups) {
    auto at = g->free.begin();
    if (at != g->free.end() && &*at == avoid) {
      avoided = true;
      ++at;
    }
    if (at != g->free.end() && (best == nullptr || at->turn < best->turn)) best = &*at;
  }
  return best == nullptr && avoided ? const_cast<worker*>(avoid) : best;
}

}  // namespace gate::broker
