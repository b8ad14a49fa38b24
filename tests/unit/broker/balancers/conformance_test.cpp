// What every policy has to do. A new policy is tested here as soon as balancer_names() has it.
#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/broker/balancers/candidates.hpp"

using namespace gate;
using namespace gate::broker;
using namespace gate::broker::testing;

namespace {

constexpr auto place = call_way::capacity;
constexpr auto thread = call_way::thread;

template <class Test> void for_each_policy(Test&& test) {
  for (const std::string_view policy : balancer_names()) {
    INFO("policy " << policy);
    test(policy);
  }
}

}  // namespace

TEST_CASE("each policy is found by its name, and the default is one of them", "[broker]") {
  CHECK(is_balancer(default_balancer));
  CHECK_FALSE(is_balancer("fastest"));
  CHECK_FALSE(is_balancer(""));
  for_each_policy([](std::string_view policy) {
    CHECK(is_balancer(policy));
    CHECK(make_balancer(policy, 1) != nullptr);
  });
}

TEST_CASE("each policy uses all that its workers run at once, and no more", "[broker]") {
  for_each_policy([](std::string_view policy) {
    candidates c(policy);
    candidate_group& g = c.group();
    c.leave(c.add(g, 1));
    CHECK(c.pick({{&g, place}}) == nullptr);
    CHECK_FALSE(c.has_free({{&g, place}}));
    for (const std::uint32_t capacity : {3u, 1u, 5u}) c.add(g, capacity);
    for (int i = 0; i < 9; ++i) {
      CHECK(c.has_free({{&g, place}}));
      REQUIRE(c.give({{&g, place}}) != nullptr);
    }
    CHECK_FALSE(c.has_free({{&g, place}}));
    CHECK(c.give({{&g, place}}) == nullptr);
    for (const candidate& w : c.all) CHECK(w.work.held() == (w.group != nullptr ? w.work.capacity() : 0));
  });
}

TEST_CASE("each policy gives every idle worker a call in the end", "[broker]") {
  for_each_policy([](std::string_view policy) {
    candidates c(policy);
    candidate_group& g = c.group();
    for (int i = 0; i < 5; ++i) c.add(g, 2);
    std::set<candidate*> used;
    for (int i = 0; i < 500; ++i) {
      candidate* const w = c.give({{&g, place}});
      REQUIRE(w != nullptr);
      used.insert(w);
      c.end(*w, place);
    }
    CHECK(used.size() == 5);
  });
}

TEST_CASE("each policy leaves out stalled workers until they are ready again", "[broker]") {
  for_each_policy([](std::string_view policy) {
    candidates c(policy);
    candidate_group& g = c.group(true, true);
    candidate& a = c.add(g, 10, 10);
    candidate& b = c.add(g, 10, 10);
    c.stall(a, true);
    for (int i = 0; i < 5; ++i) CHECK(c.give({{&g, i % 2 == 0 ? place : thread}}) == &b);
    c.stall(b, true);
    CHECK(c.pick({{&g, place}}) == nullptr);
    CHECK_FALSE(c.has_free({{&g, thread}}));
    c.stall(a, false);
    CHECK(c.give({{&g, place}}) == &a);
  });
}

TEST_CASE("each policy forgets a worker that leaves, and takes it again when it joins", "[broker]") {
  for_each_policy([](std::string_view policy) {
    candidates c(policy);
    candidate_group &g = c.group(), &other = c.group();
    candidate& a = c.add(g, 4);
    candidate& b = c.add(g, 4);
    c.give({{&g, place}});
    c.leave(a);
    for (int i = 0; i < 3; ++i) CHECK(c.pick({{&g, place}}) == &b);
    c.leave(b);
    CHECK(c.pick({{&g, place}}) == nullptr);
    c.join(a, other);
    CHECK(c.pick({{&g, place}}) == nullptr);
    CHECK(c.pick({{&other, place}}) == &a);
    CHECK(c.pick({{&g, place}, {&other, place}}) == &a);
  });
}

TEST_CASE("each policy chooses the worker that is to be avoided only if there is no other", "[broker]") {
  for_each_policy([](std::string_view policy) {
    candidates c(policy);
    candidate_group &g = c.group(), &other = c.group();
    candidate& a = c.add(g, 1);
    CHECK(c.pick({{&g, place}}, &a) == &a);
    candidate& b = c.add(other, 1);
    for (int i = 0; i < 5; ++i) CHECK(c.pick({{&g, place}, {&other, place}}, &a) == &b);
    c.given(b, place);
    CHECK(c.pick({{&g, place}, {&other, place}}, &a) == &a);
    c.given(a, place);
    CHECK(c.pick({{&g, place}, {&other, place}}, &a) == nullptr);
  });
}

