#include "broker/security/fair_queue.hpp"

#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace gate::security;

namespace {

using queue = fair_queue<int>;

line of(asker who, const std::string& place, const std::string& owner = {}) { return {who, place, owner}; }

// Returns the number of the job that was pushed out; 0 if none was.
int push(queue& q, const line& at, int number) {
  const auto bumped = q.push(at, std::make_unique<int>(number));
  return bumped ? *bumped : 0;
}

std::vector<int> rest(queue& q) {
  std::vector<int> all;
  while (!q.empty()) all.push_back(*q.pop());
  return all;
}

}  // namespace

TEST_CASE("one owner's jobs are taken in their order, and several owners take turns", "[security]") {
  queue q(100);
  for (int i = 1; i <= 4; ++i) push(q, of(asker::known, "here", "alice"), i);
  push(q, of(asker::known, "here", "bob"), 10);
  push(q, of(asker::known, "there", "carol"), 20);
  CHECK(rest(q) == std::vector{1, 20, 10, 2, 3, 4});
}

TEST_CASE("the classes take turns, so that strangers hold up nobody and are not forgotten", "[security]") {
  queue q(100);
  for (int i = 1; i <= 5; ++i) push(q, of(asker::stranger, "far"), i);
  for (int i = 11; i <= 13; ++i) push(q, of(asker::familiar, "here", "alice"), i);
  push(q, of(asker::known, "here", "bob"), 20);
  CHECK(rest(q) == std::vector{11, 20, 1, 12, 2, 13, 3, 4, 5});
}

TEST_CASE("when there is no room strangers go first, of those who have most of it", "[security]") {
  queue q(6);
  for (int i = 1; i <= 3; ++i) push(q, of(asker::stranger, "far"), i);
  push(q, of(asker::stranger, "near"), 4);
  push(q, of(asker::known, "far", "bob"), 5);
  push(q, of(asker::known, "far", "bob"), 6);
  CHECK(push(q, of(asker::known, "here", "alice"), 7) == 3);
  CHECK(push(q, of(asker::stranger, "far"), 8) == 8);
  CHECK(push(q, of(asker::stranger, "new"), 9) == 2);
  CHECK(push(q, of(asker::familiar, "here", "alice"), 10) == 9);
  CHECK(push(q, of(asker::known, "here", "alice"), 11) == 4);
  CHECK(push(q, of(asker::known, "far", "bob"), 12) == 1);
  CHECK(push(q, of(asker::known, "far", "bob"), 13) == 13);
  CHECK(push(q, of(asker::known, "new", "carol"), 14) == 12);
  CHECK(q.size() == 6);
}

TEST_CASE("those who have come in before are bumped by nobody else", "[security]") {
  queue q(3);
  for (int i = 1; i <= 3; ++i) CHECK(push(q, of(asker::familiar, "p" + std::to_string(i), "u"), i) == 0);
  CHECK(push(q, of(asker::known, "x", "y"), 4) == 4);
  CHECK(push(q, of(asker::stranger, "x"), 5) == 5);
  CHECK(push(q, of(asker::familiar, "p1", "u"), 6) == 6);
  CHECK(rest(q).size() == 3);
}
