// The workers of one service: who can take a call now, and whose turn it is.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <gate/clock.hpp>
#include <gate/descriptor.hpp>
#include <gate/intrusive_list.hpp>

#include "broker/src/core/held_work.hpp"
#include "broker/src/core/in_flight.hpp"
#include "broker/src/core/timer.hpp"
#include "broker/src/core/worker_order.hpp"

namespace gate::broker {

struct method_group;
struct lane;

struct of_service;  // tag: the list of all workers of a service

// When what a worker holds is looked at again: calls that wait there for a thread may be called back.
struct hold_timer : timer {
  hold_timer() noexcept : timer(timer_kind::hold) {}
};

struct worker : hold_timer, intrusive_node<of_service> {
  static constexpr std::uint32_t nowhere = UINT32_MAX;

  peer* self = nullptr;
  service* home = nullptr;
  method_group* group = nullptr;  // null once it is to get no more calls for good: draining, or found gone
  descriptor about;
  bool described = false;
  std::uint32_t number = 0;  // in the name that was made up for it; 0: it gave one
  bool recalls = false;      // it hands back what it is asked for
  bool stalled = false;
  bool draining = false;
  std::uint64_t turn = 0;                       // the smaller, the longer ago it was used
  std::uint32_t place[2] = {nowhere, nowhere};  // in the orders of its group, by order_kind
  held_work work;
  std::uint64_t given_back = 0;  // slots whose answer it owed for too long
  instant registered_at{}, heard_at{}, answered_at{};
  // What it holds, by call_way; the oldest first.
  std::array<intrusive_list<call, by_worker>, 3> calls;

  intrusive_list<call, by_worker>& calls_of(call_way way) noexcept { return calls[static_cast<std::size_t>(way)]; }
  const intrusive_list<call, by_worker>& calls_of(call_way way) const noexcept {
    return calls[static_cast<std::size_t>(way)];
  }
  call* first_call() const noexcept {
    for (const auto& list : calls) {
      if (call* const c = list.first(); c != nullptr) return c;
    }
    return nullptr;
  }
  bool serves() const noexcept { return group != nullptr && !stalled; }
  bool takes(call_way way) const noexcept {
    return serves() && (way == call_way::thread ? work.has_thread() : work.has_room());
  }
};

struct offered_method {
  std::string name;
  call_way way = call_way::capacity;
  auto operator<=>(const offered_method&) const = default;
};

// How the workers of a group serve the calls of a lane.
struct lane_of_group {
  lane* where = nullptr;
  call_way way = call_way::capacity;
};

// Workers that offer the same methods, which take the same of them. Nearly every service has one such group; a rolling
// upgrade makes two.
struct method_group {
  std::vector<offered_method> methods;  // sorted; empty: it takes every method
  // Which of the two orders are asked for: the others are not kept.
  bool takes_places = true, takes_threads = false;
  std::uint32_t numbers_end = 0;  // above the number of each of its methods
  std::size_t members = 0;
  worker_order free{order_kind::by_capacity};         // for calls that take no thread
  worker_order with_threads{order_kind::by_threads};  // for those that do
  std::vector<lane_of_group> lanes;                   // kept by the service: the queues that this group can serve

  const worker_order& order_for(call_way way) const noexcept { return way == call_way::thread ? with_threads : free; }
};

// Who serves the calls of a lane, and what these take of it.
struct offer {
  method_group* group = nullptr;
  call_way way = call_way::capacity;
  auto operator<=>(const offer&) const = default;
};

class worker_pool {
 public:
  worker_pool() = default;
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;

  // Both return true when the set of groups changed by it, so that who can serve what must be worked out again.
  bool join(worker& w, std::vector<offered_method> methods);
  bool leave(worker& w);

  // To be called after what w holds, or its state, changed: whether it is among the free follows takes().
  void refresh(worker& w) noexcept;
  // It was given a call: among equals its turn comes last.
  void used(worker& w) noexcept;

  // The worker that is to take a call of that lane: the one that holds fewest, in proportion to what it runs at once,
  // of those the least recently used. `avoid` only when there is no other. Null: none takes it now.
  worker* pick(std::span<const offer> offers, std::uint32_t method, instant now, worker* avoid = nullptr) noexcept;
  // Whether one could begin with such a call at once.
  static bool can_begin(std::span<const offer> offers) noexcept;
  // How many calls of that lane other workers may be given whose threads are idle, counted up to `most`.
  static std::size_t idle_room(std::span<const offer> offers, const worker& but, std::size_t most) noexcept;

  // Whether that list of methods, which join() would sort, is one of its groups', or there is room for another one.
  bool has_room_for(std::vector<offered_method> methods) const;
  // Of all groups together.
  std::size_t methods() const noexcept { return methods_; }

  // Workers that joined and did not leave, stalled or not.
  std::size_t members() const noexcept { return members_; }
  const std::vector<std::unique_ptr<method_group>>& groups() const noexcept { return groups_; }

 private:
  bool is_in_time(worker& w, call_way way, std::uint32_t method, instant now) noexcept;

  std::vector<std::unique_ptr<method_group>> groups_;
  std::size_t members_ = 0;
  std::size_t methods_ = 0;
  std::uint64_t turns_ = 0;
};

}  // namespace gate::broker
