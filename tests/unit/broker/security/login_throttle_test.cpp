#include "broker/security/login_throttle.hpp"

#include <string>

#include <catch2/catch.hpp>

#include "broker/security/address.hpp"

using namespace gate;
using namespace gate::security;
using namespace std::chrono_literals;

namespace {

instant at(std::chrono::milliseconds t) { return instant{} + 1h + t; }

void fail(login_throttle& t, const std::string& place, instant now) {
  t.began(place, now);
  t.ended(place, true, now);
}

}  // namespace

TEST_CASE("an origin is the address, or of IPv6 what one host has all of", "[security]") {
  CHECK(origin_of("10.1.2.3") == "10.1.2.3");
  CHECK(origin_of("::ffff:10.1.2.3") == "10.1.2.3");
  CHECK(origin_of("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64");
  CHECK(origin_of("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64");
  CHECK(origin_of("fe80::1%eth0") == "fe80::/64");
  CHECK(origin_of("::1") == "::1");
  CHECK(origin_of("").empty());
  CHECK(origin_of(std::string(1000, 'x')).size() == 64);
  CHECK(is_shared_origin(origin_of("127.0.0.1")));
  CHECK(origin_of("localhost:0:0:1") == origin_of("localhost:1000:1000:4711"));  // an ipc peer, as libzmq names it
  CHECK(is_shared_origin(origin_of("localhost:0:0:1")));
  CHECK(is_shared_origin(origin_of("::1")));
  CHECK(is_shared_origin(origin_of("")));
  CHECK(is_shared_origin(origin_of("::ffff:127.0.0.1")));
  CHECK_FALSE(is_shared_origin(origin_of("10.1.2.3")));
  CHECK_FALSE(is_shared_origin(origin_of("2001:db8::1")));
}

TEST_CASE("failed logins of one place cost a pause that grows to a bound", "[security]") {
  login_throttle t({});
  const std::string place = "10.0.0.1 alice";
  instant now = at(0ms);
  for (int i = 0; i < 4; ++i) {
    fail(t, place, now);
    CHECK(t.pause(place, now) == 0s);
  }
  for (const auto pause : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s, 60s}) {
    fail(t, place, now);
    CHECK(t.pause(place, now) == pause);
    CHECK(t.pause(place, now + pause - 1ns) == 1ns);
    now += pause;
    CHECK(t.pause(place, now) == 0s);
  }
  CHECK(t.pause("10.0.0.2 alice", now) == 0s);
  CHECK(t.failures() == 13);
}

TEST_CASE("failures are forgotten after a while without any, not by a success", "[security]") {
  login_throttle t({});
  const std::string place = "10.0.0.1";
  for (int i = 0; i < 5; ++i) fail(t, place, at(0ms));
  t.began(place, at(2s));
  t.ended(place, false, at(2s));
  fail(t, place, at(3s));
  CHECK(t.pause(place, at(3s)) == 2s);
  fail(t, place, at(3s + 10min));
  CHECK(t.pause(place, at(3s + 10min)) == 0s);
}

TEST_CASE("guesses at once count before their outcome is known", "[security]") {
  login_throttle t({});
  for (int i = 0; i < 8; ++i) {
    CHECK(t.pause("10.0.0.1", at(0ms)) == 0s);
    t.began("10.0.0.1", at(0ms));
  }
  CHECK(t.pause("10.0.0.1", at(0ms)) > 0s);
  t.ended("10.0.0.1", false, at(1ms));
  CHECK(t.pause("10.0.0.1", at(1ms)) == 0s);
}

TEST_CASE("a place that has to wait may be asked about so many times a second", "[security]") {
  login_throttle t({});
  const std::string place = "10.0.0.1 alice";
  for (int i = 0; i < 10; ++i) fail(t, place, at(0ms));
  for (int i = 0; i < 32; ++i) CHECK(t.may_ask(place, at(1ms)));
  CHECK_FALSE(t.may_ask(place, at(900ms)));
  CHECK(t.may_ask(place, at(1001ms)));
  CHECK(t.may_ask("10.0.0.1 bob", at(1ms)));
  CHECK(t.blocked(place, at(1ms)) > 0s);
  CHECK(t.blocked("10.0.0.1", at(1ms)) == 0s);
}

TEST_CASE("a flood from many places neither grows the table nor frees the place that is blocked", "[security]") {
  login_throttle t({});
  for (int i = 0; i < 10; ++i) fail(t, "10.0.0.1", at(0ms));
  REQUIRE(t.pause("10.0.0.1", at(0ms)) > 0s);
  for (int i = 0; i < 20'000; ++i) fail(t, "10." + std::to_string(i), at(1ms));
  CHECK(t.places() == 4096);
  CHECK(t.pause("10.0.0.1", at(1ms)) > 0s);
}

TEST_CASE("a place without failures leaves nothing behind", "[security]") {
  login_throttle t({});
  t.began("10.0.0.1", at(0ms));
  CHECK(t.places() == 1);
  t.ended("10.0.0.1", false, at(0ms));
  CHECK(t.places() == 0);
}
