#include "broker/foreign_peers/foreign_link.hpp"

#include <catch2/catch.hpp>

using namespace gate;
using namespace gate::broker;
using namespace std::chrono_literals;

namespace {

using duty = foreign_link::duty;

const instant start{1000s};

broker_options settings() {
  broker_options o;
  o.heartbeat_interval = 10s;  // at least as long as foreign peers' own settings
  return o;
}

byte_total all;

foreign_link worker_of(dialect speaks, const broker_options& o = settings()) {
  foreign_link link({speaks, peer_role::worker}, o, all, all);
  link.registered(start);
  return link;
}

}  // namespace

TEST_CASE("an idle foreign worker is given up after three silent intervals", "[broker]") {
  foreign_link link = worker_of(dialect::mdp01);
  CHECK(link.due(start, false) == duty::none);
  CHECK(link.next_due(start, false) == start + 2500ms);
  CHECK(link.due(start + 2500ms, false) == duty::beat);
  link.beaten(start + 2500ms);
  link.heard(start + 2600ms);
  CHECK(link.due(start + 10'099ms, false) == duty::beat);
  CHECK(link.due(start + 10'100ms, false) == duty::give_up);
}

TEST_CASE("a foreign worker that holds a call may be silent, and begins anew when it is done", "[broker]") {
  foreign_link link = worker_of(dialect::gaterpc);
  CHECK(link.due(start + 100s, true) == duty::beat);
  link.beaten(start + 100s);
  CHECK(link.due(start + 101s, false) == duty::none);
  CHECK(link.due(start + 114s, false) == duty::beat);
  CHECK(link.due(start + 115s, false) == duty::give_up);
}

TEST_CASE("calls stand for heartbeats towards a Majordomo worker, and not towards one of gate-rpc", "[broker]") {
  foreign_link majordomo = worker_of(dialect::mdp02);
  majordomo.said(start + 2s);
  CHECK(majordomo.due(start + 4400ms, true) == duty::none);
  CHECK(majordomo.due(start + 4500ms, true) == duty::beat);
  foreign_link gaterpc = worker_of(dialect::gaterpc);
  gaterpc.said(start + 4s);
  CHECK(gaterpc.due(start + 5s, true) == duty::beat);
}

TEST_CASE("heartbeats are never rarer than the broker's own", "[broker]") {
  broker_options o = settings();
  o.heartbeat_interval = 1s;
  foreign_link link = worker_of(dialect::gaterpc, o);
  CHECK(link.due(start + 1s, false) == duty::beat);
  CHECK(link.due(start + 15s, false) == duty::give_up);  // its silence is measured by its own setting
}

TEST_CASE("a gate-rpc worker that does not list its methods is settled without", "[broker]") {
  const broker_options o = settings();
  foreign_link link({dialect::gaterpc, peer_role::worker}, o, all, all);
  wire::frame_list out;
  const std::array<bytes_view, 4> ready{"", "MDPW01", "\x01", "s:d:1"};
  CHECK(link.words().receive(ready, out).count == 0);
  CHECK(link.due(start, false) == duty::none);
  CHECK(link.next_due(start, false) == start + 500ms);
  CHECK(link.due(start + 499ms, false) == duty::none);
  CHECK(link.due(start + 500ms, false) == duty::settle);
  CHECK(link.words().settle().count == 1);
}

TEST_CASE("nothing is due of a worker that has left, or that has not registered", "[broker]") {
  const broker_options o = settings();
  foreign_link fresh({dialect::mdp01, peer_role::worker}, o, all, all);
  CHECK(fresh.due(start + 1h, false) == duty::none);
  CHECK(fresh.next_due(start, false) == instant::max());
  foreign_link link = worker_of(dialect::mdp01);
  link.left();
  CHECK(link.due(start + 1h, false) == duty::none);
}
