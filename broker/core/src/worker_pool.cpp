#include "broker/core/src/worker_pool.hpp"

#include <algorithm>
#include <utility>

#include <gate/assert.hpp>
#include <gate/limits.hpp>

namespace gate::broker {

namespace {

// Sorts the methods, and leaves each name once.
void order(std::vector<offered_method>& methods) {
  std::sort(methods.begin(), methods.end());
  const auto same_name = [](const offered_method& a, const offered_method& b) { return a.name == b.name; };
  methods.erase(std::unique(methods.begin(), methods.end(), same_name), methods.end());
}

}  // namespace

bool worker_pool::has_room_for(const std::vector<offered_method>& methods) const {
  if (methods_ + methods.size() <= limits::service_methods_max) return true;
  std::vector<offered_method> ordered = methods;
  order(ordered);
  return std::any_of(groups_.begin(), groups_.end(), [&](const auto& g) { return g->methods == ordered; });
}

std::uint32_t worker_pool::free_number() const noexcept {
  std::uint32_t number = 0;
  const auto is_taken = [&number](const auto& g) { return g->number == number; };
  while (std::any_of(groups_.begin(), groups_.end(), is_taken)) ++number;
  return number;
}

bool worker_pool::join(worker& w, std::vector<offered_method> methods) {
  order(methods);
  auto at = std::find_if(groups_.begin(), groups_.end(), [&](const auto& g) { return g->methods == methods; });
  const bool fresh = at == groups_.end();
  if (fresh) {
    const std::uint32_t number = free_number();
    at = groups_.insert(at, std::make_unique<method_group>());
    method_group& made = **at;
    made.number = number;
    const auto takes_thread = [](const offered_method& m) { return m.way == call_way::thread; };
    made.takes_threads = std::any_of(methods.begin(), methods.end(), takes_thread);
    made.takes_places = methods.empty() || !std::all_of(methods.begin(), methods.end(), takes_thread);
    methods_ += methods.size();
    made.methods = std::move(methods);
  }
  w.group = at->get();
  ++w.group->members;
  ++members_;
  policy_->join(w);
  return fresh;
}

bool worker_pool::leave(worker& w) {
  GATE_ASSERT(w.group != nullptr);
  policy_->leave(w);
  method_group* const former = &w.methods();
  w.group = nullptr;
  --members_;
  if (--former->members > 0) return false;
  methods_ -= former->methods.size();
  std::erase_if(groups_, [former](const auto& g) { return g.get() == former; });
  return true;
}

}  // namespace gate::broker
