#include <catch2/catch.hpp>

#include "tests/unit/broker/core/core_fixture.hpp"

using namespace gate;
using namespace gate::broker;
using namespace gate::broker::testing;

TEST_CASE("the least recently used worker is given the next call", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id u = b.worker("s", 2), v = b.worker("s", 2), w = b.worker("s", 2);
  std::string order;
  for (std::uint64_t i = 1; i <= 6; ++i) {
    b.request(c, i, "s");
    for (const auto& [id, letter] : {std::pair{u, 'u'}, std::pair{v, 'v'}, std::pair{w, 'w'}}) {
      if (!b.none(id)) order += letter;
    }
  }
  CHECK(order == "uvwuvw");
  b.request(c, 7, "s");
  CHECK(b.none(u));
  CHECK(b.core.measure().queued == 1);
}

TEST_CASE("a worker is given no more than its capacity, and the next call when it answers", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 2);
  for (std::uint64_t i = 1; i <= 4; ++i) b.request(c, i, "s", {.payload = std::to_string(i)});
  const auto given = b.take(w);
  REQUIRE(given.size() == 2);
  b.final(w, given[1].call);
  const sent third = b.one(w, message_type::request);
  CHECK(third.payload == "3");
  b.error(w, given[0].call, errc::failed);
  CHECK(b.one(w).payload == "4");
}

TEST_CASE("calls wait in the order in which they came", "[broker]") {
  bench b;
  const peer_id c = b.client(), d = b.client();
  for (std::uint64_t i = 1; i <= 3; ++i) {
    b.request(c, i, "s", {.payload = "c" + std::to_string(i)});
    b.request(d, i, "s", {.payload = "d" + std::to_string(i)});
  }
  const peer_id w = b.worker("s", 6);
  std::string order;
  for (const sent& s : b.take(w)) order += s.payload + " ";
  CHECK(order == "c1 d1 c2 d2 c3 d3 ");
}

TEST_CASE("a call goes to a worker that has its method", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id v1 = b.worker("s", 1, {"old", "both"});
  const peer_id v2 = b.worker("s", 1, {"both", "new"});
  b.request(c, 1, "s", {.method = "new"});
  CHECK(b.one(v2).method == "new");
  b.request(c, 2, "s", {.method = "new"});
  b.request(c, 3, "s", {.method = "both"});
  CHECK(b.one(v1).method == "both");
  CHECK(b.none(v2));
  CHECK(b.core.measure().queued == 1);
}

TEST_CASE("a call that waits for one worker does not hold up those that another can take", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id v1 = b.worker("s", 1, {"old", "both"});
  const peer_id v2 = b.worker("s", 1, {"both", "new"});
  b.request(c, 1, "s", {.method = "old"});
  b.request(c, 2, "s", {.method = "new"});
  const auto held_1 = b.given(v1), held_2 = b.given(v2);
  b.request(c, 3, "s", {.payload = "3", .method = "new"});
  b.request(c, 4, "s", {.payload = "4", .method = "old"});
  b.request(c, 5, "s", {.payload = "5", .method = "both"});
  b.final(v1, held_1);
  CHECK(b.one(v1).payload == "4");
  b.final(v2, held_2);
  CHECK(b.one(v2).payload == "3");
  CHECK(b.core.measure().queued == 1);
}

TEST_CASE("a worker that describes no methods takes them all", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id some = b.worker("s", 5, {"known"});
  b.request(c, 1, "s", {.method = "unknown"});
  CHECK(b.failed(c) == errc::no_method);
  const peer_id all = b.worker("s", 5);
  b.request(c, 2, "s", {.method = "unknown"});
  CHECK(b.one(all).method == "unknown");
  CHECK(b.none(some));
  b.close(all);
  (void)b.take(c);
  b.request(c, 3, "s", {.method = "unknown"});
  CHECK(b.failed(c) == errc::no_method);
}

TEST_CASE("a method that no worker has is no_method at once", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 1, {"known"});
  b.request(c, 1, "s", {.method = "other"});
  const sent answer = b.one(c, message_type::error);
  CHECK(answer.status == errc::no_method);
  CHECK(answer.origin == origin::broker);
  CHECK(b.refused(errc::no_method) == 1);
  CHECK(b.core.counted().accepted == 0);
  CHECK(b.none(w));
}

TEST_CASE("calls that waited for a service end as no_method when its first worker lacks the method", "[broker]") {
  bench b;
  const peer_id c = b.client();
  b.request(c, 1, "s", {.method = "missing"});
  b.request(c, 2, "s", {.method = "known"});
  const peer_id w = b.worker("s", 1, {"known"});
  CHECK(b.failed(c) == errc::no_method);
  CHECK(b.one(w).method == "known");
  CHECK(b.ended(errc::no_method) == 1);
}

