#include "common/hugedata/flow_window.hpp"

#include <chrono>
#include <cstdint>

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using gate::duration;
using gate::instant;
using gate::huge::flow_window;

namespace {

constexpr std::uint32_t most = 4u << 20;
constexpr std::uint32_t piece = 64u << 10;

// A producer that sends whenever it has credit, over a link of this speed and delay. Notes the most bytes that were on
// their way, from second 2 on.
struct slow_path {
  double bytes_per_second;
  duration delay;

  std::uint64_t run(flow_window& window, duration time) const {
    instant now{1h};
    const instant end = now + time, settled = now + 1s;
    std::int64_t credit = window.open(now);
    std::uint64_t worst = 0;
    instant free_at = now;
    while (now < end) {
      std::uint64_t under_way = 0;
      while (credit > 0) {
        credit -= piece;
        under_way += piece;
      }
      if (now > settled) worst = std::max(worst, under_way);
      for (; under_way > 0; under_way -= piece) {
        free_at += std::chrono::duration_cast<duration>(std::chrono::duration<double>(piece / bytes_per_second));
        now = free_at + delay;
        window.arrived(piece, now);
        credit += window.read(piece);
      }
      free_at = now;
    }
    return worst;
  }
};

}  // namespace

TEST_CASE("a window that was not opened is all that it may be, and what was read comes back", "[huge]") {
  flow_window window(most);
  CHECK(window.bytes() == most);
  window.arrived(1000, instant{1h});
  CHECK(window.read(1000) == 1000);
}

TEST_CASE("over a slow link no more is on the way than passes in 300 ms", "[huge]") {
  const double rate = GENERATE(500e3, 1e6, 3e6, 10e6);
  flow_window window(most);
  CHECK(static_cast<double>(slow_path{rate, 1ms}.run(window, 20s)) <= std::max(rate * 0.3, 256.0 * 1024) + piece);
}

TEST_CASE("over a fast link the window becomes as large as it may be", "[huge]") {
  flow_window window(most);
  slow_path{1e9, 100us}.run(window, 1s);
  CHECK(window.bytes() == most);
}

TEST_CASE("a fast link may be long", "[huge]") {
  flow_window window(most);
  slow_path{1e9, 100ms}.run(window, 10s);
  CHECK(window.bytes() == most);
}

TEST_CASE("over a long way the window becomes what is on it", "[huge]") {
  const double rate = GENERATE(2e6, 10e6);
  flow_window window(most);
  slow_path{rate, 300ms}.run(window, 20s);
  CHECK(window.bytes() >= rate * 0.2);
}

TEST_CASE("a window that became smaller gives no credit until the producer has used what it has", "[huge]") {
  flow_window window(most);
  instant now{1h};
  std::uint64_t granted = window.open(now);
  window.arrived(piece, now);
  std::uint64_t read = 0;
  for (int n = 0; n < 200; ++n) {
    now += 1s;
    window.arrived(piece, now);
    read += piece;
    granted += window.read(piece);
    REQUIRE(granted >= read);
    REQUIRE(granted - read <= 256u << 10);
  }
  CHECK(window.bytes() == piece);
  CHECK(granted - read == piece);
}
