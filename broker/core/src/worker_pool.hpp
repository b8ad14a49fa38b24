// The workers of one service: which of them can take a call now, and which one takes the next.
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

#include "broker/core/src/held_work.hpp"
#include "broker/core/src/in_flight.hpp"
#include "broker/core/src/timer.hpp"
#include "broker/core/src/worker_order.hpp"

namespace gate::broker {

struct method_group;
struct lane;

struct of_service;  // tag: the list of all workers of a service

// When the calls of a worker are looked at again: those that wait for a thread may be asked for.
struct hold_timer : timer {
  hold_timer() noexcept : timer(timer_kind::hold) {}
};

struct worker : hold_timer, intrusive_node<of_service> {
  static constexpr std::uint32_t nowhere = UINT32_MAX;

  peer* self = nullptr;
  service* home = nullptr;
  method_group* group = nullptr;  // null once it gets no calls any more: it drains, or its connection is ending
  descriptor about;
  bool described = false;
  std::uint64_t registration = 0;  // each has a number of its own, from 1 on
  std::uint32_t number = 0;        // in the name that was made up for it; 0: it has a name of its own
  bool recalls = false;            // it hands calls back when it is asked to
  bool stalled = false;
  bool draining = false;
  std::uint64_t turn = 0;                       // of its last call; the least recently used has the smallest
  std::uint32_t place[2] = {nowhere, nowhere};  // in the orders of its group, by order_kind
  held_work work;
  std::uint64_t given_back = 0;  // slots freed since it owed the answer for slot_timeout
  instant registered_at{}, heard_at{}, answered_at{};
  // The calls that it holds, by call_way; the oldest first.
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

// Workers that offer the same methods in the same ways. Nearly every service has one such group; a rolling upgrade
// makes two.
struct method_group {
  std::vector<offered_method> methods;  // sorted; empty: every method
  // Which of the two orders are used. The other one is not kept.
  bool takes_places = true, takes_threads = false;
  std::uint32_t numbers_end = 0;  // the highest number of its methods, plus 1
  std::size_t members = 0;
  worker_order free{order_kind::by_capacity};         // for calls that take no thread
  worker_order with_threads{order_kind::by_threads};  // for calls that take one
  std::vector<lane_of_group> lanes;                   // the lanes that this group serves; the service keeps the list

  const worker_order& order_for(call_way way) const noexcept { return way == call_way::thread ? with_threads : free; }
};

// A group that serves the calls of a lane, and the way of these calls there.
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

  // Both return true if the set of groups has changed. Then the lanes have to be worked out again.
  bool join(worker& w, std::vector<offered_method> methods);
  bool leave(worker& w);

  // Call this when the worker's state or the calls that it holds have changed. Its place in the orders follows takes().
  void refresh(worker& w) noexcept;
  // The worker was given a call. Among equals it comes last now.
  void used(worker& w) noexcept;

  // The worker that takes a call with these offers: worker_order::first() of all groups. `avoid` is taken only if there
  // is no other. Null if no worker takes the call now.
  worker* pick(std::span<const offer> offers, std::uint32_t method, instant now, worker* avoid = nullptr) noexcept;
  // Whether a worker could begin with such a call at once.
  static bool can_begin(std::span<const offer> offers) noexcept;
  // How many calls of a lane may be given to workers with idle threads, without `but`. Counts up to `most`.
  static std::size_t idle_room(std::span<const offer> offers, const worker& but, std::size_t most) noexcept;

  // Whether a worker with these methods may join: a group has the same, or service_methods_max leaves room for a new
  // one.
  bool has_room_for(const std::vector<offered_method>& methods) const;
  // The number of methods of all groups together.
  std::size_t methods() const noexcept { return methods_; }

  // The number of workers that joined and did not leave. Stalled ones count too.
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
