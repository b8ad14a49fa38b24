// The queue of one service: the calls that wait for one of its workers, in lanes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "broker/core/src/client_turns.hpp"
#include "broker/core/src/in_flight.hpp"
#include "broker/core/src/worker_pool.hpp"

namespace gate::broker {

// The calls that the same groups of workers serve in the same way. Their clients take turns.
struct lane {
  explicit lane(std::uint64_t& clock) noexcept : waiting(clock) {}

  client_turns waiting;
  std::vector<offer> offers;  // empty: no worker has the method

  // For on_hold(): the round in which recalls_left was set, and how many calls of this lane may still be asked for.
  std::uint64_t recall_round = 0;
  std::size_t recalls_left = 0;

  // The way of a call of this lane at a worker of that group, which must be among the offers.
  call_way way_of(const candidate_group& group) const noexcept {
    for (const offer& o : offers) {
      if (o.group == &group) return o.way;
    }
    return call_way::capacity;
  }
};

class call_queue {
 public:
  // It has one lane, for methods that no worker has announced.
  call_queue() { lanes_.push_back(std::make_unique<lane>(turns_)); }
  call_queue(const call_queue&) = delete;
  call_queue& operator=(const call_queue&) = delete;

  // --- calls

  void push_back(call& c, lane& where);
  void push_front(call& c, lane& where);
  void remove(call& c) noexcept;
  // Call this before remove() if the call is given to a worker.
  void served(const call& c) noexcept { c.waits_in->waiting.served(c); }
  // The call that is served next, of those that this worker can take now. Null if there is none.
  call* next_for(const worker& w) const noexcept { return queued_ == 0 ? nullptr : first_for(w); }
  // As client_turns::heaviest(), of all lanes.
  const client_share* heaviest() const noexcept;

  std::size_t calls() const noexcept { return queued_; }
  std::size_t bytes() const noexcept { return queued_bytes_; }
  // Every call in the queue, in order.
  std::vector<call*> all() const;

  // --- lanes

  const std::vector<std::unique_ptr<lane>>& lanes() const noexcept { return lanes_; }
  // The lane for methods that no worker has announced.
  lane& first_lane() const noexcept { return *lanes_.front(); }
  // Removes all lanes, and returns their calls in order, which count as queued until put_back() or remove(). At least
  // one lane must be added then.
  std::vector<call*> take_lanes();
  // Each of the groups that it names gets the lane in its list.
  lane& add_lane(const std::vector<offer>& offers);
  // Puts a call of take_lanes() into its new lane. It keeps its position.
  void put_back(call& c, lane& where);

 private:
  call* first_for(const worker& w) const noexcept;
  void pushed(call& c, lane& where) noexcept;

  std::uint64_t turns_ = 0;
  std::vector<std::unique_ptr<lane>> lanes_;
  std::size_t queued_ = 0, queued_bytes_ = 0;
  std::int64_t front_ = 0, back_ = 0;
};

}  // namespace gate::broker
