// A service: its workers, and the calls that wait for one of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gate/clock.hpp>

#include "broker/core/src/call_queue.hpp"
#include "broker/core/src/in_flight.hpp"
#include "broker/core/src/made_up_names.hpp"
#include "broker/core/src/service_rules.hpp"
#include "broker/core/src/sorting_pace.hpp"
#include "broker/core/src/timer.hpp"
#include "broker/core/src/worker_pool.hpp"
#include "common/base/text_map.hpp"

namespace gate::broker {

// The lane of a method, and the number of the method in its service.
struct method_place {
  static constexpr std::uint32_t no_number = UINT32_MAX;  // no worker announced the method
  lane* where = nullptr;
  // A new method gets the smallest free number. It keeps the number while a worker has the method.
  std::uint32_t number = no_number;
};

class service;

// When the lanes of a service are worked out that were put off.
struct sorting_timer : timer {
  explicit sorting_timer(service& whose) noexcept : timer(timer_kind::sorting), of(whose) {}
  service& of;
};

// A service. Its base class `timer` is its grace: while it is armed, calls are queued though there is no worker.
class service : public timer {
 public:
  service(std::string_view space, std::string_view name, service_rules held_to, std::uint64_t seed);

  const std::string& space() const noexcept { return space_; }
  const std::string& name() const noexcept { return name_; }
  // With its namespace, for people.
  const std::string& full_name() const noexcept { return full_name_; }
  service_rules rules;

  // --- who serves what -----------------------------------------------------------------------------------------------

  worker_pool pool;
  call_queue queue;
  intrusive_list<worker, of_service> workers;  // all, also those that get no calls any more
  std::size_t worker_count = 0;
  made_up_names nameless;  // of workers that gave no name

  // Armed while the lanes are older than the groups of the pool. In that time a new group gets no calls, calls in lanes
  // without a group wait, and no call ends as no_method.
  sorting_timer sorting{*this};
  sorting_pace pace;

  // Takes the worker out of the pool. If it was the last of its group, the group leaves the lanes. Returns what
  // worker_pool::leave() returns.
  bool leave(worker& w);

  // Whether it has workers, or some may come soon.
  bool awaited() const noexcept { return pool.members() > 0 || armed(); }
  // It has no workers, and only clients that cannot be told an error wait for it.
  bool for_the_patient = false;
  bool unused() const noexcept { return worker_count == 0 && queue.calls() == 0 && !armed(); }

  // The place of a method. If its lane has no offers, no worker has the method.
  using known_method = text_map<method_place>::value_type;
  method_place place_of(std::string_view method) const noexcept {
    const known_method* const known = find_method(method);
    return known != nullptr ? known->second : unannounced();
  }
  bool announces_methods() const noexcept { return !by_method_.empty(); }
  // Null if no worker announced the method: unannounced() is its place. Valid until sort_out().
  const known_method* find_method(std::string_view method) const noexcept;
  // The place of the method with that number; unannounced() if there is none.
  method_place place_with(std::uint32_t number) const noexcept {
    return number < by_number_.size() ? method_place{by_number_[number], number} : unannounced();
  }
  method_place unannounced() const noexcept { return {&queue.first_lane(), method_place::no_number}; }

  // Works out the lanes again. Call it when the groups of the pool have changed. Returns the queued calls that no
  // worker can serve any more, in order. They stay queued. If the service has no workers at all, none is returned.
  std::vector<call*> sort_out();

 private:
  void number(text_map<method_place>& fresh);

  std::string space_, name_, full_name_;
  text_map<method_place> by_method_;
  std::vector<lane*> by_number_;
};

class service_table {
 public:
  service* find(std::string_view space, std::string_view name) const;
  // The name must be unknown. `seed` is for its balancer.
  service& create(std::string_view space, std::string_view name, service_rules rules, std::uint64_t seed);
  void erase(const service& s);
  std::size_t size() const noexcept { return count_; }

  // Sorted by namespace and name.
  std::vector<service*> all() const;

 private:
  text_map<text_map<std::unique_ptr<service>>> spaces_;
  std::size_t count_ = 0;
};

}  // namespace gate::broker
