#include "broker/engine/port.hpp"

#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

#include "tests/unit/broker/guarded_broker.hpp"

using namespace gate;
using namespace gate::broker;
using namespace gate::test;

TEST_CASE("of messages that hold passwords nothing is left once they were dealt with", "[broker][security]") {
  const bool logins = GENERATE(true, false);
  CAPTURE(logins);
  loop where;
  const broker_options options;
  security::gatekeeper door(where, options);
  binding plan;
  plan.endpoint = "tcp://127.0.0.1:*";
  plan.how = logins ? security::auth::in_message : security::auth::none;
  port at(where, door, plan, options, 0, [](port&, const connection_event&) {});
  raw_peer client(at.endpoint());
  // libzmq stores short frames in another way than longer ones.
  const frames sent{
      "", "MDPC01", "service", "PLAIN", "alice", "sesame", std::string(200, 'p'), std::string(20'000, 'q')};
  client.send_frames(sent);
  REQUIRE(comes_true([&] { return at.socket().try_receive(at.incoming); }));
  at.forget_incoming();
  REQUIRE(at.incoming.size() == 1 + sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const std::string left = at.incoming[i + 1].to_string();
    CHECK(left == (logins ? std::string(sent[i].size(), '\0') : sent[i]));
  }
}
