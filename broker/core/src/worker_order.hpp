// The workers that can take a call. The one that takes the next call is first. A heap: each change costs O(log workers)
// and allocates nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gate::broker {

struct worker;

// Which calls the order is for: those that take no thread, or those that take one. A worker may stand in one order of
// each kind.
enum class order_kind : std::uint8_t { by_capacity, by_threads };

class worker_order {
 public:
  explicit worker_order(order_kind kind) noexcept : kind_(kind) {}

  // Makes room for so many workers, so that put() cannot fail.
  void reserve(std::size_t workers) { heap_.reserve(workers); }

  bool contains(const worker& w) const noexcept;
  void put(worker& w) noexcept;  // adds the worker, or moves it to the place that is right now
  void remove(worker& w) noexcept;

  bool empty() const noexcept { return heap_.empty(); }
  std::size_t size() const noexcept { return heap_.size(); }
  template <class Holds> bool any(Holds&& holds) const {
    return std::any_of(heap_.begin(), heap_.end(), [&](const entry& e) { return holds(*e.who); });
  }
  // Visits the workers that hold fewer calls than they run at once, until the visitor returns false. Looks at up to
  // twice as many others.
  template <class Visit> void for_each_idle(Visit&& visit) const {
    if (!empty()) (void)visit_idle(0, visit);
  }
  // The worker that holds the fewest calls in proportion to those that it runs at once. Among equals: the least
  // recently used. Null if there is none but `avoid`.
  worker* first(const worker* avoid = nullptr) const noexcept;
  // Whether a is to be taken before b.
  static bool before(order_kind a_kind, const worker& a, order_kind b_kind, const worker& b) noexcept;
  order_kind kind() const noexcept { return kind_; }

 private:
  // A worker and the two numbers by which it is compared: copies, so that a comparison reads no worker. If the heap has
  // one entry only, its numbers may be out of date.
  struct entry {
    std::uint64_t load = 0;  // the bits of load_of(): doubles that are not negative have the order of their bits
    std::uint64_t turn = 0;
    worker* who = nullptr;
    bool operator<(const entry& other) const noexcept {
      return load != other.load ? load < other.load : turn < other.turn;
    }
  };

  static double load_of(order_kind kind, const worker& w) noexcept;
  entry entry_of(worker& w) const noexcept;
  std::uint32_t& place_of(worker& w) const noexcept;
  bool up(std::size_t at, const entry& e) noexcept;
  void down(std::size_t at, const entry& e) noexcept;
  // Asks the worker itself, since a single entry may be out of date.
  bool is_idle(std::size_t at) const noexcept { return load_of(kind_, *heap_[at].who) < 1; }
  template <class Visit> bool visit_idle(std::size_t at, Visit&& visit) const {
    if (at >= heap_.size() || !is_idle(at)) return true;
    return visit(*heap_[at].who) && visit_idle(2 * at + 1, visit) && visit_idle(2 * at + 2, visit);
  }

  order_kind kind_;
  std::vector<entry> heap_;
};

}  // namespace gate::broker
