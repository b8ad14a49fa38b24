// The workers of one service: who can take a call now, and whose turn it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <gate/clock.hpp>
#include <gate/descriptor.hpp>
#include <gate/intrusive_list.hpp>

#include "broker/src/core/in_flight.hpp"

namespace gate::broker {

struct method_group;

struct has_credit;  // tag: the list of a group's workers that can take a call
struct of_service;  // tag: the list of all workers of a service

struct worker : intrusive_node<has_credit>, intrusive_node<of_service> {
  peer* self = nullptr;
  service* home = nullptr;
  method_group* group = nullptr;  // null once it is to get no more calls for good: draining, or found gone
  descriptor about;
  bool described = false;
  std::uint32_t number = 0;  // in the name that was made up for it; 0: it gave one
  std::uint32_t capacity = 0;
  std::uint32_t held = 0;  // calls given to it and not answered
  bool stalled = false;
  bool draining = false;
  std::uint64_t turn = 0;  // the smaller, the longer ago it was used
  instant registered_at{}, heard_at{};
  intrusive_list<call, by_worker> calls;

  bool takes() const noexcept { return group != nullptr && !stalled && held < capacity; }
};

// Workers that offer the same methods. Nearly every service has one such group; a rolling upgrade makes two.
struct method_group {
  std::vector<std::string> methods;  // sorted; empty: it takes every method
  std::size_t members = 0;
  intrusive_list<worker, has_credit> free;  // least recently used first
  std::vector<lane*> lanes;                 // kept by the service: the queues that this group can serve
};

class worker_pool {
 public:
  worker_pool() = default;
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;

  // Both return true when the set of groups changed by it, so that who can serve what must be worked out again.
  bool join(worker& w, std::vector<std::string> methods);
  bool leave(worker& w);

  // To be called after w's credit or state changed: whether it is among the free follows takes().
  void refresh(worker& w) noexcept;
  // It was given a call: its turn comes last.
  void used(worker& w) noexcept;

  // The least recently used worker of these groups that can take a call; `avoid` only when there is no other. Null:
  // none.
  static worker* pick(std::span<method_group* const> groups, const worker* avoid = nullptr) noexcept;

  // Workers that joined and did not leave, stalled or not.
  std::size_t members() const noexcept { return members_; }
  const std::vector<std::unique_ptr<method_group>>& groups() const noexcept { return groups_; }

 private:
  std::vector<std::unique_ptr<method_group>> groups_;
  std::size_t members_ = 0;
  std::uint64_t turns_ = 0;
};

}  // namespace gate::broker
