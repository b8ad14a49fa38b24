#include <string>

#include "tests/unit/broker/balancers/candidates.hpp"

using namespace gate;
using namespace gate::broker;
using namespace gate::broker::testing;

namespace {
constexpr auto place = call_way::capacity;
constexpr auto thread = call_way::thread;
}  // namespace

TEST_CASE("lru: the worker that was given a call longest ago is chosen, however many it holds", "[broker]") {
  candidates c("lru");
  candidate_group& g = c.group();
  candidate& small = c.add(g, 2);
  candidate& large = c.add(g, 6);
  std::string order;
  for (int i = 0; i < 4; ++i) order += c.give({{&g, place}}) == &small ? 's' : 'l';
  CHECK(order == "slsl");
  CHECK(c.give({{&g, place}}) == &large);  // the small one is full
  c.end(small, place);
  CHECK(c.give({{&g, place}}) == &small);
}

TEST_CASE("lru: the end of a call is no use of its worker", "[broker]") {
  candidates c("lru");
  candidate_group& g = c.group();
  for (int i = 0; i < 3; ++i) c.add(g, 1);
  for (int i = 0; i < 3; ++i) c.give({{&g, place}});
  c.end(c.all[1], place);
  c.end(c.all[2], place);
  c.end(c.all[0], place);
  std::string order;
  for (int i = 0; i < 3; ++i) order += static_cast<char>('a' + c.index_of(c.give({{&g, place}})));
  CHECK(order == "abc");
}

TEST_CASE("lru: a worker with a free thread comes before one where the call would wait", "[broker]") {
  candidates c("lru");
  candidate_group& g = c.group(false, true);
  candidate& quick = c.add(g, 100, 1);
  candidate& other = c.add(g, 100, 1);
  quick.work.time_methods(1);
  other.work.time_methods(1);
  for (candidate* w : {&quick, &other}) {
    c.given(*w, thread);
    w->work.ran(0, 10us);
    c.end(*w, thread);
  }
  c.given(quick, thread);
  c.given(other, thread);
  c.end(other, thread);
  CHECK(c.give({{&g, thread}}) == &other);  // quick was used longer ago, and has no free thread
  CHECK(c.give({{&g, thread}}) == &quick);
  CHECK(c.give({{&g, thread}}) == &other);
}
