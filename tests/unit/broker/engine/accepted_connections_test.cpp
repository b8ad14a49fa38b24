#include "broker/engine/accepted_connections.hpp"

#include <array>
#include <map>
#include <vector>

#include <catch2/catch.hpp>
#include <sys/socket.h>
#include <unistd.h>

using namespace gate;
using namespace gate::broker;
using namespace std::chrono_literals;

namespace {

// Two ends of a connection.
struct socket_pair {
  std::array<int, 2> ends{-1, -1};
  socket_pair() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0); }
  socket_pair(const socket_pair&) = delete;
  socket_pair& operator=(const socket_pair&) = delete;
  ~socket_pair() {
    close_first();
    ::close(ends[1]);
  }
  void close_first() {
    if (ends[0] >= 0) ::close(std::exchange(ends[0], -1));
  }
  // Whether the second end sees the end of the connection.
  bool ended() const {
    char byte = 0;
    return ::recv(ends[1], &byte, 1, 0) == 0;
  }
};

const instant start{};

}  // namespace

TEST_CASE("cutting a connection ends it", "[connections]") {
  socket_pair pair;
  accepted_connections known;
  known.accepted(pair.ends[0], start);
  CHECK_FALSE(pair.ended());
  CHECK(known.cut(pair.ends[0]));
  CHECK(pair.ended());
  CHECK(known.find(pair.ends[0])->refused);
}

TEST_CASE("a descriptor whose number another socket has by now is not cut", "[connections]") {
  socket_pair former;
  const int number = former.ends[0];
  accepted_connections known;
  known.accepted(number, start);
  former.close_first();
  socket_pair other;  // may have got the number by chance; dup2() makes sure
  REQUIRE(::dup2(other.ends[0], number) == number);
  CHECK_FALSE(known.cut(number));
  CHECK_FALSE(other.ended());
  ::close(number);
}

TEST_CASE("a descriptor that was never accepted, or has ended, is not cut", "[connections]") {
  socket_pair pair;
  accepted_connections known;
  CHECK_FALSE(known.cut(pair.ends[0]));
  known.accepted(pair.ends[0], start);
  CHECK(known.ended(pair.ends[0]));
  CHECK_FALSE(known.ended(pair.ends[0]));
  CHECK_FALSE(known.cut(pair.ends[0]));
  CHECK_FALSE(pair.ended());
}

TEST_CASE("a refused connection is cut", "[connections]") {
  socket_pair pair;
  accepted_connections known;
  known.accepted(pair.ends[0], start);
  known.refuse(pair.ends[0]);
  CHECK(known.find(pair.ends[0])->refused);
  CHECK(known.has_refused());
  known.cut_refused();
  CHECK(pair.ended());
  CHECK_FALSE(known.has_refused());
}

TEST_CASE("a refused connection that had ended before it was told of cuts nobody else", "[connections]") {
  socket_pair other;  // a connection was accepted under this number and ended; both events arrive only now
  const int number = other.ends[0];
  accepted_connections known;
  known.accepted(number, start);
  known.refuse(number);
  CHECK(known.ended(number));
  known.cut_refused();
  CHECK_FALSE(other.ended());
  known.accepted(number, start);  // and this one may stay
  known.cut_refused();
  CHECK_FALSE(other.ended());
}

namespace {

class fake_watcher final : public accepted_connections::silent_watcher {
 public:
  std::uint64_t received_bytes(int descriptor) override { return received[descriptor]; }
  void announce(int descriptor) override { announced.push_back(descriptor); }
  std::map<int, std::uint64_t> received;
  std::vector<int> announced;
};

}  // namespace

TEST_CASE("connections that said nothing are cut, the others stay", "[connections]") {
  socket_pair silent, speaking, young;
  accepted_connections known;
  known.accepted(silent.ends[0], start);
  known.accepted(speaking.ends[0], start + 1ms);
  known.accepted(young.ends[0], start + 5ms);
  known.find(speaking.ends[0])->owner = peer_id{7};
  CHECK(known.oldest_silent() == start);
  fake_watcher watcher;
  CHECK(known.cut_silent(start + 4ms, start + 9ms, watcher) == 1);
  CHECK(watcher.announced == std::vector<int>{silent.ends[0]});
  CHECK(silent.ended());
  CHECK_FALSE(speaking.ended());
  CHECK_FALSE(young.ended());
  CHECK(known.oldest_silent() == start + 5ms);
  CHECK(known.cut_silent(start + 5ms, start + 10ms, watcher) == 1);
  CHECK_FALSE(known.oldest_silent().has_value());
}

TEST_CASE("a connection over which a long first message arrives is not silent", "[connections]") {
  socket_pair slow, idle;
  accepted_connections known;
  known.accepted(slow.ends[0], start);
  known.accepted(idle.ends[0], start);
  fake_watcher watcher;
  watcher.received[idle.ends[0]] = 1000;  // a handshake, and pings
  watcher.received[slow.ends[0]] = 250'000;
  CHECK(known.cut_silent(start, start + 5s, watcher) == 1);
  CHECK(watcher.announced == std::vector<int>{idle.ends[0]});
  CHECK(known.oldest_silent() == start + 5s);
  SECTION("as long as it does") {
    CHECK(known.cut_silent(start + 5s, start + 10s, watcher) == 1);
    CHECK(slow.ended());
  }
  SECTION("unless it never ends") {
    instant now = start + 5s;
    while (known.oldest_silent()) {
      watcher.received[slow.ends[0]] += 250'000;
      now += 5s;
      known.cut_silent(now - 5s, now, watcher);
      REQUIRE(now - start <= 60s);
    }
    CHECK(slow.ended());
    CHECK(now - start == 60s);
  }
  SECTION("and once it has spoken it is somebody's") {
    known.find(slow.ends[0])->owner = peer_id{7};
    CHECK_FALSE(known.oldest_silent());
  }
}