TEST_CASE("calls that waited for a method end when the last worker with it leaves", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id v1 = b.worker("s", 1, {"old"});
  const peer_id v2 = b.worker("s", 1, {"new"});
  b.request(c, 1, "s", {.method = "old"});
  b.request(c, 2, "s", {.method = "old"});
  b.close(v1);
  std::map<std::uint64_t, errc> ends;
  for (const sent& s : b.take(c)) ends[s.call] = s.status;
  CHECK(ends[1] == errc::worker_lost);
  CHECK(ends[2] == errc::no_method);
  CHECK(b.none(v2));
}

TEST_CASE("a worker whose heartbeat is late is stalled: no new work, nothing taken from it", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 5);
  b.request(c, 1, "s");
  const auto call = b.given(w);
  b.pass(2900ms);
  CHECK(b.core.counted().stalls == 0);
  b.pass(200ms);
  CHECK(b.core.counted().stalls == 1);
  CHECK(b.core.workers().front().stalled);
  CHECK(b.core.services().front().stalled == 1);
  CHECK(b.none(c));
  b.request(c, 2, "s");
  CHECK(b.none(w));
  SECTION("its answer is believed, and is no heartbeat") {
    b.final(w, call);
    CHECK(b.one(c).call == 1);
    CHECK(b.none(w));
    CHECK(b.core.workers().front().stalled);
  }
  SECTION("its next heartbeat makes it ready again") {
    b.heartbeat(w);
    CHECK(b.given(w) != call);
    b.pass(2900ms);
    CHECK(b.core.counted().stalls == 1);
    b.pass(200ms);
    CHECK(b.core.counted().stalls == 2);
  }
  SECTION("another worker takes what waits") {
    const peer_id other = b.worker("s");
    CHECK(b.given(other) != 0);
  }
}

TEST_CASE("traffic is no heartbeat", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 1);
  std::uint64_t i = 0;
  for (; i < 30; ++i) {
    b.request(c, i, "s");
    b.final(w, b.given(w));
    b.pass(100ms);
  }
  b.pass(10ms);
  CHECK(b.core.counted().stalls == 1);
}

TEST_CASE("a worker that sends heartbeats is never stalled, however busy", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 1);
  b.request(c, 1, "s", {.budget = 1h});
  for (int i = 0; i < 100; ++i) {
    b.pass(1s);
    b.heartbeat(w);
  }
  CHECK(b.core.counted().stalls == 0);
  b.final(w, b.given(w));
  CHECK(b.one(c).type == message_type::final);
}

TEST_CASE("a worker whose dialect has no heartbeats is never stalled", "[broker]") {
  bench b;
  peer_context foreign = bench::context();
  foreign.heartbeats = false;
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 1, {}, foreign);
  b.pass(1h);
  b.request(c, 1, "s");
  CHECK(b.given(w) != 0);
}

TEST_CASE("a client's silence is no fault", "[broker]") {
  bench b;
  const peer_id c = b.client();
  b.pass(1h);
  CHECK_FALSE(b.was_cut(c));
  CHECK(b.core.measure().clients == 1);
}

TEST_CASE("a worker that drains is told the last, gets nothing more, and finishes what it has", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 5);
  b.request(c, 1, "s");
  const auto call = b.given(w);
  b.receive(w, bench::of(message_type::drain));
  CHECK(b.one(w).type == message_type::drained);
  b.request(c, 2, "s");
  CHECK(b.none(w));
  b.receive(w, bench::of(message_type::drain));
  CHECK(b.none(w));  // once is enough
  b.final(w, call);
  CHECK(b.one(c).call == 1);
  CHECK(b.core.workers().front().draining);
  b.receive(w, bench::of(message_type::bye));
  CHECK(b.was_cut(w));
  CHECK(b.core.measure().workers == 0);
  const peer_id next = b.worker("s");
  CHECK(b.given(next) != 0);
}

TEST_CASE("no call waits while a worker could take it", "[broker]") {
  // The invariant is checked after each event. Here calls and workers come in every order, in small cases.
  bench b;
  const peer_id c = b.client();
  std::uint64_t call = 0;
  for (int round = 0; round < 20; ++round) {
    const peer_id u = b.worker("s", 2, {"m", "n"}), v = b.worker("s", 1, {"n"});
    for (const char* method : {"m", "n", "n", "m", "n"}) b.request(c, ++call, "s", {.method = method});
    b.pass(3100ms);
    b.heartbeat(v);
    for (const sent& s : b.take(u)) b.final(u, s.call);
    b.heartbeat(u);
    b.close(v);
    for (const sent& s : b.take(u)) b.final(u, s.call);
    b.close(u);
    (void)b.take(c);
  }
  CHECK(b.core.counted().accepted == 100);
}
