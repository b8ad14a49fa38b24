#include "broker/src/core/worker_pool.hpp"

#include <algorithm>
#include <utility>

#include <gate/assert.hpp>

namespace gate::broker {

namespace {

void follow(worker_order& order, worker& w, bool takes) noexcept {
  if (takes) {
    order.put(w);
  } else {
    order.remove(w);
  }
}

}  // namespace

bool worker_pool::join(worker& w, std::vector<offered_method> methods) {
  std::sort(methods.begin(), methods.end());
  const auto same_name = [](const offered_method& a, const offered_method& b) { return a.name == b.name; };
  methods.erase(std::unique(methods.begin(), methods.end(), same_name), methods.end());
  auto at = std::find_if(groups_.begin(), groups_.end(), [&](const auto& g) { return g->methods == methods; });
  const bool fresh = at == groups_.end();
  if (fresh) {
    at = groups_.insert(at, std::make_unique<method_group>());
    (*at)->methods = std::move(methods);
  }
  w.group = at->get();
  ++w.group->members;
  w.group->free.reserve(w.group->members);
  w.group->with_threads.reserve(w.group->members);
  ++members_;
  w.turn = ++turns_;
  refresh(w);
  return fresh;
}

bool worker_pool::leave(worker& w) {
  GATE_ASSERT(w.group != nullptr);
  method_group* const former = std::exchange(w.group, nullptr);
  former->free.remove(w);
  former->with_threads.remove(w);
  --members_;
  if (--former->members > 0) return false;
  std::erase_if(groups_, [former](const auto& g) { return g.get() == former; });
  return true;
}

void worker_pool::refresh(worker& w) noexcept {
  if (w.group == nullptr) return;
  follow(w.group->free, w, w.takes(call_way::capacity));
  follow(w.group->with_threads, w, w.takes(call_way::thread));
}

void worker_pool::used(worker& w) noexcept {
  w.turn = ++turns_;
  refresh(w);
}

// One that is late is so until it answers: it is looked at once.
bool worker_pool::is_in_time(worker& w, call_way way, instant now) noexcept {
  if (way != call_way::thread || !w.work.is_late(now)) return true;
  w.work.found_late();
  refresh(w);
  return false;
}

worker* worker_pool::pick(std::span<const offer> offers, instant now, worker* avoid) noexcept {
  worker* best = nullptr;
  order_kind kind{};
  bool avoided = false;
  for (const offer& o : offers) {
    const worker_order& order = o.group->order_for(o.way);
    worker* w = order.first(avoid);
    while (w != nullptr && !is_in_time(*w, o.way, now)) w = order.first(avoid);
    if (w == nullptr) {
      avoided = avoided || (!order.empty() && is_in_time(*avoid, o.way, now));
    } else if (best == nullptr || worker_order::before(order.kind(), *w, kind, *best)) {
      best = w;
      kind = order.kind();
    }
  }
  return best == nullptr && avoided ? avoid : best;
}

bool worker_pool::can_pick(std::span<const offer> offers, instant now) noexcept {
  return std::any_of(offers.begin(), offers.end(), [now](const offer& o) {
    const auto in_time = [&](const worker& w) { return o.way != call_way::thread || !w.work.is_late(now); };
    return o.group->order_for(o.way).any(in_time);
  });
}

}  // namespace gate::broker
