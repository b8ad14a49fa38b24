#include "common/link/pulse.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using gate::instant;
using gate::peer::path_sample;
using gate::peer::pulse;

namespace {

// A connection as its kernel would show it. The test plays the peer.
struct path {
  explicit path(bool speaks_by_itself = false, bool counted = true)
      : under_test({.ping_interval = 1000ms, .timeout = 3000ms, .speaks_by_itself = speaks_by_itself}, now) {
    seen.counted = counted;
    seen.received_at = now;
    seen.window = 64'000;
  }

  void arrives(std::uint64_t bytes) {
    seen.received += bytes;
    seen.received_at = now;
  }
  void sends(std::uint64_t bytes) { seen.outstanding += bytes; }
  void acknowledges(std::uint64_t bytes) {
    seen.outstanding -= bytes;
    seen.acknowledged += bytes;
  }
  // The bytes stay in the peer's kernel: the peer does not read.
  void piles_up(std::uint64_t bytes) {
    acknowledges(bytes);
    seen.window -= bytes;
  }

  // Runs `step` every 100 ms, and looks when it is due. Returns the time when the peer was found dead; max() if it was
  // not.
  template <class Step> instant run(std::chrono::milliseconds time, Step step) {
    for (const instant end = now + time; now < end;) {
      now += 100ms;
      step();
      if (now < under_test.next_look()) continue;
      last = under_test.look(seen, now);
      arrived = arrived || last.message_arrives;
      if (under_test.is_dead(now)) return now;
    }
    return instant::max();
  }
  instant run(std::chrono::milliseconds time) {
    return run(time, [] {});
  }

  instant now{1h};
  path_sample seen;
  pulse under_test;
  pulse::change last;
  bool arrived = false;
};

constexpr instant never = instant::max();

}  // namespace

TEST_CASE("a peer that answers pings lives", "[liveness]") {
  path p;
  int n = 0;
  CHECK(p.run(60s, [&] {
    if (++n % 10 != 0) return;
    p.sends(10), p.acknowledges(10), p.arrives(10);
  }) == never);
  CHECK_FALSE(p.arrived);
}

TEST_CASE("a quiet peer that froze is found 3 to 4 s later, though its kernel acknowledges each ping", "[liveness]") {
  path p;
  int n = 0;
  REQUIRE(p.run(10s, [&] {
    if (++n % 10 != 0) return;
    p.sends(10), p.acknowledges(10), p.arrives(10);
  }) == never);
  const instant froze = p.now;
  const instant found = p.run(20s, [&] {
    if (++n % 10 != 0) return;
    p.sends(10), p.acknowledges(10);
  });
  CHECK(found - froze >= 3s);
  CHECK(found - froze <= 4250ms);
}

TEST_CASE("a message that comes in pieces keeps its sender alive, however long it takes", "[liveness]") {
  path p(true);
  CHECK(p.run(60s, [&] { p.arrives(5000); }) == never);
  CHECK(p.arrived);
}

TEST_CASE("a peer that takes what stood before the ping lives, and after it has to answer", "[liveness]") {
  path p;
  p.sends(1'000'000);
  p.seen.writable = true;
  // 20 kB in 100 ms: all bytes are acknowledged after 5 s. The ping of the first second was sent behind them.
  const instant began = p.now;
  const instant found = p.run(30s, [&] {
    if (p.seen.outstanding >= 20'000) p.acknowledges(20'000);
  });
  CHECK(found - began >= 5s + 2500ms);
  CHECK(found - began <= 5s + 3500ms);
}

TEST_CASE("acknowledgements of what was sent behind the ping are no sign of life", "[liveness]") {
  const bool by_itself = GENERATE(false, true);
  path p(by_itself);
  p.sends(2000);
  const instant began = p.now;
  // Some bytes are always outstanding, and a few are always acknowledged.
  const instant found = p.run(30s, [&] { p.sends(1000), p.acknowledges(1000); });
  CHECK(found - began >= 3s);
  CHECK(found - began <= 5s);
}

