#include "broker/core/src/worker_pool.hpp"

#include <algorithm>
#include <utility>

#include <gate/assert.hpp>
#include <gate/limits.hpp>

namespace gate::broker {

namespace {

void follow(worker_order& order, worker& w, bool takes) noexcept {
  const bool is_in = w.place[static_cast<std::size_t>(order.kind())] != worker::nowhere;
  if (takes) {
    if (!is_in || order.size() > 1) order.put(w);
  } else if (is_in) {
    order.remove(w);
  }
}

// Sorts the methods, and leaves each name once.
void order(std::vector<offered_method>& methods) {
  std::sort(methods.begin(), methods.end());
  const auto same_name = [](const offered_method& a, const offered_method& b) { return a.name == b.name; };
  methods.erase(std::unique(methods.begin(), methods.end(), same_name), methods.end());
}

// How many workers idle_room() looks at.
constexpr std::size_t looks_max = 64;

}  // namespace

bool worker_pool::has_room_for(const std::vector<offered_method>& methods) const {
  if (methods_ + methods.size() <= limits::service_methods_max) return true;
  std::vector<offered_method> ordered = methods;
  order(ordered);
  return std::any_of(groups_.begin(), groups_.end(), [&](const auto& g) { return g->methods == ordered; });
}

bool worker_pool::join(worker& w, std::vector<offered_method> methods) {
  order(methods);
  auto at = std::find_if(groups_.begin(), groups_.end(), [&](const auto& g) { return g->methods == methods; });
  const bool fresh = at == groups_.end();
  if (fresh) {
    at = groups_.insert(at, std::make_unique<method_group>());
    method_group& made = **at;
    const auto takes_thread = [](const offered_method& m) { return m.way == call_way::thread; };
    made.takes_threads = std::any_of(methods.begin(), methods.end(), takes_thread);
    made.takes_places = methods.empty() || !std::all_of(methods.begin(), methods.end(), takes_thread);
    methods_ += methods.size();
    made.methods = std::move(methods);
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
  methods_ -= former->methods.size();
  std::erase_if(groups_, [former](const auto& g) { return g.get() == former; });
  return true;
}

void worker_pool::refresh(worker& w) noexcept {
  if (w.group == nullptr) return;
  method_group& g = *w.group;
  if (g.takes_places) follow(g.free, w, w.takes(call_way::capacity));
  if (g.takes_threads) follow(g.with_threads, w, w.takes(call_way::thread));
}

void worker_pool::used(worker& w) noexcept {
  w.turn = ++turns_;
  refresh(w);
}

// Whether the worker may take such a call. If it turns out to be late, it leaves the order until a thread comes free.
bool worker_pool::is_in_time(worker& w, call_way way, std::uint32_t method, instant now) noexcept {
  if (way != call_way::thread) return true;
  if (!w.work.is_late(now)) return w.work.fits(method);
  w.work.found_late();
  refresh(w);
  return false;
}

worker* worker_pool::pick(std::span<const offer> offers, std::uint32_t method, instant now, worker* avoid) noexcept {
  worker* best = nullptr;
  order_kind kind{};
  bool avoided = false;
  for (const offer& o : offers) {
    const worker_order& order = o.group->order_for(o.way);
    worker* w = order.first(avoid);
    // A worker that is late leaves the order, and the next one is asked. If the call does not fit a worker that stays
    // in the order, no other is asked: this one is the least loaded. The call waits for the next answer.
    bool fits = false;
    while (w != nullptr && !(fits = is_in_time(*w, o.way, method, now))) {
      if (order.contains(*w)) break;
      w = order.first(avoid);
    }
    if (w == nullptr) {
      avoided = avoided || (!order.empty() && is_in_time(*avoid, o.way, method, now));
    } else if (fits && (best == nullptr || worker_order::before(order.kind(), *w, kind, *best))) {
      best = w;
      kind = order.kind();
    }
  }
  return best == nullptr && avoided ? avoid : best;
}

bool worker_pool::can_begin(std::span<const offer> offers) noexcept {
  return std::any_of(offers.begin(), offers.end(), [](const offer& o) {
    const auto begins = [&](const worker& w) {
      return o.way != call_way::thread || w.work.threads() == 0 || w.work.on_threads() < w.work.threads();
    };
    return o.group->order_for(o.way).any(begins);
  });
}

std::size_t worker_pool::idle_room(std::span<const offer> offers, const worker& but, std::size_t most) noexcept {
  std::size_t idle = 0;
  std::size_t looks = looks_max;
  for (const offer& o : offers) {
    if (idle >= most || looks == 0) break;
    if (o.way != call_way::thread) continue;
    o.group->with_threads.for_each_idle([&](const worker& w) {
      if (&w != &but) idle += w.work.idle_room();
      return idle < most && --looks > 0;
    });
  }
  return std::min(idle, most);
}

}  // namespace gate::broker