TEST_CASE("each policy gives no call to a worker whose threads are late", "[broker]") {
  for_each_policy([](std::string_view policy) {
    candidates c(policy);
    candidate_group& g = c.group(false, true);
    candidate& w = c.add(g, 100, 1);
    w.work.time_methods(1);
    c.give({{&g, thread}});
    w.work.ran(0, 10us);
    c.end(w, thread);
    CHECK(c.give({{&g, thread}}) == &w);
    CHECK(c.pick({{&g, thread}}) == &w);  // its method is short, so one more may wait there
    c.now += limits::work_ahead + 1ms;
    CHECK(c.pick({{&g, thread}}) == nullptr);
    c.end(w, thread);
    CHECK(c.pick({{&g, thread}}) == &w);
  });
}

TEST_CASE("each policy counts what idle threads may be given, up to a bound and without one worker", "[broker]") {
  for_each_policy([](std::string_view policy) {
    candidates c(policy);
    candidate_group& g = c.group(true, true);
    candidate& busy = c.add(g, 100, 2);
    c.given(busy, thread);
    c.given(busy, thread);
    CHECK(c.idle_room({{&g, thread}}, busy, 10) == 0);
    candidate& idle = c.add(g, 100, 3);
    CHECK(c.idle_room({{&g, thread}}, busy, 10) == 3);
    CHECK(c.idle_room({{&g, thread}}, busy, 2) == 2);
    CHECK(c.idle_room({{&g, thread}}, idle, 10) == 0);
    CHECK(c.idle_room({{&g, place}}, busy, 10) == 0);
  });
}

TEST_CASE("each policy makes the same choices from the same seed", "[broker]") {
  for_each_policy([](std::string_view policy) {
    const auto choices = [&](std::uint64_t seed) {
      candidates c(policy, seed);
      candidate_group& g = c.group();
      for (int i = 0; i < 7; ++i) c.add(g, 3);
      std::vector<std::size_t> order;
      for (int i = 0; i < 60; ++i) {
        candidate* const w = c.give({{&g, place}});
        order.push_back(c.index_of(w));
        if (i % 3 != 0) c.end(*w, place);
      }
      return order;
    };
    CHECK(choices(7) == choices(7));
  });
}

// Every answer is compared with what the workers themselves say.
TEST_CASE("each policy agrees with its workers, whatever happens to them", "[broker]") {
  for_each_policy([](std::string_view policy) {
    for (std::uint32_t seed = 1; seed <= 20; ++seed) {
      std::mt19937 random(seed);
      const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
      candidates c(policy, seed);
      candidate_group &threads = c.group(false, true), &both = c.group(true, true), &places = c.group();
      const std::vector<candidate_group*> groups{&threads, &both, &places};
      struct held {
        candidate* by;
        call_way way;
      };
      std::vector<held> calls;
      for (int i = 0; i < 12; ++i) {
        candidate& w = c.add(*groups[below(3)], 1 + below(6), below(4));
        w.work.time_methods(1);
      }
      for (int step = 0; step < 400; ++step) {
        c.now += std::chrono::microseconds(below(900));
        candidate& any = c.all[below(12)];
        switch (below(8)) {
          case 0:
            if (any.group != nullptr) c.stall(any, !any.stalled);
            break;
          case 1:
            if (any.group != nullptr) {
              c.leave(any);
            } else {
              c.join(any, *groups[below(3)]);
            }
            break;
          case 2:
          case 3:
          case 4:
            if (calls.empty()) break;
            std::swap(calls[below(static_cast<std::uint32_t>(calls.size()))], calls.back());
            calls.back().by->work.ran(0, std::chrono::microseconds(1 + below(3000)));
            calls.back().by->work.ended(calls.back().way, c.now);
            if (calls.back().by->group != nullptr) c.policy->done(*calls.back().by);
            calls.pop_back();
            break;
          default: {
            const std::vector<offer> offers = below(2) == 0 ? std::vector<offer>{{&threads, thread}, {&both, thread}}
                                                            : std::vector<offer>{{&both, place}, {&places, place}};
            candidate* const avoid = below(3) == 0 ? &any : nullptr;
            const auto offered = [&](const candidate& w) {
              return std::any_of(offers.begin(), offers.end(), [&](const offer& o) { return o.group == w.group; });
            };
            const call_way way = offers.front().way;
            const auto is_free = [&](const candidate& w) {
              return offered(w) && w.takes(way) &&
                     (way != thread || w.work.threads() == 0 || w.work.on_threads() < w.work.threads());
            };
            REQUIRE(c.policy->has_free(offers) == std::any_of(c.all.begin(), c.all.end(), is_free));
            const bool another =
                std::any_of(c.all.begin(), c.all.end(), [&](const candidate& w) { return &w != avoid && is_free(w); });
            candidate* const w = c.policy->pick({.offers = offers, .method = 0, .now = c.now, .avoid = avoid});
            REQUIRE((w != nullptr || !another));
            if (w == nullptr) break;
            REQUIRE((w != avoid || !another));
            REQUIRE(offered(*w));
            REQUIRE(w->takes(way));
            REQUIRE((way != thread || w->work.fits(0)));
            c.given(*w, way);
            calls.push_back({w, way});
          }
        }
      }
    }
  });
}
