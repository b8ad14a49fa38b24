#include <catch2/catch.hpp>

#include "tests/unit/broker/core/core_fixture.hpp"

using namespace gate;
using namespace gate::broker;
using namespace gate::broker::testing;

namespace {

constexpr std::uint8_t idempotent = message_flag::idempotent;

}  // namespace

TEST_CASE("a call whose worker is lost fails at once", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  const peer_id other = b.worker("s");
  b.request(c, 1, "s");
  CHECK(b.given(w) != 0);
  b.close(w);
  const sent answer = b.one(c, message_type::error);
  CHECK(answer.status == errc::worker_lost);
  CHECK(answer.origin == origin::broker);
  CHECK(b.none(other));
  CHECK(b.ended(errc::worker_lost) == 1);
}

TEST_CASE("an idempotent call whose worker is lost goes to another one", "[broker]") {
  bench b;
  const peer_id c = b.client(bench::context("ann"));
  const peer_id w = b.worker("s");
  const peer_id other = b.worker("s");
  b.request(c, 1, "s", {.payload = "twice", .flags = idempotent, .budget = 10s});
  const auto call = b.given(w);
  CHECK(b.core.measure().kept_bytes > 0);
  b.pass(1s);
  b.close(w);
  CHECK(b.none(c));
  const sent again = b.one(other, message_type::request);
  CHECK(again.call != call);
  CHECK(again.payload == "twice");
  CHECK(again.caller == "ann");
  CHECK(again.attempt == 1);
  CHECK(again.budget == 9s);
  CHECK(b.core.counted().redispatched == 1);
  b.final(other, again.call);
  CHECK(b.one(c).type == message_type::final);
  CHECK(b.core.measure().kept_bytes == 0);
}

TEST_CASE("calls of a lost worker are queued again in front, in their order", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 3);
  for (std::uint64_t i = 1; i <= 5; ++i) b.request(c, i, "s", {.payload = std::to_string(i), .flags = idempotent});
  b.close(w);
  CHECK(b.core.measure().queued == 5);
  CHECK(b.none(c));
  const peer_id next = b.worker("s", 5);
  std::string order;
  for (const sent& s : b.take(next)) order += s.payload;
  CHECK(order == "12345");
}

TEST_CASE("of the calls of a lost worker the first are queued again, as many as there is room for", "[broker]") {
  options o;
  std::string_view limit;
  SECTION("in calls") {
    o.queue_max = 2;
    limit = "queue_max";
  }
  SECTION("in bytes") {
    o.queue_bytes_max = 250;
    limit = "queue_bytes_max";
  }
  SECTION("in calls of all services") {
    o.queue_total_max = 2;
    limit = "queue_total_max";
  }
  bench b(o);
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 4);
  for (std::uint64_t i = 1; i <= 4; ++i) {
    b.request(c, i, "s", {.payload = std::to_string(i) + std::string(99, 'x'), .flags = idempotent});
  }
  b.close(w);
  const auto ended = b.take(c);
  REQUIRE(ended.size() == 2);
  for (const sent& s : ended) {
    CHECK(s.call == (&s == ended.data() ? 3 : 4));
    CHECK(s.status == errc::worker_lost);
    CHECK(s.text.find(limit) != std::string::npos);
  }
  std::string order;
  for (const sent& s : b.take(b.worker("s", 4))) order += s.payload.front();
  CHECK(order == "12");
}

TEST_CASE("an idempotent call is given to no more than attempts_max workers", "[broker]") {
  options o;
  o.attempts_max = 2;
  bench b(o);
  const peer_id c = b.client();
  b.request(c, 1, "s", {.flags = idempotent});
  b.close(b.worker("s"));
  CHECK(b.none(c));
  b.close(b.worker("s"));
  CHECK(b.failed(c) == errc::worker_lost);
}

TEST_CASE("attempts that the client made already count", "[broker]") {
  bench b;
  const peer_id c = b.client();
  b.request(c, 1, "s", {.flags = idempotent, .attempt = 2});
  b.close(b.worker("s"));
  CHECK(b.failed(c) == errc::worker_lost);
}

TEST_CASE("an idempotent call of which a part was delivered is not given to another worker", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  const peer_id other = b.worker("s");
  b.request(c, 1, "s", {.flags = idempotent | message_flag::wants_stream, .credit_items = 5, .credit_bytes = 500});
  b.part(w, b.given(w), "item");
  (void)b.take(c);
  b.close(w);
  CHECK(b.failed(c) == errc::worker_lost);
  CHECK(b.none(other));
}

TEST_CASE("an idempotent call whose client may have sent items is not given to another worker", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  const peer_id other = b.worker("s");
  b.request(c, 1, "s", {.flags = idempotent | message_flag::client_stream});
  b.credit(w, b.given(w), 5, 500);
  (void)b.take(c);
  b.close(w);
  CHECK(b.failed(c) == errc::worker_lost);
  CHECK(b.none(other));
}

TEST_CASE("a call that there was no room to keep runs, but only once", "[broker]") {
  options o;
  o.client_bytes_max = 50;
  bench b(o);
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.worker("s");
  b.request(c, 1, "s", {.payload = std::string(100, 'x'), .flags = idempotent});
  CHECK(b.given(w) != 0);
  CHECK(b.core.measure().kept_bytes == 0);
  b.close(w);
  CHECK(b.failed(c) == errc::worker_lost);
}

TEST_CASE("kept bytes count against their client", "[broker]") {
  options o;
  o.client_bytes_max = 250;
  bench b(o);
  const peer_id c = b.client();
  b.worker("s", 2);
  const ask big{.payload = std::string(100, 'x'), .flags = idempotent};
  b.request(c, 1, "s", big);
  b.request(c, 2, "s", big);
  b.request(c, 3, "s", big);
  CHECK(b.failed(c) == errc::busy);
}

