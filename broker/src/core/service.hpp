// A name under which workers answer: its workers, and the calls that wait for one of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <gate/clock.hpp>

#include "broker/src/core/client_turns.hpp"
#include "broker/src/core/in_flight.hpp"
#include "broker/src/core/made_up_names.hpp"
#include "broker/src/core/sorting_pace.hpp"
#include "broker/src/core/timer.hpp"
#include "broker/src/core/worker_pool.hpp"
#include "common/src/text_map.hpp"

namespace gate::broker {

// Calls that the same groups of workers can serve in the same way, in the order in which they will be served.
struct lane {
  explicit lane(std::uint64_t& clock) noexcept : waiting(clock) {}

  client_turns waiting;
  std::vector<offer> offers;  // none: no worker has the method

  // While a worker's calls are looked through for some to be handed back: how many more of this lane.
  std::uint64_t recall_round = 0;
  std::size_t recalls_left = 0;

  // The way in which a worker of that group takes such a call. The group must be among the offers.
  call_way way_of(const method_group& group) const noexcept {
    for (const offer& o : offers) {
      if (o.group == &group) return o.way;
    }
    return call_way::capacity;
  }
};

// What a service knows of a method that its workers announced.
struct method_place {
  static constexpr std::uint32_t no_number = UINT32_MAX;
  lane* where = nullptr;
  // The same as long as a worker has the method, and one of the smallest that were free.
  std::uint32_t number = no_number;
};

class service;

// When the lanes of a service are worked out that could not be at once.
struct sorting_timer : timer {
  explicit sorting_timer(service& whose) noexcept : timer(timer_kind::sorting), of(whose) {}
  service& of;
};

// The timer is the grace: while it is armed, calls are queued although no worker is there.
class service : public timer {
 public:
  service(std::string_view space, std::string_view name);

  const std::string& space() const noexcept { return space_; }
  const std::string& name() const noexcept { return name_; }
  // With its namespace, for people.
  const std::string& full_name() const noexcept { return full_name_; }

  // --- who serves what -----------------------------------------------------------------------------------------------

  worker_pool pool;
  intrusive_list<worker, of_service> workers;  // all, those that take no more calls too
  std::size_t worker_count = 0;
  made_up_names nameless;  // of those that gave no name

  // Armed while the lanes are older than the pool's groups. Until then a new group gets no calls, what is in the lanes
  // of a group that is gone waits, and nobody is told that a method does not exist.
  sorting_timer sorting{*this};
  sorting_pace pace;

  // Takes the worker out of the pool, and its group out of the lanes if it was the last. Returns what the pool does.
  bool leave(worker& w);

  // Has workers, or may be expected to have some soon.
  bool awaited() const noexcept { return pool.members() > 0 || armed(); }
  // It has no workers, and is only awaited by clients who cannot be told an error.
  bool for_the_patient = false;
  bool unused() const noexcept { return worker_count == 0 && queued_ == 0 && !armed(); }

  // Where calls of that method wait. A lane without offers: no worker has the method.
  using known_method = text_map<method_place>::value_type;
  method_place place_of(std::string_view method) const noexcept {
    const known_method* const known = find_method(method);
    return known != nullptr ? known->second : unannounced();
  }
  // Null for one that no worker announced: those wait in the place for all such. Valid until sort_out().
  bool announces_methods() const noexcept { return !by_method_.empty(); }
  const known_method* find_method(std::string_view method) const noexcept;
  // Of a method that a worker has, by its number; another number means the place of those that nobody announced.
  method_place place_with(std::uint32_t number) const noexcept {
    return number < by_number_.size() ? method_place{by_number_[number], number} : unannounced();
  }
  method_place unannounced() const noexcept { return {lanes_.front().get(), method_place::no_number}; }

  // To be called when the pool's groups changed: works out the lanes again. Returns the calls that were waiting and
  // that no worker can serve any more, in order; they are still queued. Empty when the service has no workers at all.
  std::vector<call*> sort_out();

  // --- the queue -----------------------------------------------------------------------------------------------------

  void push_back(call& c, lane& where);
  void push_front(call& c, lane& where);
  void remove(call& c) noexcept;
  // To be called before a call is removed because it is given to a worker.
  void served(const call& c) noexcept;
  // The call whose turn it is among those that this worker can take now; null when there is none.
  call* next_for(const worker& w) const noexcept;
  // The heaviest share of those who wait here, or nearly so; null when nobody does.
  const client_share* heaviest() const noexcept;

  std::size_t queued() const noexcept { return queued_; }
  std::size_t queued_bytes() const noexcept { return queued_bytes_; }
  // Every call in the queue, in order.
  std::vector<call*> waiting() const;
  const std::vector<std::unique_ptr<lane>>& lanes() const noexcept { return lanes_; }

 private:
  void pushed(call& c, lane& where) noexcept;
  void number(text_map<method_place>& fresh);

  std::string space_, name_, full_name_;
  std::uint64_t turns_ = 0;
  std::vector<std::unique_ptr<lane>> lanes_;  // the first one is for methods that nobody has announced
  text_map<method_place> by_method_;
  std::vector<lane*> by_number_;
  std::size_t queued_ = 0, queued_bytes_ = 0;
  std::int64_t front_ = 0, back_ = 0;
};

class service_table {
 public:
  service* find(std::string_view space, std::string_view name) const;
  service& create(std::string_view space, std::string_view name);  // must be unknown
  void erase(const service& s);
  std::size_t size() const noexcept { return count_; }

  // Sorted by namespace and name.
  std::vector<service*> all() const;

 private:
  text_map<text_map<std::unique_ptr<service>>> spaces_;
  std::size_t count_ = 0;
};

}  // namespace gate::broker
