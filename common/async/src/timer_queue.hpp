#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <gate/assert.hpp>
#include <gate/clock.hpp>
#include <gate/loop.hpp>
#include <gate/unique_function.hpp>

namespace gate::detail {

// Timers in the order of (time, sequence). A 4-ary heap of small entries, and a table of places that say where in the
// heap their entry is. Adding and cancelling cost O(log n), and no allocation once the queue has had this size.
class timer_queue {
 public:
  timer_key add(instant when, unique_function<void()> call) {
    const std::uint32_t place = take_place();
    const timer_key key{++sequence_, place};
    places_[place].call = std::move(call);
    places_[place].sequence = key.sequence;
    heap_.push_back({when, key.sequence, place});
    rise(heap_.size() - 1);
    return key;
  }

  void cancel(timer_key key) noexcept {
    if (key.place >= places_.size() || key.sequence == 0 || places_[key.place].sequence != key.sequence) return;
    const unique_function<void()> dropped = remove(places_[key.place].position);
  }

  std::size_t size() const noexcept { return heap_.size(); }
  std::uint64_t last_sequence() const noexcept { return sequence_; }
  std::optional<instant> next() const noexcept {
    return heap_.empty() ? std::nullopt : std::optional<instant>(heap_.front().when);
  }
  // Removes and returns the first timer if it is due and was made no later than `sequence_max`; else an empty function.
  unique_function<void()> pop_due(instant now, std::uint64_t sequence_max) noexcept {
    if (heap_.empty() || heap_.front().when > now || heap_.front().sequence > sequence_max) return nullptr;
    return remove(0);
  }

 private:
  static constexpr std::size_t ways = 4;
  struct entry {
    instant when;
    std::uint64_t sequence;
    std::uint32_t place;
    bool before(const entry& other) const noexcept {
      return when != other.when ? when < other.when : sequence < other.sequence;
    }
  };
  struct place_info {
    unique_function<void()> call;
    std::uint64_t sequence = 0;  // 0: free
    std::size_t position = 0;
  };

  std::uint32_t take_place() {
    if (free_.empty()) {
      GATE_ASSERT(places_.size() < UINT32_MAX);
      places_.emplace_back();
      free_.reserve(places_.capacity());  // so that remove() never allocates
      return static_cast<std::uint32_t>(places_.size() - 1);
    }
    const std::uint32_t place = free_.back();
    free_.pop_back();
    return place;
  }

  unique_function<void()> remove(std::size_t position) noexcept {
    const std::uint32_t place = heap_[position].place;
    const entry last = heap_.back();
    heap_.pop_back();
    if (position < heap_.size()) {
      put(position, last);
      rise(position);
      sink(places_[last.place].position);
    }
    places_[place].sequence = 0;
    free_.push_back(place);
    return std::exchange(places_[place].call, nullptr);
  }

  void put(std::size_t position, const entry& e) noexcept {
    heap_[position] = e;
    places_[e.place].position = position;
  }
  void rise(std::size_t position) noexcept {
    const entry moving = heap_[position];
    while (position > 0) {
      const std::size_t parent = (position - 1) / ways;
      if (!moving.before(heap_[parent])) break;
      put(position, heap_[parent]);
      position = parent;
    }
    put(position, moving);
  }
  void sink(std::size_t position) noexcept {
    const entry moving = heap_[position];
    for (;;) {
      const std::size_t first = position * ways + 1;
      if (first >= heap_.size()) break;
      std::size_t least = first;
      for (std::size_t child = first + 1; child < heap_.size() && child < first + ways; ++child) {
        if (heap_[child].before(heap_[least])) least = child;
      }
      if (!heap_[least].before(moving)) break;
      put(position, heap_[least]);
      position = least;
    }
    put(position, moving);
  }

  std::vector<entry> heap_;
  std::vector<place_info> places_;
  std::vector<std::uint32_t> free_;
  std::uint64_t sequence_ = 0;
};

}  // namespace gate::detail
