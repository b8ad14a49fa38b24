#include "common/async/background.hpp"

#include <cstdint>
#include <thread>

#include <catch2/catch.hpp>
#include <sys/syscall.h>
#include <unistd.h>

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

TEST_CASE("a thread in the background is nice, and asks for a longer slice than others have", "[async]") {
  // The answer of sched_getattr(2).
  struct attributes {
    std::uint32_t size = 0, policy = 0;
    std::uint64_t flags = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t runtime_ns = 0, deadline_ns = 0, period_ns = 0;
  };
  attributes before, after;
  const auto ask = [](attributes& into) { return ::syscall(SYS_sched_getattr, 0, &into, sizeof into, 0) == 0; };
  bool asked = false;
  std::thread([&] {
    asked = ask(before);
    gate::become_background(7);
    asked = ask(after) && asked;
  }).join();
  REQUIRE(asked);
  CHECK(after.nice == 7);
  if (before.runtime_ns == 0) return;  // a kernel before 6.12: all threads have the same slice
  CHECK(after.runtime_ns > before.runtime_ns);
}
