#include "broker/src/core/worker_order.hpp"

#include <gate/assert.hpp>

#include "broker/src/core/worker_pool.hpp"

namespace gate::broker {

namespace {

struct share_of_work {
  std::uint64_t held, at_once;
};

share_of_work load_of(order_kind kind, const worker& w) noexcept {
  const held_work& work = w.work;
  if (kind == order_kind::by_threads && work.threads() != 0) return {work.on_threads(), work.threads()};
  return {work.held(), work.capacity()};
}

}  // namespace

bool worker_order::before(order_kind a_kind, const worker& a, order_kind b_kind, const worker& b) noexcept {
  const share_of_work x = load_of(a_kind, a), y = load_of(b_kind, b);
  const std::uint64_t left = x.held * y.at_once, right = y.held * x.at_once;
  return left != right ? left < right : a.turn < b.turn;
}

std::uint32_t& worker_order::place_of(worker& w) const noexcept { return w.place[static_cast<std::size_t>(kind_)]; }

bool worker_order::contains(const worker& w) const noexcept {
  return w.place[static_cast<std::size_t>(kind_)] != worker::nowhere;
}

void worker_order::set(std::size_t at, worker& w) noexcept {
  heap_[at] = &w;
  place_of(w) = static_cast<std::uint32_t>(at);
}

void worker_order::put(worker& w) noexcept {
  if (!contains(w)) {
    GATE_ASSERT(heap_.size() < heap_.capacity());
    heap_.push_back(&w);
    set(heap_.size() - 1, w);
  } else if (heap_.size() == 1) {
    return;
  }
  up(place_of(w));
  down(place_of(w));
}

void worker_order::remove(worker& w) noexcept {
  if (!contains(w)) return;
  const std::size_t at = place_of(w);
  place_of(w) = worker::nowhere;
  worker& moved = *heap_.back();
  heap_.pop_back();
  if (&moved == &w) return;
  set(at, moved);
  up(at);
  down(place_of(moved));
}

void worker_order::up(std::size_t at) noexcept {
  worker& w = *heap_[at];
  while (at > 0) {
    const std::size_t parent = (at - 1) / 2;
    if (!before(w, *heap_[parent])) break;
    set(at, *heap_[parent]);
    at = parent;
  }
  set(at, w);
}

void worker_order::down(std::size_t at) noexcept {
  worker& w = *heap_[at];
  while (true) {
    std::size_t child = 2 * at + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && before(*heap_[child + 1], *heap_[child])) ++child;
    if (!before(*heap_[child], w)) break;
    set(at, *heap_[child]);
    at = child;
  }
  set(at, w);
}

worker* worker_order::first(const worker* avoid) const noexcept {
  if (heap_.empty()) return nullptr;
  if (heap_.front() != avoid) return heap_.front();
  if (heap_.size() == 1) return nullptr;
  if (heap_.size() == 2 || before(*heap_[1], *heap_[2])) return heap_[1];
  return heap_[2];
}

}  // namespace gate::broker
