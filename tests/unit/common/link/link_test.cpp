#include "common/link/link.hpp"

#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/sent_message.hpp"

using namespace std::chrono_literals;
using gate::errc;
using gate::instant;
using gate::message;
using gate::message_type;
using peer_link = gate::peer::link;
using state = gate::peer::link::state;

namespace {

struct fixture : peer_link::owner {
  explicit fixture(std::uint64_t seed = 1) : under_test(options(seed), *this) {}

  static gate::peer::link_options options(std::uint64_t seed) {
    gate::peer::link_options o;
    o.role = gate::peer_role::worker;
    o.service = "echo";
    o.name = "me";
    o.address = "tcp://there:1";
    o.encoded_descriptor = "described";
    o.capacity = 8;
    o.heartbeat_interval = 1000ms;
    o.heartbeat_liveness = 3;
    o.connect_timeout = 5000ms;
    o.pause_min = 20ms;
    o.pause_max = 500ms;
    o.seed = seed;
    return o;
  }

  void link_open() override { ++opened; }
  void link_close() override { ++closed_sockets; }
  void link_send(const message& m) override { sent.emplace_back(m); }
  void link_up(const message&, instant) override { ++ups; }
  void link_lost(errc why, std::string_view text, std::chrono::milliseconds pause, instant) override {
    losses.push_back(why);
    last_text = text;
    last_pause = pause;
  }
  void link_closed(errc why, std::string_view text, instant) override {
    ends.push_back(why);
    last_text = text;
  }

  void welcome(std::chrono::milliseconds interval = 1000ms, std::uint32_t liveness = 3) {
    message m;
    m.type = message_type::welcome;
    m.version_min = m.version_max = gate::gate2_version;
    m.heartbeat_interval = interval;
    m.liveness = liveness;
    m.payload_bytes_max = 1000;
    under_test.received(m, now);
  }
  bool receive(message_type type, errc status = errc::ok, std::string_view text = {}) {
    message m;
    m.type = type;
    m.status = status;
    m.text = text;
    return under_test.received(m, now);
  }
  void bring_up() {
    under_test.start(now);
    under_test.connected(now);
    welcome();
    REQUIRE(under_test.current() == state::up);
  }
  // Lets time pass as a loop would: ticks at each deadline.
  void pass(gate::duration d) {
    const instant end = now + d;
    while (under_test.next_deadline() <= end) {
      now = std::max(now, under_test.next_deadline());
      under_test.tick(now);
    }
    now = end;
  }
  std::size_t count(message_type type) const {
    std::size_t n = 0;
    for (const auto& s : sent) n += s.m.type == type;
    return n;
  }

  peer_link under_test;
  instant now{1h};
  int opened = 0, closed_sockets = 0, ups = 0;
  std::vector<gate::test::sent_message> sent;
  std::vector<errc> losses, ends;
  std::string last_text;
  std::chrono::milliseconds last_pause{};
};

}  // namespace

TEST_CASE("the first message on a connection is a hello with everything that the broker must know", "[link]") {
  fixture f;
  f.under_test.start(f.now);
  CHECK(f.opened == 1);
  CHECK(f.sent.empty());
  f.under_test.connected(f.now);
  REQUIRE(f.sent.size() == 1);
  const auto& hello = f.sent[0];
  CHECK(hello.m.type == message_type::hello);
  CHECK(hello.service == "echo");
  CHECK(hello.payload == "described");
  CHECK(hello.m.capacity == 8);
  CHECK(hello.m.version_min == 1);
  CHECK(hello.m.version_max == 1);
  CHECK(hello.m.heartbeat_interval == 1000ms);
  CHECK(hello.m.liveness == 3);
  CHECK(f.under_test.current() == state::greeting);
}

TEST_CASE("heartbeats leave at the interval that the welcome states, whatever else is sent", "[link]") {
  fixture f;
  f.under_test.start(f.now);
  f.under_test.connected(f.now);
  f.welcome(100ms, 50);
  f.pass(1001ms);
  CHECK(f.count(message_type::heartbeat) == 10);
}

TEST_CASE("a broker that is silent for liveness intervals is given up and another connection opened", "[link]") {
  fixture f;
  f.bring_up();
  f.pass(2999ms);
  CHECK(f.under_test.up());
  f.pass(1ms);
  CHECK_FALSE(f.under_test.up());
  CHECK(f.losses == std::vector{errc::unavailable});
  CHECK(f.closed_sockets == 1);
  f.pass(500ms);
  CHECK(f.opened == 2);
}

