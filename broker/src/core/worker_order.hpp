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

  template <class Holds> bool any(Holds&& holds) const {
    return std::any_of(heap_.begin(), heap_.end(), [&](const worker* w) { return holds(*w); });
  }

  bool empty() const noexcept { return heap_.empty(); }
  // The one that holds fewest calls, in proportion to what it runs at once; of those the least recently used. Null when
  // there is none but `avoid`.
  worker* first(const worker* avoid = nullptr) const noexcept;
  // Whether a is to be taken before b.
  static bool before(order_kind a_kind, const worker& a, order_kind b_kind, const worker& b) noexcept;
  order_kind kind() const noexcept { return kind_; }

 private:
  bool before(const worker& a, const worker& b) const noexcept { return before(kind_, a, kind_, b); }
  std::uint32_t& place_of(worker& w) const noexcept;
  void set(std::size_t at, worker& w) noexcept;
  void up(std::size_t at) noexcept;
  void down(std::size_t at) noexcept;

  order_kind kind_;
  std::vector<worker*> heap_;
};

}  // namespace gate::broker
