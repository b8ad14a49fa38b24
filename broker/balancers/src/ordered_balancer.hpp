// A policy that keeps the workers that take a call in an order, and chooses the first one. `Rank` is the policy:
// candidate_heap says what it has to have.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "broker/balancers/balancer.hpp"
#include "broker/balancers/src/candidate_heap.hpp"

namespace gate::broker {

template <class Rank> class ordered_balancer final : public balancer {
 public:
  void join(candidate& c) override {
    const std::size_t number = c.group->number;
    if (groups_.size() <= number) groups_.resize(number + 1);
    if (groups_[number] == nullptr) groups_[number] = std::make_unique<orders>();
    c.group->record = groups_[number].get();
    orders_of(*c.group).free.reserve(c.group->members);
    orders_of(*c.group).with_threads.reserve(c.group->members);
    c.last_use = ++uses_;
    follow(c);
  }
  void leave(candidate& c) noexcept override {
    orders& of = orders_of(*c.group);
    of.free.remove(c);
    of.with_threads.remove(c);
  }
  void changed(candidate& c) noexcept override { follow(c); }
  void given(candidate& c) noexcept override {
    c.last_use = ++uses_;
    follow(c);
  }
  void done(candidate& c) noexcept override { follow(c); }

  candidate* pick(const wish& w) noexcept override {
    candidate* best = nullptr;
    order_kind kind{};
    bool avoided = false;
    for (const offer& o : w.offers) {
      const heap& order = order_for(o);
      candidate* c = order.first(w.avoid);
      // A worker that is late leaves the order, and the next one is asked. If the call does not fit a worker that stays
      // in the order, no other is asked: this one has the most room. The call waits for the next answer.
      bool fits = false;
      while (c != nullptr && !(fits = is_in_time(*c, o.way, w))) {
        if (order.contains(*c)) break;
        c = order.first(w.avoid);
      }
      if (c == nullptr) {
        avoided = avoided || (!order.empty() && is_in_time(*w.avoid, o.way, w));
      } else if (fits && (best == nullptr || heap::before(order.kind(), *c, kind, *best))) {
        best = c;
        kind = order.kind();
      }
    }
    return best == nullptr && avoided ? w.avoid : best;
  }

  bool has_free(std::span<const offer> offers) const noexcept override {
    return std::any_of(offers.begin(), offers.end(), [](const offer& o) {
      return order_for(o).any([&](const candidate& c) {
        return o.way != call_way::thread || c.work.threads() == 0 || c.work.on_threads() < c.work.threads();
      });
    });
  }

  std::size_t idle_room(std::span<const offer> offers, const candidate& but, std::size_t most) const noexcept override {
    std::size_t room = 0, looks = looks_max;
    for (const offer& o : offers) {
      if (room >= most || looks == 0) break;
      if (o.way != call_way::thread) continue;
      order_for(o).for_each_idle([&](const candidate& c) {
        if (&c != &but) room += c.work.idle_room();
        return room < most && --looks > 0;
      });
    }
    return std::min(room, most);
  }

  bool is_right_about(const candidate& c) const noexcept override {
    if (c.group == nullptr) return c.place[0] == candidate::nowhere && c.place[1] == candidate::nowhere;
    const orders& of = orders_of(*c.group);
    return (c.group->takes_places && c.takes(call_way::capacity)) == of.free.contains(c) &&
           (c.group->takes_threads && c.takes(call_way::thread)) == of.with_threads.contains(c);
  }

 private:
  static constexpr std::size_t looks_max = 64;

  using heap = candidate_heap<Rank>;
  // The workers of one group: for calls that take no thread, and for calls that take one.
  struct orders : group_record {
    heap free{order_kind::by_capacity};
    heap with_threads{order_kind::by_threads};
  };

  static orders& orders_of(const candidate_group& group) noexcept { return static_cast<orders&>(*group.record); }
  static const heap& order_for(const offer& o) noexcept {
    const orders& of = orders_of(*o.group);
    return o.way == call_way::thread ? of.with_threads : of.free;
  }

  // An order of which the group has no use is not kept.
  void follow(candidate& c) noexcept {
    orders& of = orders_of(*c.group);
    if (c.group->takes_places) of.free.follow(c, c.takes(call_way::capacity));
    if (c.group->takes_threads) of.with_threads.follow(c, c.takes(call_way::thread));
  }

  // Whether the worker may take the call. If it turns out to be late, it leaves the order until a thread comes free.
  bool is_in_time(candidate& c, call_way way, const wish& w) noexcept {
    if (way != call_way::thread) return true;
    if (!c.work.is_late(w.now)) return c.work.fits(w.method);
    c.work.found_late();
    follow(c);
    return false;
  }

  std::vector<std::unique_ptr<orders>> groups_;  // by the number of the group; null: it had none yet
  std::uint64_t uses_ = 0;
};

}  // namespace gate::broker
