#include <string>

#include "tests/unit/broker/balancers/candidates.hpp"

using namespace gate;
using namespace gate::broker;
using namespace gate::broker::testing;

namespace {
constexpr auto place = call_way::capacity;
constexpr auto thread = call_way::thread;
}  // namespace

TEST_CASE("least_outstanding: the worker with the fewest calls in proportion to its capacity is chosen", "[broker]") {
  candidates c("least_outstanding");
  candidate_group& g = c.group();
  candidate& small = c.add(g, 2);
  candidate& large = c.add(g, 6);
  std::size_t to_small = 0;
  for (int i = 0; i < 4; ++i) to_small += c.give({{&g, place}}) == &small ? 1u : 0u;
  CHECK(to_small == 1);
  CHECK(large.work.held() == 3);
  for (int i = 0; i < 4; ++i) CHECK(c.give({{&g, place}}) != nullptr);
  CHECK(small.work.held() == 2);
  CHECK(large.work.held() == 6);
  CHECK(c.give({{&g, place}}) == nullptr);
  c.end(large, place);
  CHECK(c.give({{&g, place}}) == &large);
}

TEST_CASE("least_outstanding: among equals the least recently used worker is chosen", "[broker]") {
  candidates c("least_outstanding");
  candidate_group& g = c.group();
  for (int i = 0; i < 3; ++i) c.add(g, 4);
  std::string order;
  for (int i = 0; i < 6; ++i) order += static_cast<char>('a' + c.index_of(c.give({{&g, place}})));
  CHECK(order == "abcabc");
  c.end(c.all[2], place);
  c.end(c.all[0], place);
  order.clear();
  for (int i = 0; i < 2; ++i) order += static_cast<char>('a' + c.index_of(c.give({{&g, place}})));
  CHECK(order == "ac");
}

TEST_CASE("least_outstanding: for a plain method the threads count, not the capacity", "[broker]") {
  candidates c("least_outstanding");
  candidate_group& g = c.group(true, true);
  candidate& two = c.add(g, 1000, 2);
  candidate& four = c.add(g, 100, 4);
  for (int i = 0; i < 6; ++i) CHECK(c.give({{&g, thread}}) != nullptr);
  CHECK(two.work.on_threads() == 2);
  CHECK(four.work.on_threads() == 4);
  CHECK(c.give({{&g, thread}}) == nullptr);
  CHECK(c.give({{&g, place}}) == &two);  // 2 of 1000, and 4 of 100
}

TEST_CASE("least_outstanding: workers of several groups are compared with each other", "[broker]") {
  candidates c("least_outstanding");
  candidate_group &old = c.group(), &fresh = c.group();
  candidate& a = c.add(old, 4);
  candidate& b = c.add(fresh, 4);
  c.given(a, place);
  CHECK(c.give({{&old, place}, {&fresh, place}}) == &b);
  c.given(b, place);
  CHECK(c.give({{&old, place}, {&fresh, place}}) == &a);
  CHECK(c.give({{&old, place}}) == &a);
}
