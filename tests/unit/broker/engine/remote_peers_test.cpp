#include "broker/engine/remote_peers.hpp"

#include <catch2/catch.hpp>

using namespace gate;
using namespace gate::broker;

TEST_CASE("a peer is found by its port and routing id, and by its id", "[peers]") {
  buffer_pool spare;
  byte_total owed;
  remote_peers all;
  remote_peer& first = all.add(0, "abc", spare, owed);
  remote_peer& second = all.add(1, "abc", spare, owed);
  CHECK(all.find(0, "abc") == &first);
  CHECK(all.find(1, "abc") == &second);
  CHECK(all.find(2, "abc") == nullptr);
  CHECK(all.find(0, "abd") == nullptr);
  CHECK(all.find(first.id) == &first);
  CHECK(all.find(second.id) == &second);
  CHECK(all.size() == 2);
}

TEST_CASE("a routing id may contain any bytes", "[peers]") {
  buffer_pool spare;
  byte_total owed;
  remote_peers all;
  const std::string with_zero("\0\0\1\0\xff", 5), shorter("\0\0", 2);
  remote_peer& first = all.add(0, with_zero, spare, owed);
  remote_peer& second = all.add(0, shorter, spare, owed);
  CHECK(all.find(0, with_zero) == &first);
  CHECK(all.find(0, shorter) == &second);
}

TEST_CASE("the id of a peer that is gone is never used again", "[peers]") {
  buffer_pool spare;
  byte_total owed;
  remote_peers all;
  remote_peer& first = all.add(0, "a", spare, owed);
  const peer_id former = first.id;
  all.remove(first);
  CHECK(all.find(former) == nullptr);
  CHECK(all.find(0, "a") == nullptr);
  for (int i = 0; i < 1000; ++i) {
    remote_peer& next = all.add(0, "a", spare, owed);
    REQUIRE(next.id != former);
    REQUIRE(place_of(next.id) != place_of(internal_peer));
    REQUIRE(all.find(former) == nullptr);
    all.remove(next);
  }
  CHECK(all.size() == 0);
}

TEST_CASE("the internal service is no peer that sits on a socket", "[peers]") {
  buffer_pool spare;
  byte_total owed;
  remote_peers all;
  all.add(0, "a", spare, owed);
  CHECK(all.find(internal_peer) == nullptr);
}