TEST_CASE("while the transport holds data back the ping is not under way yet", "[liveness]") {
  path p;
  p.seen.writable = false;
  p.sends(100'000);
  CHECK(p.run(30s, [&] { p.sends(20'000), p.acknowledges(20'000); }) == never);
  SECTION("and a frozen peer is found when its window has closed") {
    const instant froze = p.now;
    p.piles_up(64'000);
    const instant found = p.run(30s);
    CHECK(found - froze >= 3s);
    CHECK(found - froze <= 4250ms);
  }
}

TEST_CASE("a socket that takes more for a moment only has not been given the ping yet", "[liveness]") {
  path p;
  p.seen.writable = false;
  p.sends(100'000);
  int looks = 0;
  // At each second look there is room in the socket, which the transport is about to fill.
  CHECK(p.run(30s, [&] {
    p.sends(20'000), p.acknowledges(20'000);
    if (p.now + 100ms > p.under_test.next_look()) p.seen.writable = ++looks % 2 == 0;
  }) == never);
}

TEST_CASE("a peer whose heartbeats turn out to be rare is waited for while it takes what is held back", "[liveness]") {
  path p(true);
  p.under_test.speaks_by_itself(false);
  p.seen.writable = false;
  p.sends(100'000);
  CHECK(p.run(60s, [&] { p.sends(20'000), p.acknowledges(20'000); }) == never);
}

TEST_CASE("a peer that speaks by itself has its ping within the interval, whatever is held back", "[liveness]") {
  path p(true);
  p.seen.writable = false;
  p.sends(100'000);
  const instant began = p.now;
  const instant found = p.run(60s, [&] { p.sends(20'000), p.acknowledges(20'000); });
  CHECK(found - began <= 6s);
}

TEST_CASE("a reader that works through what its kernel has lives, all acknowledged as it is", "[liveness]") {
  path p;
  p.sends(60'000);
  p.run(1s);
  p.piles_up(60'000);
  int n = 0;
  // The acknowledgement of each ping shows how much room there is by now.
  const instant found = p.run(20s, [&] {
    if (++n % 10 != 0) return;
    p.sends(10), p.acknowledges(10);
    p.seen.window += 3000;
  });
  CHECK(found == never);
  SECTION("and a frozen one is found, whose window does not move") {
    const instant froze = p.now;
    const instant dead = p.run(20s, [&] {
      if (++n % 10 != 0) return;
      p.sends(10), p.acknowledges(10);
      p.seen.window -= 10;
    });
    CHECK(dead - froze <= 4250ms);
  }
}

TEST_CASE("a window as wide as ever says nothing of its reader, however it trembles", "[liveness]") {
  path p;
  int n = 0;
  const instant began = p.now;
  const instant found = p.run(60s, [&] {
    p.sends(100), p.acknowledges(100);
    p.seen.window = ++n % 2 == 0 ? 64'000 : 63'000;
  });
  CHECK(found - began <= 5s);
}

TEST_CASE("bytes go toward an answer until all that stood before the question is acknowledged", "[liveness]") {
  path p(true);
  p.under_test.awaits(1);
  p.sends(100'000);
  bool toward = false;
  instant last{};
  const instant began = p.now;
  // 2 kB in 100 ms: all acknowledged after 5 s. Then pings, each acknowledged, and heartbeats from the peer.
  const auto step = [&] {
    p.arrives(10);
    p.sends(10);
    p.acknowledges(std::min<std::uint64_t>(p.seen.outstanding, 2000));
    if (!p.last.toward_answer) return;
    toward = true;
    last = p.now;
  };
  CHECK(p.run(60s, step) == never);
  CHECK(toward);
  CHECK(last - began >= 4s);
  CHECK(last - began <= 8s);
  SECTION("and with the next question from then on") {
    p.under_test.awaits(2);
    p.sends(50'000);
    toward = false;
    p.run(2s, step);
    CHECK(toward);
  }
  SECTION("and never where none is awaited") {
    p.under_test.awaits(0);
    p.last = {};
    p.sends(50'000);
    toward = false;
    p.run(5s, step);
    CHECK_FALSE(toward);
  }
}

TEST_CASE("what lies unread here may be the answer", "[liveness]") {
  path p;
  p.seen.unread = 10;
  CHECK(p.run(60s) == never);
  p.seen.unread = 0;
  CHECK(p.run(10s) != never);
}

TEST_CASE("time in which this process stood still is not the peer's silence", "[liveness]") {
  path p;
  REQUIRE(p.run(2s, [&] { p.arrives(10); }) == never);
  p.now += 60s;
  CHECK(p.run(2s) == never);
  CHECK(p.run(10s) != never);  // and no further time is forgiven
}

TEST_CASE("where the kernel counts no bytes, a peer that reads lives and a frozen one is found", "[liveness]") {
  path p(false, false);
  int n = 0;
  SECTION("quiet") {
    REQUIRE(p.run(20s, [&] { p.seen.outstanding = ++n % 10 == 0 ? 1280 : 0; }) == never);
    p.seen.outstanding = 0;
    p.run(500ms);
    const instant froze = p.now;
    const instant found = p.run(20s, [&] {
      if (++n % 10 == 0) p.seen.outstanding += 1280;
    });
    CHECK(found - froze >= 2750ms);
    CHECK(found - froze <= 4250ms);
  }
  SECTION("behind much data") {
    p.seen.outstanding = 200'000;
    p.seen.writable = false;
    REQUIRE(p.run(20s, [&] { p.seen.outstanding = 200'000 + static_cast<std::uint64_t>(++n); }) == never);
    const instant froze = p.now;
    const instant found = p.run(20s);
    CHECK(found - froze >= 2750ms);
    CHECK(found - froze <= 4250ms);
  }
}

TEST_CASE("where the kernel counts no bytes, what a peer reads goes toward an answer until the question is read",
          "[liveness]") {
  path p(false, false);
  const auto read = [&p](std::uint64_t bytes) {
    p.seen.outstanding -= bytes;
    p.run(300ms);
    return p.last.toward_answer;
  };
  p.seen.outstanding = 200'000;
  p.seen.writable = false;
  p.run(1s);
  p.under_test.awaits(1);
  CHECK_FALSE(read(0));
  // The transport still holds the question back.
  for (int i = 0; i < 10; ++i) CHECK(read(1'000));
  p.seen.writable = true;
  p.run(1s);  // now it is in the kernel
  CHECK(read(100'000));
  CHECK_FALSE(read(0));
  CHECK(p.run(300ms, [&] {}) == never);
  p.sends(50'000);  // sent after the question
  p.run(300ms);
  CHECK(read(90'000));
  CHECK_FALSE(read(40'000));
  p.sends(1'000);
  p.run(300ms);
  CHECK_FALSE(read(1'000));
  CHECK(p.last.bytes_leave);
  p.under_test.awaits(2);
  p.sends(1'000);
  p.run(300ms);
  CHECK(read(500));
}
