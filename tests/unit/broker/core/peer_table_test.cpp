#include "broker/core/src/peer_table.hpp"

#include <vector>

#include <catch2/catch.hpp>

using namespace gate;
using namespace gate::broker;

TEST_CASE("a peer's id is a serial number and a place", "[broker][peers]") {
  CHECK(place_of(make_peer_id(7, 3)) == 3);
  CHECK(place_of(make_peer_id(1, peer_places_max - 1)) == peer_places_max - 1);
  CHECK(make_peer_id(1, 3) != make_peer_id(2, 3));
  CHECK(place_of(internal_peer) == 0);
}

TEST_CASE("the core finds a peer by its place, and only under its whole id", "[broker][peers]") {
  peer_table all;
  const peer_id former = make_peer_id(1, 5), later = make_peer_id(2, 5), other = make_peer_id(3, 9);
  peer& first = all.open(former, {});
  CHECK(all.find(former) == &first);
  CHECK(all.find(later) == nullptr);
  CHECK(all.find(other) == nullptr);
  CHECK(all.size() == 1);
  CHECK(all.extract(first).get() == &first);
  CHECK(all.find(former) == nullptr);
  CHECK(all.size() == 0);
  peer& second = all.open(later, {});
  CHECK(all.find(former) == nullptr);
  CHECK(all.find(later) == &second);
}

TEST_CASE("peers are listed in the order in which they came", "[broker][peers]") {
  peer_table all;
  all.open(make_peer_id(1, 9), {});
  all.open(make_peer_id(2, 4), {});
  all.open(internal_peer, {});
  std::vector<peer_id> listed;
  for (const peer& p : all.all()) listed.push_back(p.id);
  CHECK(listed == std::vector{make_peer_id(1, 9), make_peer_id(2, 4), internal_peer});
  while (!all.all().empty()) (void)all.extract(all.all().front());
}
