#include "broker/core/src/worker_order.hpp"

#include <bit>

#include <gate/assert.hpp>

#include "broker/core/src/worker_pool.hpp"

namespace gate::broker {

// The calls that the worker holds, divided by those that it runs at once. Equal fractions give equal doubles, and
// fractions of numbers as small as these give different ones.
double worker_order::load_of(order_kind kind, const worker& w) noexcept {
  const held_work& work = w.work;
  if (kind == order_kind::by_threads && work.threads() != 0) {
    return static_cast<double>(work.on_threads()) / static_cast<double>(work.threads());
  }
  return static_cast<double>(work.held()) / static_cast<double>(work.capacity());
}

bool worker_order::before(order_kind a_kind, const worker& a, order_kind b_kind, const worker& b) noexcept {
  const double x = load_of(a_kind, a), y = load_of(b_kind, b);
  return x != y ? x < y : a.turn < b.turn;
}

worker_order::entry worker_order::entry_of(worker& w) const noexcept {
  return {std::bit_cast<std::uint64_t>(load_of(kind_, w)), w.turn, &w};
}

std::uint32_t& worker_order::place_of(worker& w) const noexcept { return w.place[static_cast<std::size_t>(kind_)]; }

bool worker_order::contains(const worker& w) const noexcept {
  return w.place[static_cast<std::size_t>(kind_)] != worker::nowhere;
}

void worker_order::put(worker& w) noexcept {
  if (!contains(w)) {
    GATE_ASSERT(heap_.size() < heap_.capacity());
    if (heap_.size() == 1) heap_[0] = entry_of(*heap_[0].who);
    heap_.push_back({});
    up(heap_.size() - 1, entry_of(w));
  } else if (heap_.size() > 1) {
    const std::size_t at = place_of(w);
    const entry e = entry_of(w);
    if (!up(at, e)) down(at, e);
  }
}

void worker_order::remove(worker& w) noexcept {
  if (!contains(w)) return;
  const std::size_t at = place_of(w);
  place_of(w) = worker::nowhere;
  const entry moved = heap_.back();
  heap_.pop_back();
  if (moved.who != &w && !up(at, moved)) down(at, moved);
}

// Puts e at its place in the heap, at `at` or above it. Returns whether the place is another one than `at`.
bool worker_order::up(std::size_t at, const entry& e) noexcept {
  entry* const heap = heap_.data();
  const auto kind = static_cast<std::size_t>(kind_);
  const std::size_t from = at;
  while (at > 0) {
    const std::size_t parent = (at - 1) / 2;
    if (!(e < heap[parent])) break;
    heap[at] = heap[parent];
    heap[at].who->place[kind] = static_cast<std::uint32_t>(at);
    at = parent;
  }
  heap[at] = e;
  e.who->place[kind] = static_cast<std::uint32_t>(at);
  return at != from;
}

// The same at `at` or below it. If the place is `at`, e must stand there already.
void worker_order::down(std::size_t at, const entry& e) noexcept {
  entry* const heap = heap_.data();
  const std::size_t size = heap_.size();
  const auto kind = static_cast<std::size_t>(kind_);
  const std::size_t from = at;
  for (std::size_t child = 2 * at + 1; child < size; child = 2 * at + 1) {
    if (child + 1 < size && heap[child + 1] < heap[child]) ++child;
    if (!(heap[child] < e)) break;
    heap[at] = heap[child];
    heap[at].who->place[kind] = static_cast<std::uint32_t>(at);
    at = child;
  }
  if (at == from) return;
  heap[at] = e;
  e.who->place[kind] = static_cast<std::uint32_t>(at);
}

worker* worker_order::first(const worker* avoid) const noexcept {
  if (heap_.empty()) return nullptr;
  if (heap_.front().who != avoid) return heap_.front().who;
  if (heap_.size() == 1) return nullptr;
  if (heap_.size() == 2 || heap_[1] < heap_[2]) return heap_[1].who;
  return heap_[2].who;
}

}  // namespace gate::broker
