#include "common/async/src/timer_queue.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

using gate::duration;
using gate::instant;
using gate::timer_key;
using gate::detail::timer_queue;

namespace {

constexpr std::uint64_t any = UINT64_MAX;
instant at(int ns) { return instant(duration(ns)); }

}  // namespace

TEST_CASE("timers come out by time, then by the order of creation, whatever was cancelled", "[async]") {
  std::mt19937 random(7);
  timer_queue queue;
  std::vector<int> fired;
  struct expectation {
    int when;
    int id;
    timer_key key;
  };
  std::vector<expectation> expected;
  for (int id = 0; id < 2000; ++id) {
    const int when = static_cast<int>(random() % 100);
    expected.push_back({when, id, queue.add(at(when), [&fired, id] { fired.push_back(id); })});
    if (random() % 3 == 0) {
      const std::size_t victim = random() % expected.size();
      queue.cancel(expected[victim].key);
      expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(victim));
    }
    CHECK(queue.size() == expected.size());
  }
  std::stable_sort(expected.begin(), expected.end(), [](const auto& a, const auto& b) { return a.when < b.when; });
  while (auto call = queue.pop_due(at(100), any)) call();
  REQUIRE(fired.size() == expected.size());
  for (std::size_t i = 0; i < fired.size(); ++i) REQUIRE(fired[i] == expected[i].id);
}

TEST_CASE("a key names its timer only: neither a fired one nor the next user of its place", "[async]") {
  timer_queue queue;
  int fired = 0;
  const timer_key first = queue.add(at(1), [&fired] { ++fired; });
  queue.pop_due(at(1), any)();
  const timer_key second = queue.add(at(2), [&fired] { ++fired; });
  CHECK(first.place == second.place);
  queue.cancel(first);
  queue.cancel(timer_key());
  CHECK(queue.size() == 1);
  queue.cancel(second);
  queue.cancel(second);
  CHECK(queue.size() == 0);
  CHECK_FALSE(queue.next());
  CHECK(fired == 1);
}

TEST_CASE("a timer is not due before its time, nor in the round that created it", "[async]") {
  timer_queue queue;
  queue.add(at(5), [] {});
  CHECK(queue.next() == at(5));
  CHECK_FALSE(queue.pop_due(at(4), any));
  CHECK_FALSE(queue.pop_due(at(5), queue.last_sequence() - 1));
  CHECK(queue.pop_due(at(5), queue.last_sequence()));
}
