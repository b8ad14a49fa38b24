#include "common/base/token_bucket.hpp"

#include <chrono>

#include <catch2/catch.hpp>

using namespace gate;
using namespace std::chrono_literals;

namespace {
instant at(std::chrono::milliseconds t) { return instant{} + 1h + t; }
}  // namespace

TEST_CASE("a bucket gives its burst at once and then its rate", "[async]") {
  token_bucket b(10, 5, at(0ms));
  for (int i = 0; i < 5; ++i) CHECK(b.take(at(0ms)));
  CHECK_FALSE(b.take(at(0ms)));
  CHECK(b.wait(at(0ms)) == 100ms);
  CHECK_FALSE(b.take(at(99ms)));
  CHECK(b.take(at(101ms)));
  int taken = 0;
  for (int ms = 102; ms <= 10'101; ++ms) taken += b.take(at(std::chrono::milliseconds(ms))) ? 1 : 0;
  CHECK(taken == 100);
  CHECK(b.full(at(1h)));
  for (int i = 0; i < 5; ++i) CHECK(b.take(at(1h)));
  CHECK_FALSE(b.take(at(1h)));
}
