// Workers that can take a call, the one that is to take it first: a heap, so that each change costs O(log workers) and
// allocates nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gate::broker {

struct worker;

// In one of these at a time a worker stands for calls that take a thread, in another for those that do not.
enum class order_kind : std::uint8_t { by_capacity, by_threads };

class worker_order {
 public:
  explicit worker_order(order_kind kind) noexcept : kind_(kind) {}

  // Room for so many, so that nothing that follows can fail.
  void reserve(std::size_t workers) { heap_.reserve(workers); }

  bool contains(const worker& w) const noexcept;
  void put(worker& w) noexcept;  // in, or to the place that is now right
  void remove(worker& w) noexcept;

  bool empty() const noexcept { return heap_.empty(); }
  std::size_t size() const noexcept { return heap_.size(); }
  template <class Holds> bool any(Holds&& holds) const {
    return std::any_of(heap_.begin(), heap_.end(), [&](const entry& e) { return holds(*e.who); });
  }
  // Those that hold less than they run at once, as long as the visitor returns true. Looks at no more than twice as
  // many others.
  template <class Visit> void for_each_idle(Visit&& visit) const {
    if (!empty()) (void)visit_idle(0, visit);
  }
  // The one that holds fewest calls, in proportion to what it runs at once; of those the least recently used. Null when
  // there is none but `avoid`.
  worker* first(const worker* avoid = nullptr) const noexcept;
  // Whether a is to be taken before b.
  static bool before(order_kind a_kind, const worker& a, order_kind b_kind, const worker& b) noexcept;
  order_kind kind() const noexcept { return kind_; }

 private:
  // With what it is compared by, so that a comparison reads no worker. Of one that stands here alone it may be out of
  // date.
  struct entry {
    std::uint64_t load = 0;  // as load_of() has it: what is no less than zero has the order of its bits
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
  // A worker's own load, where it stands alone.
  bool is_idle(std::size_t at) const noexcept { return load_of(kind_, *heap_[at].who) < 1; }
  template <class Visit> bool visit_idle(std::size_t at, Visit&& visit) const {
    if (at >= heap_.size() || !is_idle(at)) return true;
    return visit(*heap_[at].who) && visit_idle(2 * at + 1, visit) && visit_idle(2 * at + 2, visit);
  }

  order_kind kind_;
  std::vector<entry> heap_;
};

}  // namespace gate::broker
