#include "broker/security/quotas.hpp"

#include <string>

#include <catch2/catch.hpp>

using namespace gate;
using namespace gate::security;
using namespace std::chrono_literals;

namespace {
instant at(std::chrono::milliseconds t) { return instant{} + 1h + t; }
}  // namespace

TEST_CASE("requests of one principal beyond its rate are refused, another's are not", "[security]") {
  quota_settings s;
  s.requests_per_second_max = 2;
  principal_quotas q(s);
  CHECK(q.begin("alice", 1, at(0ms)) == quota::within);
  CHECK(q.begin("alice", 1, at(0ms)) == quota::within);
  CHECK(q.begin("alice", 1, at(0ms)) == quota::too_many_requests);
  CHECK(q.wait("alice", at(0ms)) == 500ms);
  CHECK(q.wait("alice", at(600ms)) == 0ms);
  CHECK(q.wait("carol", at(0ms)) == 0ms);
  CHECK(q.begin("bob", 1, at(0ms)) == quota::within);
  CHECK(q.begin("alice", 1, at(600ms)) == quota::within);
  CHECK(q.refused() == 1);
}

TEST_CASE("bytes in flight are bounded by principal and come back at the end of a call", "[security]") {
  quota_settings s;
  s.bytes_in_flight_max = 100;
  principal_quotas q(s);
  CHECK(q.begin("alice", 60, at(0ms)) == quota::within);
  CHECK(q.begin("alice", 41, at(0ms)) == quota::too_many_bytes);
  CHECK(q.begin("alice", 40, at(0ms)) == quota::within);
  CHECK(q.begin("bob", 100, at(0ms)) == quota::within);
  q.end("alice", 60);
  CHECK(q.begin("alice", 60, at(0ms)) == quota::within);
  q.end("alice", 60);
  q.end("alice", 40);
  CHECK(q.begin("alice", 500, at(0ms)) == quota::within);  // alone, or it could never be sent
  CHECK(q.begin("alice", 1, at(0ms)) == quota::too_many_bytes);
}

TEST_CASE("a refusal for bytes takes no token", "[security]") {
  quota_settings s;
  s.bytes_in_flight_max = 10;
  s.requests_per_second_max = 2;
  principal_quotas q(s);
  CHECK(q.begin("a", 10, at(0ms)) == quota::within);
  for (int i = 0; i < 5; ++i) CHECK(q.begin("a", 1, at(0ms)) == quota::too_many_bytes);
  q.end("a", 10);
  CHECK(q.begin("a", 1, at(0ms)) == quota::within);
}

TEST_CASE("principals that rest are forgotten when room is needed, others are not", "[security]") {
  quota_settings s;
  s.requests_per_second_max = 1;
  s.principals_max = 3;
  principal_quotas q(s);
  CHECK(q.begin("open", 1, at(0ms)) == quota::within);
  for (const char* const name : {"a", "b"}) {
    CHECK(q.begin(name, 1, at(0ms)) == quota::within);
    q.end(name, 1);
  }
  CHECK(q.begin("c", 1, at(0ms)) == quota::too_many_requests);
  CHECK(q.begin("c", 1, at(2s)) == quota::within);
  CHECK(q.principals() == 2);
  q.end("open", 1);
}

TEST_CASE("without a limit nothing is counted", "[security]") {
  principal_quotas q({});
  for (int i = 0; i < 1000; ++i) CHECK(q.begin("p" + std::to_string(i), 1u << 30, at(0ms)) == quota::within);
  CHECK(q.principals() == 0);
  q.end("p0", 1u << 30);
}

TEST_CASE("connections of one origin are bounded, those of this machine are not", "[security]") {
  address_quota q(2);
  CHECK(q.opened("10.0.0.1"));
  CHECK(q.opened("10.0.0.1"));
  CHECK_FALSE(q.opened("10.0.0.1"));
  CHECK(q.opened("10.0.0.2"));
  CHECK(q.opened("2001:db8::1"));
  CHECK(q.opened("2001:db8::2"));
  CHECK_FALSE(q.opened("2001:db8::3"));
  q.closed("10.0.0.1");
  CHECK(q.opened("10.0.0.1"));
  for (int i = 0; i < 10; ++i) CHECK(q.opened("127.0.0.1"));
  q.closed("127.0.0.1");
  for (const char* const a : {"10.0.0.1", "10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::2"}) q.closed(a);
  CHECK(q.origins() == 0);
}