TEST_CASE("any message of the broker breaks its silence", "[link]") {
  fixture f;
  f.bring_up();
  for (int i = 0; i < 20; ++i) {
    f.pass(2500ms);
    CHECK_FALSE(f.receive(message_type::heartbeat));
  }
  CHECK(f.under_test.up());
  CHECK(f.losses.empty());
}

TEST_CASE("time in which this process stood still does not count as the broker's silence", "[link]") {
  fixture f;
  f.bring_up();
  f.now += 1min;  // no tick in between
  f.under_test.tick(f.now);
  CHECK(f.under_test.up());
  CHECK(f.count(message_type::heartbeat) == 1);
  f.receive(message_type::heartbeat);
  f.pass(2900ms);
  CHECK(f.under_test.up());
  f.pass(200ms);
  CHECK_FALSE(f.under_test.up());
}

TEST_CASE("a broker that never answers the hello is given up after the connect time-out", "[link]") {
  fixture f;
  f.under_test.start(f.now);
  f.under_test.connected(f.now + 10ms);
  f.pass(4999ms);
  CHECK(f.losses.empty());
  f.pass(1ms);
  CHECK(f.losses.size() == 1);
}

TEST_CASE("pauses grow to the most, vary between half and all of it, and begin anew after a lasting connection",
          "[link]") {
  fixture f;
  f.under_test.start(f.now);
  std::vector<std::chrono::milliseconds> pauses;
  for (int i = 0; i < 12; ++i) {
    f.under_test.ended(errc::unavailable, "refused", f.now);
    pauses.push_back(f.last_pause);
    f.pass(f.last_pause);
    REQUIRE(f.opened == i + 2);
  }
  CHECK(pauses[0] >= 10ms);
  CHECK(pauses[0] <= 20ms);
  for (std::size_t i = 6; i < pauses.size(); ++i) {
    CHECK(pauses[i] >= 250ms);
    CHECK(pauses[i] <= 500ms);
  }
  CHECK(std::set(pauses.begin() + 6, pauses.end()).size() > 1);

  f.under_test.connected(f.now);
  f.welcome();
  f.pass(1500ms);
  f.under_test.ended(errc::unavailable, "gone", f.now);
  CHECK(f.last_pause <= 20ms);
}

TEST_CASE("a broker that welcomes and throws out at once is not asked in a tight loop", "[link]") {
  fixture f;
  f.under_test.start(f.now);
  for (int i = 0; i < 10; ++i) {
    f.under_test.connected(f.now);
    f.welcome();
    f.receive(message_type::bye, errc::busy, "too many peers");
    REQUIRE(f.losses.back() == errc::busy);
    f.pass(f.last_pause);
  }
  CHECK(f.last_pause >= 250ms);
}

TEST_CASE("whose login is put off comes back ever later, up to a bound, and as soon as ever once it is let in",
          "[link]") {
  fixture f;
  f.under_test.start(f.now);
  for (const auto most : {500ms, 1000ms, 2000ms, 4000ms, 4000ms, 4000ms}) {
    f.under_test.ended(errc::busy, "put off", f.now);
    CHECK(f.losses.back() == errc::unavailable);
    CHECK(f.last_pause <= most);
    CHECK(f.last_pause >= most / 2);
    f.pass(f.last_pause);
    REQUIRE(f.under_test.current() == state::connecting);
  }
  f.under_test.connected(f.now);
  f.welcome();
  f.now += 2s;
  f.under_test.ended(errc::unavailable, "gone", f.now);
  CHECK(f.last_pause <= 20ms);
}

TEST_CASE("two links with different seeds do not come back at the same moment", "[link]") {
  fixture a(1), b(2);
  bool differ = false;
  a.under_test.start(a.now);
  b.under_test.start(b.now);
  for (int i = 0; i < 8; ++i) {
    a.under_test.ended(errc::unavailable, "", a.now);
    b.under_test.ended(errc::unavailable, "", b.now);
    differ = differ || a.last_pause != b.last_pause;
    a.pass(a.last_pause);
    b.pass(b.last_pause);
  }
  CHECK(differ);
}

TEST_CASE("a refusal that another attempt cannot change closes for good", "[link]") {
  const errc why = GENERATE(errc::permission_denied, errc::unauthenticated, errc::unsupported);
  fixture f;
  f.under_test.start(f.now);
  f.under_test.connected(f.now);
  f.receive(message_type::bye, why, "no");
  CHECK(f.under_test.current() == state::closed);
  CHECK(f.ends == std::vector{why});
  CHECK(f.last_text == "no");
  CHECK(f.closed_sockets == 1);
  CHECK(f.under_test.next_deadline() == instant::max());
  f.under_test.start(f.now);
  CHECK(f.opened == 1);
}

