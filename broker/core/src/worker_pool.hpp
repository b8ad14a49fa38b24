// The workers of one service, in groups that offer the same methods. A balancer chooses among them.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gate/clock.hpp>
#include <gate/descriptor.hpp>
#include <gate/intrusive_list.hpp>

#include "broker/balancers/balancer.hpp"
#include "broker/core/src/in_flight.hpp"
#include "broker/core/src/timer.hpp"

namespace gate::broker {

struct lane;

struct of_service;  // tag: the list of all workers of a service

// When the calls of a worker are looked at again: those that wait for a thread may be asked for.
struct hold_timer : timer {
  hold_timer() noexcept : timer(timer_kind::hold) {}
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

struct method_group : candidate_group {
  std::vector<offered_method> methods;  // sorted; empty: every method
  std::uint32_t numbers_end = 0;        // the highest number of its methods, plus 1
  std::vector<lane_of_group> lanes;     // the lanes that this group serves; the service keeps the list
};

struct worker : candidate, hold_timer, intrusive_node<of_service> {
  peer* self = nullptr;
  service* home = nullptr;
  descriptor about;
  bool described = false;
  std::uint64_t registration = 0;  // each has a number of its own, from 1 on
  std::uint32_t number = 0;        // in the name that was made up for it; 0: it has a name of its own
  bool recalls = false;            // it hands calls back when it is asked to
  bool draining = false;
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
  // Only of a worker that has a group.
  method_group& methods() const noexcept { return static_cast<method_group&>(*group); }
};

class worker_pool {
 public:
  explicit worker_pool(std::unique_ptr<balancer> policy) noexcept : policy_(std::move(policy)) {}
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;

  // Both return true if the set of groups has changed. Then the lanes have to be worked out again.
  bool join(worker& w, std::vector<offered_method> methods);
  bool leave(worker& w);

  // The worker was given a call, or is stalled or ready again, or calls of it have ended: balancer says when to call
  // each.
  void given(worker& w) noexcept { policy_->given(w); }
  void changed(worker& w) noexcept {
    if (w.group != nullptr) policy_->changed(w);
  }
  void done(worker& w) noexcept {
    if (w.group != nullptr) policy_->done(w);
  }

  // The worker that gets a call with these offers. `avoid` is chosen only if there is no other. Null if no worker takes
  // the call now.
  worker* pick(std::span<const offer> offers, std::uint32_t method, instant now, worker* avoid = nullptr) noexcept {
    return static_cast<worker*>(policy_->pick({.offers = offers, .method = method, .now = now, .avoid = avoid}));
  }
  const balancer& policy() const noexcept { return *policy_; }

  // Whether a worker with these methods may join: a group has the same, or service_methods_max leaves room for a new
  // one.
  bool has_room_for(const std::vector<offered_method>& methods) const;
  // The number of methods of all groups together.
  std::size_t methods() const noexcept { return methods_; }

  // The number of workers that joined and did not leave. Stalled ones count too.
  std::size_t members() const noexcept { return members_; }
  const std::vector<std::unique_ptr<method_group>>& groups() const noexcept { return groups_; }

 private:
  std::uint32_t free_number() const noexcept;

  const std::unique_ptr<balancer> policy_;
  std::vector<std::unique_ptr<method_group>> groups_;
  std::size_t members_ = 0;
  std::size_t methods_ = 0;
};

}  // namespace gate::broker