TEST_CASE("a call that no worker comes for after its worker was lost ends as worker_lost", "[broker]") {
  bench b;
  const peer_id c = b.client();
  b.request(c, 1, "s", {.flags = idempotent});
  b.close(b.worker("s"));
  b.pass(5100ms);
  CHECK(b.failed(c) == errc::worker_lost);
}

TEST_CASE("without a grace a lost worker's calls end at once", "[broker]") {
  bench b(without_grace());
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s", {.flags = idempotent});
  b.request(c, 2, "s");
  b.close(w);
  std::map<std::uint64_t, errc> ends;
  for (const sent& s : b.take(c)) ends[s.call] = s.status;
  CHECK(ends[1] == errc::worker_lost);
  CHECK(ends[2] == errc::unavailable);
  CHECK(b.core.measure().services == 0);
}

TEST_CASE("a request that never left goes to another worker, idempotent or not", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 2);
  const peer_id other = b.worker("s", 2);
  b.request(c, 1, "s", {.payload = "unsent"});
  const sent given = b.one(w);
  b.core.unsent(w, b.back(given), b.now);
  b.verify();
  const sent again = b.one(other);
  CHECK(again.payload == "unsent");
  CHECK(again.attempt == 0);
  b.close(w);
  CHECK(b.none(c));
  b.final(other, again.call);
  CHECK(b.one(c).type == message_type::final);
  CHECK(b.core.counted().redispatched == 1);
}

TEST_CASE("a worker to which a request could not be sent gets no other", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 5);
  b.request(c, 1, "s");
  b.core.unsent(w, b.back(b.one(w)), b.now);
  b.verify();
  b.request(c, 2, "s");
  b.heartbeat(w);
  CHECK(b.none(w));
  CHECK(b.core.measure().queued == 2);
  b.close(w);
  const peer_id next = b.worker("s", 5);
  CHECK(b.take(next).size() == 2);
}

TEST_CASE("a request that a draining worker hands back goes to another one", "[broker]") {
  bench b;
  const peer_id c = b.client(bench::context("ann"));
  const peer_id w = b.worker("s", 2, {"m"});
  b.request(c, 1, "s", {.payload = "1"});
  b.request(c, 2, "s", {.payload = "2"});
  const auto given = b.take(w);
  b.request(c, 3, "s", {.payload = "3"});
  b.receive(w, bench::of(message_type::drain));
  message back = b.back(given[1]);
  back.service = "elsewhere";  // the broker ignores the worker's changes
  back.method = "other";
  back.caller = "root";
  b.receive(w, back);
  CHECK(b.none(c));
  const peer_id other = b.worker("s", 5, {"m"});
  const auto again = b.take(other);
  REQUIRE(again.size() == 2);
  CHECK(again[0].payload == "2");
  CHECK(again[0].service == "s");
  CHECK(again[0].method == "m");
  CHECK(again[0].caller == "ann");
  CHECK(again[1].payload == "3");
  b.final(w, given[0].call);
  CHECK(b.one(c).call == 1);
}

TEST_CASE("a request handed back prefers another worker, and takes the same one if there is no other", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 2);
  b.request(c, 1, "s");
  b.receive(w, b.back(b.one(w)));
  const sent again = b.one(w, message_type::request);
  const peer_id other = b.worker("s", 2);
  b.receive(w, b.back(again));
  CHECK(b.none(w));
  CHECK(b.given(other) != 0);
}

TEST_CASE("a worker that hands back whatever it is given does not keep a call for ever", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 1);
  b.request(c, 1, "s", {.budget = 1h});
  int times = 0;
  for (auto given = b.take(w); !given.empty(); given = b.take(w)) {
    REQUIRE(++times < 100);
    b.receive(w, b.back(given.front()));
  }
  CHECK(times > 3);
  CHECK(b.failed(c) == errc::unavailable);
}

TEST_CASE("a call that was begun cannot be handed back", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  const peer_id other = b.worker("s");
  b.request(c, 1, "s", {.flags = message_flag::wants_stream, .credit_items = 5, .credit_bytes = 500});
  const sent given = b.one(w);
  b.part(w, given.call, "item");
  (void)b.take(c);
  b.receive(w, b.back(given));
  CHECK(b.failed(c) == errc::worker_lost);
  CHECK(b.none(other));
}

TEST_CASE("a cancelled call that is handed back frees its slot", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s");
  const sent given = b.one(w);
  b.cancel(c, 1);
  (void)b.take(c);
  (void)b.take(w);
  b.receive(w, b.back(given));
  CHECK(b.none(c));
  b.request(c, 2, "s");
  CHECK(b.given(w) != given.call);
}

TEST_CASE("a call handed back while the queue is full ends as busy", "[broker]") {
  options o;
  o.queue_max = 1;
  bench b(o);
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s");
  b.request(c, 2, "s");
  const sent given = b.one(w);
  b.receive(w, bench::of(message_type::drain));
  b.receive(w, b.back(given));
  const sent answer = b.one(c, message_type::error);
  CHECK(answer.call == 1);
  CHECK(answer.status == errc::busy);
}

TEST_CASE("a hundred calls in flight at a killed worker all end, and others go on", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 100);
  for (std::uint64_t i = 1; i <= 100; ++i) {
    b.request(c, i, "s", {.flags = i % 2 == 0 ? idempotent : std::uint8_t{0}});
  }
  const peer_id other = b.worker("s", 100);
  b.close(w);
  CHECK(b.take(c).size() == 50);
  CHECK(b.ended(errc::worker_lost) == 50);
  for (const sent& s : b.take(other)) b.final(other, s.call);
  CHECK(b.take(c).size() == 50);
  CHECK(b.core.measure().in_flight == 0);
}