TEST_CASE("a version that was not offered is refused by us, for good", "[link]") {
  fixture f;
  f.under_test.start(f.now);
  f.under_test.connected(f.now);
  message m;
  m.type = message_type::welcome;
  m.version_min = m.version_max = 9;
  f.under_test.received(m, f.now);
  CHECK(f.sent.back().m.type == message_type::bye);
  CHECK(f.sent.back().m.status == errc::unsupported);
  CHECK(f.ends == std::vector{errc::unsupported});
}

TEST_CASE("what the broker may not say before its welcome, or twice, ends the connection with a word to it", "[link]") {
  fixture f;
  f.under_test.start(f.now);
  f.under_test.connected(f.now);
  SECTION("a request before the welcome") {
    CHECK_FALSE(f.receive(message_type::request));
    CHECK(f.last_text ==
          "something answers at 'tcp://there:1', but it is no gate broker: it does not speak gate/2 (a message before "
          "the welcome)");
  }
  SECTION("our own hello") {
    CHECK_FALSE(f.receive(message_type::hello));
    CHECK(f.last_text == "something answers at 'tcp://there:1', but it is no gate broker: what it is sent comes back");
  }
  SECTION("a second welcome") {
    f.welcome();
    f.welcome();
  }
  CHECK(f.sent.back().m.type == message_type::bye);
  CHECK(f.sent.back().m.status == errc::protocol_error);
  CHECK(f.losses == std::vector{errc::protocol_error});
  CHECK(f.under_test.current() == state::waiting);
}

TEST_CASE("nothing is handed on once the connection was given up", "[link]") {
  fixture f;
  f.bring_up();
  CHECK(f.receive(message_type::request));
  f.under_test.ended(errc::unavailable, "gone", f.now);
  CHECK(f.closed_sockets == 0);
  CHECK_FALSE(f.receive(message_type::request));
  f.under_test.ended(errc::unavailable, "gone again", f.now);
  CHECK(f.losses.size() == 1);
}

TEST_CASE("closing says bye when there is a connection, and reports the end once", "[link]") {
  fixture f;
  SECTION("connected") {
    f.bring_up();
    f.under_test.close("done", f.now);
    CHECK(f.sent.back().m.type == message_type::bye);
    CHECK(f.sent.back().m.status == errc::ok);
    CHECK(f.closed_sockets == 1);
  }
  SECTION("idle") {
    f.under_test.close("done", f.now);
    CHECK(f.sent.empty());
    CHECK(f.closed_sockets == 0);
  }
  f.under_test.close("again", f.now);
  CHECK(f.ends == std::vector{errc::ok});
}

TEST_CASE("the end of the connection is the end of a link that retires", "[link]") {
  fixture f;
  f.bring_up();
  f.under_test.retire();
  f.under_test.ended(errc::unavailable, "gone", f.now);
  CHECK(f.ends == std::vector{errc::ok});
  CHECK(f.losses.empty());
}

TEST_CASE("after a broker's restart a link is back within two heartbeat intervals", "[link]") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    fixture f(seed);
    f.bring_up();
    f.pass(1500ms);
    f.under_test.ended(errc::unavailable, "reset by peer", f.now);
    const instant back = f.now + 1500ms;  // each attempt before that time is refused
    int tried = f.opened;
    while (f.now < back) {
      f.pass(5ms);
      if (f.opened == tried) continue;
      tried = f.opened;
      if (f.now < back) f.under_test.ended(errc::unavailable, "refused", f.now);
    }
    while (f.under_test.current() != state::connecting) f.pass(1ms);
    REQUIRE(f.now - back <= 500ms);
  }
}

TEST_CASE("who is not admitted does not try again", "[link]") {
  fixture f;
  f.under_test.start(f.now);
  f.under_test.ended(errc::unauthenticated, "the password is wrong", f.now);
  CHECK(f.ends == std::vector<errc>{errc::unauthenticated});
  CHECK(f.last_text == "the password is wrong");
  CHECK(f.losses.empty());
  CHECK(f.closed_sockets == 0);  // the transport has closed it itself
  CHECK(f.under_test.current() == state::closed);
  f.pass(10s);
  CHECK(f.opened == 1);
}

TEST_CASE("a broker that does not greet is told from a ZeroMQ socket that does not answer", "[link]") {
  fixture f;
  f.under_test.start(f.now);
  SECTION("no connection") {
    f.pass(5s);
    CHECK(f.last_text == "no answer from the broker");
  }
  SECTION("a greeting, and no welcome") {
    f.under_test.connected(f.now);
    f.pass(5s);
    CHECK(f.last_text ==
          "a ZeroMQ socket at 'tcp://there:1' does not answer our hello: it is no gate broker, or has too much to do");
  }
  CHECK(f.losses == std::vector{errc::unavailable});
}
