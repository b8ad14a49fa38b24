#include "broker/engine/connection_watch.hpp"

#include <array>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/broker/engine/port_fixture.hpp"

using namespace gate;
using namespace gate::broker;
using namespace gate::broker::testing;

namespace {

using kind = connection_event::kind;
using texts = std::vector<std::string>;

// A connection of which the test tells the watch, as the port's monitor would.
struct connection {
  explicit connection(bare_port& of) : port_(of) {
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0);
    tell(kind::accepted);
  }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection() {
    for (const int end : ends) ::close(end);
  }
  void tell(kind what) { port_.connections.on_event(port_.at(), {what, ends[0], 0, {}}); }
  // Its first message came.
  remote_peer& speaks(std::string_view route) {
    remote_peer& p = port_.peers.add(0, route, port_.held.spare, port_.held.owed);
    p.descriptor = ends[0];
    port_.at().accepted.find(ends[0])->owner = p.id;
    return p;
  }
  bool was_cut() const {
    char byte = 0;
    return ::recv(ends[1], &byte, 1, 0) == 0;
  }
  std::array<int, 2> ends{-1, -1};

 private:
  bare_port& port_;
};

}  // namespace

TEST_CASE("a peer whose connection has ended is kept until its last messages are read", "[broker][connections]") {
  bare_port p;
  connection c(p);
  remote_peer& peer = c.speaks("a");
  CHECK(p.connections.connected() == 1);
  c.tell(kind::disconnected);
  CHECK(p.connections.connected() == 0);
  CHECK(peer.ending);
  CHECK(peer.descriptor == -1);
  CHECK(p.take() == texts{"all left"});
  p.connections.last_read(p.at(), false);
  CHECK(p.take().empty());
  p.connections.last_read(p.at(), true);
  CHECK(p.take() == texts{"ended a"});
  p.connections.last_read(p.at(), true);
  CHECK(p.take().empty());
}

TEST_CASE("connections beyond those that may stay or be told so are cut", "[broker][connections]") {
  bare_port p;
  p.budget = {100, 2, 1};  // two may stay, one is told that it may not
  connection first(p), second(p), third(p), fourth(p);
  CHECK(p.counted.connections_refused == 1);
  p.connections.cut_refused();
  CHECK(fourth.was_cut());
  CHECK_FALSE(third.was_cut());
}

TEST_CASE("a connection over which nothing came is cut at hello_timeout, and no other", "[broker][connections]") {
  bare_port p;
  connection quiet(p), speaking(p);
  speaking.speaks("a");
  const instant due = p.connections.next_deadline();
  CHECK(due > p.where.now());
  p.connections.cut_silent(due - std::chrono::milliseconds(1));
  CHECK_FALSE(quiet.was_cut());
  p.connections.cut_silent(due);
  CHECK(quiet.was_cut());
  CHECK_FALSE(speaking.was_cut());
  CHECK(p.counted.silent == 1);
  CHECK(p.connections.next_deadline() == instant::max());
}

TEST_CASE("a connection without a message counts as ended early, unless it was refused", "[broker][connections]") {
  bare_port p;
  connection early(p), spoke(p), refused(p);
  spoke.speaks("a");
  p.at().accepted.refuse(refused.ends[0]);
  for (connection* c : {&early, &spoke, &refused}) c->tell(kind::disconnected);
  CHECK(p.counted.ended_early == 1);
}

TEST_CASE("the broker ends a peer's connection, or marks a peer without one as ended", "[broker][connections]") {
  bare_port p;
  connection c(p);
  remote_peer& over_tcp = c.speaks("a");
  remote_peer& within = p.peers.add(0, "b", p.held.spare, p.held.owed);
  p.connections.cut(over_tcp);
  CHECK(c.was_cut());
  CHECK_FALSE(over_tcp.ending);  // the monitor tells of the end
  p.connections.cut(within);
  CHECK(within.ending);
}
