// The workers that take a call, in an order. The one that gets the next call is first. A heap: each change costs
// O(log workers) and allocates nothing.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <gate/assert.hpp>

#include "broker/balancers/candidate.hpp"

namespace gate::broker {

// The calls that the order is for: those that take no thread, or those that take one. A worker may stand in one order
// of each kind.
enum class order_kind : std::uint8_t { by_capacity, by_threads };

// `Rank::of(kind, candidate)` is a number. The worker with the smallest is first; among equals the least recently used
// one. A worker with Rank::fully_used or more is not idle.
template <class Rank> class candidate_heap {
 public:
  explicit candidate_heap(order_kind kind) noexcept : kind_(kind) {}

  // Makes room for so many workers, so that follow() cannot fail.
  void reserve(std::size_t workers) {
    if (workers > heap_.capacity()) heap_.reserve(std::bit_ceil(workers));
  }

  // Adds the worker, moves it, or removes it, as `takes` says whether it takes such a call.
  void follow(candidate& c, bool takes) noexcept {
    if (takes) {
      if (!contains(c) || heap_.size() > 1) put(c);
    } else {
      remove(c);
    }
  }
  void remove(candidate& c) noexcept {
    if (!contains(c)) return;
    const std::size_t at = place_of(c);
    place_of(c) = candidate::nowhere;
    const entry moved = heap_.back();
    heap_.pop_back();
    if (moved.who != &c && !up(at, moved)) down(at, moved);
  }

  bool contains(const candidate& c) const noexcept {
    return c.place[static_cast<std::size_t>(kind_)] != candidate::nowhere;
  }
  bool empty() const noexcept { return heap_.empty(); }
  order_kind kind() const noexcept { return kind_; }
  template <class Holds> bool any(Holds&& holds) const {
    return std::any_of(heap_.begin(), heap_.end(), [&](const entry& e) { return holds(*e.who); });
  }
  // Visits idle workers until the visitor returns false. Looks at up to twice as many others.
  template <class Visit> void for_each_idle(Visit&& visit) const {
    if (!empty()) (void)visit_idle(0, visit);
  }

  // Null if there is none but `avoid`.
  candidate* first(const candidate* avoid) const noexcept {
    if (heap_.empty()) return nullptr;
    if (heap_.front().who != avoid) return heap_.front().who;
    if (heap_.size() == 1) return nullptr;
    if (heap_.size() == 2 || heap_[1] < heap_[2]) return heap_[1].who;
    return heap_[2].who;
  }
  // Whether a, in the order of a_kind, comes before b, in the order of b_kind.
  static bool before(order_kind a_kind, const candidate& a, order_kind b_kind, const candidate& b) noexcept {
    const std::uint64_t x = Rank::of(a_kind, a), y = Rank::of(b_kind, b);
    return x != y ? x < y : a.last_use < b.last_use;
  }

 private:
  // A worker and the two numbers by which it is compared: copies, so that a comparison reads no worker. If the heap has
  // one entry only, its numbers may be out of date.
  struct entry {
    std::uint64_t rank = 0;
    std::uint64_t last_use = 0;
    candidate* who = nullptr;
    bool operator<(const entry& other) const noexcept {
      return rank != other.rank ? rank < other.rank : last_use < other.last_use;
    }
  };

  entry entry_of(candidate& c) const noexcept { return {Rank::of(kind_, c), c.last_use, &c}; }
  std::uint32_t& place_of(candidate& c) const noexcept { return c.place[static_cast<std::size_t>(kind_)]; }

  // Adds the worker, or moves it to the place that is right now.
  void put(candidate& c) noexcept {
    if (!contains(c)) {
      GATE_ASSERT(heap_.size() < heap_.capacity());
      if (heap_.size() == 1) heap_[0] = entry_of(*heap_[0].who);
      heap_.push_back({});
      up(heap_.size() - 1, entry_of(c));
    } else if (heap_.size() > 1) {
      const std::size_t at = place_of(c);
      const entry e = entry_of(c);
      if (!up(at, e)) down(at, e);
    }
  }

  // Puts e at its place in the heap, at `at` or above it. Returns whether the place is another one than `at`.
  bool up(std::size_t at, const entry& e) noexcept {
    entry* const heap = heap_.data();
    const std::size_t from = at;
    while (at > 0) {
      const std::size_t parent = (at - 1) / 2;
      if (!(e < heap[parent])) break;
      heap[at] = heap[parent];
      place_of(*heap[at].who) = static_cast<std::uint32_t>(at);
      at = parent;
    }
    heap[at] = e;
    place_of(*e.who) = static_cast<std::uint32_t>(at);
    return at != from;
  }

  // The same at `at` or below it. If the place is `at`, e must stand there already.
  void down(std::size_t at, const entry& e) noexcept {
    entry* const heap = heap_.data();
    const std::size_t size = heap_.size();
    const std::size_t from = at;
    for (std::size_t child = 2 * at + 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && heap[child + 1] < heap[child]) ++child;
      if (!(heap[child] < e)) break;
      heap[at] = heap[child];
      place_of(*heap[at].who) = static_cast<std::uint32_t>(at);
      at = child;
    }
    if (at == from) return;
    heap[at] = e;
    place_of(*e.who) = static_cast<std::uint32_t>(at);
  }

  // Asks the worker itself, since a single entry may be out of date.
  bool is_idle(std::size_t at) const noexcept { return Rank::of(kind_, *heap_[at].who) < Rank::fully_used; }
  template <class Visit> bool visit_idle(std::size_t at, Visit&& visit) const {
    if (at >= heap_.size() || !is_idle(at)) return true;
    return visit(*heap_[at].who) && visit_idle(2 * at + 1, visit) && visit_idle(2 * at + 2, visit);
  }

  order_kind kind_;
  std::vector<entry> heap_;
};

}  // namespace gate::broker
