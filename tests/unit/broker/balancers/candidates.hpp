// Workers for a balancer, without a core.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "broker/balancers/balancer.hpp"

namespace gate::broker::testing {

using namespace std::chrono_literals;

class candidates {
 public:
  explicit candidates(std::string_view name, std::uint64_t seed = 1) : policy(make_balancer(name, seed)) {}

  // A group whose methods take no thread, or one, or some this and some that.
  candidate_group& group(bool takes_places = true, bool takes_threads = false) {
    candidate_group& g = groups_.emplace_back();
    g.number = static_cast<std::uint32_t>(groups_.size() - 1);
    g.takes_places = takes_places;
    g.takes_threads = takes_threads;
    return g;
  }
  candidate& add(candidate_group& to, std::uint32_t capacity, std::uint32_t threads = 0) {
    candidate& c = all.emplace_back();
    c.work = held_work(capacity, threads);
    join(c, to);
    return c;
  }
  void join(candidate& c, candidate_group& to) {
    c.group = &to;
    ++to.members;
    policy->join(c);
    verify();
  }
  void leave(candidate& c) {
    policy->leave(c);
    --c.group->members;
    c.group = nullptr;
    verify();
  }
  void stall(candidate& c, bool stalled) {
    c.stalled = stalled;
    policy->changed(c);
    verify();
  }

  candidate* pick(std::initializer_list<offer> offers, candidate* avoid = nullptr) {
    const std::vector<offer> list(offers);
    candidate* const c = policy->pick({.offers = list, .method = 0, .now = now, .avoid = avoid});
    verify();
    return c;
  }
  // Chooses a worker, and gives it the call. Null if there is none.
  candidate* give(std::initializer_list<offer> offers) {
    candidate* const c = pick(offers);
    if (c == nullptr) return nullptr;
    for (const offer& o : offers) {
      if (o.group == c->group) given(*c, o.way);
    }
    return c;
  }
  void given(candidate& c, call_way way) {
    c.work.given(way, now);
    policy->given(c);
    verify();
  }
  void end(candidate& c, call_way way) {
    c.work.ended(way, now);
    policy->done(c);
    verify();
  }
  bool has_free(std::initializer_list<offer> offers) const {
    const std::vector<offer> list(offers);
    return policy->has_free(list);
  }
  std::size_t idle_room(std::initializer_list<offer> offers, const candidate& but, std::size_t most) const {
    const std::vector<offer> list(offers);
    return policy->idle_room(list, but, most);
  }
  // The place of the worker among those that were added.
  std::size_t index_of(const candidate* c) const {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (&all[i] == c) return i;
    }
    return SIZE_MAX;
  }

  std::unique_ptr<balancer> policy;
  std::deque<candidate> all;
  instant now = instant(1000s);

 private:
  void verify() const {
    for (const candidate& c : all) REQUIRE(policy->is_right_about(c));
  }

  std::deque<candidate_group> groups_;
};

}  // namespace gate::broker::testing
