// A worker and a call as a policy sees them.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>

#include <gate/clock.hpp>

#include "broker/balancers/held_work.hpp"

namespace gate::broker {

// The base of what a policy keeps of a group.
struct group_record {};

// Workers that offer the same methods in the same ways. Nearly every service has one such group; a rolling upgrade
// makes two. The core's method_group is one.
struct candidate_group {
  std::uint32_t number = 0;  // differs from those of the other groups of the service, and is as small as possible
  std::size_t members = 0;
  // Whether it has methods that take no thread, and methods that take one.
  bool takes_places = true, takes_threads = false;
  // For the policy: what it keeps of the group.
  group_record* record = nullptr;
};

// A worker, as far as a policy is concerned. The core's worker is one. A policy changes nothing of it but the last two
// members, and may call found_late() of its work.
struct candidate {
  static constexpr std::uint32_t nowhere = UINT32_MAX;

  candidate_group* group = nullptr;  // null once it gets no calls any more: it drains, or its connection is ending
  held_work work;                    // the calls that it holds, and how many more it may be given
  bool stalled = false;              // it gets no calls until its next heartbeat

  // For the policy: when the worker was last given a call, counted in calls, and its places in two orders.
  std::uint64_t last_use = 0;
  std::uint32_t place[2] = {nowhere, nowhere};

  bool serves() const noexcept { return group != nullptr && !stalled; }
  bool takes(call_way way) const noexcept {
    return serves() && (way == call_way::thread ? work.has_thread() : work.has_room());
  }
};

// A group that has the method of a call, and the way of the call there.
struct offer {
  candidate_group* group = nullptr;
  call_way way = call_way::capacity;
  auto operator<=>(const offer&) const = default;
};

// A call that needs a worker.
struct wish {
  std::span<const offer> offers;  // the groups that have its method; workers have joined each of them
  std::uint32_t method = 0;       // the number of its method in the service
  instant now;
  candidate* avoid = nullptr;  // is chosen only if there is no other
};

}  // namespace gate::broker
