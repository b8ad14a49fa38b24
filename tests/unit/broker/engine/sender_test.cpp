#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "broker/engine/admission.hpp"
#include "tests/unit/broker/engine/port_fixture.hpp"

using namespace gate;
using namespace gate::broker;
using namespace gate::broker::testing;
using namespace gate::test;

namespace {

using texts = std::vector<std::string>;

message hello() {
  message m;
  m.type = message_type::hello;
  m.version_min = m.version_max = gate2_version;
  return m;
}

message heartbeat() {
  message m;
  m.type = message_type::heartbeat;
  return m;
}

}  // namespace

TEST_CASE("the first message of a connection makes a peer, and later ones are of that peer", "[broker][admission]") {
  bare_port p;
  raw_peer client(p.at().endpoint(), "ann");
  client.send(hello());
  remote_peer* const ann = p.next_sender();
  REQUIRE(ann != nullptr);
  CHECK(p.take() == texts{"opened ann anonymous gate/2"});
  CHECK(ann->descriptor >= 0);
  CHECK(ann->pulse);
  CHECK(p.at().accepted.find(ann->descriptor)->owner == ann->id);
  client.send(heartbeat());
  CHECK(p.next_sender() == ann);
  client.send(hello());  // a second hello is the core's to judge
  CHECK(p.next_sender() == ann);
  CHECK(p.take().empty());
}

TEST_CASE("a peer of another dialect is opened as such", "[broker][admission]") {
  bare_port p;
  raw_peer client(p.at().endpoint(), "ann");
  client.send_frames({"", "MDPC01", "echo", "question"});
  remote_peer* const ann = p.next_sender();
  REQUIRE(ann != nullptr);
  REQUIRE(ann->foreign);
  CHECK(ann->foreign->who().speaks == dialect::mdp01);
  CHECK(p.take() == texts{"opened ann anonymous MDP/0.1"});
}

TEST_CASE("a connection whose first message is in no language is cut", "[broker][admission]") {
  bare_port p;
  raw_peer stranger(p.at().endpoint(), "ann");
  stranger.send_frames({"GET / HTTP/1.1"});
  CHECK(p.next_sender() == nullptr);
  CHECK(p.counted.unrecognised == 1);
  CHECK(p.peers.size() == 0);
  CHECK(p.take().empty());
  CHECK(comes_true([&] {
    p.at().read_events();
    return p.connections.connected() == 0;
  }));
}

TEST_CASE("a connection that takes over a routing id is a new peer", "[broker][admission]") {
  bare_port p;
  auto first = std::make_unique<raw_peer>(p.at().endpoint(), "ann");
  first->send(hello());
  remote_peer* const former = p.next_sender();
  REQUIRE(former != nullptr);
  const peer_id id = former->id;
  first.reset();
  REQUIRE(comes_true([&] {
    p.at().take_note_of_ends();
    return former->ending;
  }));
  (void)p.take();
  raw_peer second(p.at().endpoint(), "ann");
  second.send(hello());
  remote_peer* const later = p.next_sender();
  REQUIRE(later != nullptr);
  CHECK(later->id != id);
  CHECK(p.take() == texts{"replaced ann", "opened ann anonymous gate/2"});
}
