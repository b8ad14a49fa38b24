#include "broker/gatekeeper/src/failure_log.hpp"

#include <string>

#include <catch2/catch.hpp>

using namespace gate;
using namespace gate::security;
using namespace std::chrono_literals;

namespace {

instant at(std::chrono::milliseconds t) { return instant{} + 1h + t; }

}  // namespace

TEST_CASE("of one user's failures a line a minute is written, with the number of the others", "[security]") {
  failure_log log;
  CHECK(log.add("10.0.0.1 alice", "first", at(0s)));
  for (int i = 1; i <= 100; ++i) CHECK_FALSE(log.add("10.0.0.1 alice", std::to_string(i), at(i * 100ms)));
  CHECK(log.add("10.0.0.1 bob", "bob's", at(11s)));
  CHECK(log.take_due(at(59s)).empty());
  const auto due = log.take_due(at(60s));
  REQUIRE(due.size() == 1);
  CHECK(due[0].text == "100");
  CHECK(due[0].times == 100);
  CHECK_FALSE(log.add("10.0.0.1 alice", "again", at(61s)));
  CHECK(log.take_due(at(119s)).empty());
  CHECK(log.take_due(at(120s)).size() == 1);
  CHECK(log.take_due(at(180s)).empty());
  CHECK(log.faces() == 0);
  CHECK(log.add("10.0.0.1 alice", "anew", at(200s)));
}

TEST_CASE("the table of failures is bounded, and what it forgets is told", "[security]") {
  failure_log log(2);
  CHECK(log.add("a", "1", at(0s)));
  CHECK_FALSE(log.add("a", "2", at(1s)));
  CHECK(log.add("b", "3", at(2s)));
  CHECK(log.add("c", "4", at(3s)));
  CHECK(log.faces() == 2);
  const auto due = log.take_due(at(4s));
  REQUIRE(due.size() == 1);
  CHECK(due[0].text == "2");
  for (int i = 0; i < 10'000; ++i) {
    log.add("x" + std::to_string(i), "x", at(5s));
    log.add("x" + std::to_string(i), "x", at(5s));
  }
  CHECK(log.faces() == 2);
  CHECK(log.take_due(at(6s)).size() <= 64);
}
