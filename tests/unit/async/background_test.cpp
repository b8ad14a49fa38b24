#include "common/src/background.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using gate::courtesy;
using gate::instant;

TEST_CASE("a thread in the background gives way again after short absences", "[async]") {
  courtesy manners;
  instant now{1s};
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(manners.due(now));
    manners.returned(now, now + 200us);
    now += 200us;
  }
}

TEST_CASE("a thread in the background does not give way to who computes more than a tenth of the time", "[async]") {
  courtesy manners;
  const instant gone{1s};
  manners.returned(gone, gone + 4ms);
  CHECK_FALSE(manners.due(gone + 4ms));
  CHECK_FALSE(manners.due(gone + 43ms));
  CHECK(manners.due(gone + 44ms));
}
