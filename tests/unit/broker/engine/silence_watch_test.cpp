#include "broker/engine/silence_watch.hpp"

#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace gate;
using namespace gate::broker;
using namespace std::chrono_literals;

namespace {

std::optional<gate::peer::path_sample> kernel;  // what it knows of every connection

std::optional<gate::peer::path_sample> look_at_kernel(int, instant) { return kernel; }

struct no_sockets final : outbox::transport, outbox::listener {
  bool has_ended(const remote_peer&) override { return false; }
  delivery send(remote_peer&, outgoing&, lent_payloads&) override { return delivery::sent; }
  void gone(remote_peer&) override {}
  void end_connection(remote_peer&) override {}
  void flushed(peer_id) override {}
  void unsent(peer_id, const message&) override {}
  void too_slow(const remote_peer&, const std::string&) override {}
  void dropped(peer_id, const std::string&) override {}
};

struct watched final : silence_watch::listener {
  watched() {
    kernel.emplace();
    kernel->counted = true;
    kernel->received_at = now;
    kernel->window = 64'000;
    options.transport_heartbeat_interval = 1000ms;
    options.transport_heartbeat_timeout = 3000ms;
    options.heartbeat_interval = 5000ms;
    peer.descriptor = 7;
    lives.watch(peer, now);
  }
  void arrives(remote_peer& from) override {
    CHECK(&from == &peer);
    ++arrivals;
  }
  void silent(remote_peer& p, const std::string& text) override {
    CHECK(&p == &peer);
    why = text;
  }
  // Looks when it is time to, with `step` before each look.
  template <class Step> void run(duration time, Step step) {
    for (const instant end = now + time; lives.next_look() <= end && why.empty();) {
      now = lives.next_look();
      step();
      lives.look(now);
    }
  }

  instant now = instant(1000s);
  broker_options options;
  buffer_pool spare;
  byte_total owed;
  remote_peers peers;
  io_counters counted;
  no_sockets nothing;
  outbox out{options, peers, owed, counted, nothing, nothing};
  silence_watch lives{options, peers, out, *this, look_at_kernel};
  remote_peer& peer = peers.add(0, "a", spare, owed);
  int arrivals = 0;
  std::string why;
};

}  // namespace

TEST_CASE("a peer from which nothing comes for too long is reported silent, once", "[broker][liveness]") {
  watched w;
  w.run(60s, [] {});
  CHECK(w.why.starts_with("no sign of life came from it for "));
  CHECK_FALSE(w.peer.pulse);
  CHECK(w.lives.next_look() == instant::max());
}

TEST_CASE("a peer that answers the transport's pings is alive", "[broker][liveness]") {
  watched w;
  w.run(60s, [&] {
    kernel->received += 10;
    kernel->received_at = w.now;
  });
  CHECK(w.why.empty());
  CHECK(w.peer.pulse);
}

TEST_CASE("a message that arrives slowly is told", "[broker][liveness]") {
  watched w;
  w.run(20s, [&] {
    kernel->received += 100'000;
    kernel->received_at = w.now;
  });
  CHECK(w.why.empty());
  CHECK(w.arrivals > 3);
}

TEST_CASE("a connection that is closed, or cut already, is not looked at", "[broker][liveness]") {
  const bool is_closed = GENERATE(true, false);
  CAPTURE(is_closed);
  watched w;
  if (is_closed) {
    kernel.reset();
  } else {
    w.peer.cut = true;
  }
  w.run(60s, [] {});
  CHECK(w.why.empty());
  CHECK(w.lives.next_look() == instant::max());
}
