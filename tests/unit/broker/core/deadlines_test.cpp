#include <catch2/catch.hpp>

#include "tests/unit/broker/core/core_fixture.hpp"

using namespace gate;
using namespace gate::broker;
using namespace gate::broker::testing;

TEST_CASE("a call ends when its budget is over, and its worker is told", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s", {.budget = 100ms});
  const auto call = b.given(w);
  b.pass(99ms);
  CHECK(b.none(c));
  b.pass(10ms);
  const sent answer = b.one(c, message_type::error);
  CHECK(answer.status == errc::timed_out);
  CHECK(answer.origin == origin::broker);
  CHECK(b.one(w, message_type::cancel).call == call);
  CHECK(b.ended(errc::timed_out) == 1);
  SECTION("a late answer is dropped and counted, and gives the credit back") {
    b.request(c, 2, "s");
    CHECK(b.none(w));
    b.final(w, call);
    CHECK(b.none(c));
    CHECK(b.core.counted().late_answers == 1);
    CHECK(b.given(w) != call);
  }
  SECTION("late items are dropped") {
    b.part(w, call, "late");
    CHECK(b.none(c));
    CHECK(b.none(w));
  }
  SECTION("the worker's end ends it for good") {
    b.close(w);
    CHECK(b.none(c));
    CHECK(b.ended(errc::worker_lost) == 0);
  }
}

TEST_CASE("a call that is queued ends when its budget is over", "[broker]") {
  bench b;
  const peer_id c = b.client();
  b.request(c, 1, "s", {.budget = 100ms});
  b.pass(110ms);
  CHECK(b.failed(c) == errc::timed_out);
  CHECK(b.core.measure().queued == 0);
  const peer_id w = b.worker("s");
  CHECK(b.none(w));
}

TEST_CASE("a call whose budget is over is not given to a worker, even before the clock ticks", "[broker]") {
  bench b;
  const peer_id c = b.client();
  b.request(c, 1, "s", {.budget = 100ms});
  b.now += 100ms;
  const peer_id w = b.worker("s");
  CHECK(b.none(w));
  CHECK(b.failed(c) == errc::timed_out);
}

TEST_CASE("a request without any budget left is refused", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s", {.budget = 0ms});
  CHECK(b.failed(c) == errc::timed_out);
  CHECK(b.none(w));
  CHECK(b.core.counted().accepted == 0);
}

TEST_CASE("a budget over budget_max counts as that", "[broker]") {
  options o;
  o.budget_max = 1s;
  bench b(o);
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s", {.budget = std::chrono::milliseconds(UINT32_MAX)});
  CHECK(b.one(w).budget == 1s);
  b.pass(1010ms);
  CHECK(b.failed(c) == errc::timed_out);
}

TEST_CASE("a call without a budget ends when its worker is silent for idle_timeout", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s", {.flags = message_flag::wants_stream, .credit_items = 10, .credit_bytes = 1000});
  const auto call = b.given(w);
  b.pass(59s);
  b.part(w, call, "item");
  b.pass(59s);
  CHECK(b.one(c).type == message_type::part);
  b.pass(1100ms);
  const sent answer = b.one(c, message_type::error);
  CHECK(answer.status == errc::timed_out);
  CHECK(answer.text.find("idle_timeout") != std::string::npos);
}

TEST_CASE("a call with a budget may be silent for longer than idle_timeout", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s", {.budget = 10min});
  const auto call = b.given(w);
  b.pass(9min);
  b.final(w, call);
  CHECK(b.one(c).type == message_type::final);
}

TEST_CASE("the idle clock stands while the consumer grants no credit", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s", {.flags = message_flag::wants_stream, .credit_items = 1, .credit_bytes = 1000});
  const auto call = b.given(w);
  b.part(w, call, "item");
  (void)b.take(c);
  b.pass(59min);
  CHECK(b.none(c));
  b.credit(c, 1, 1, 100);
  b.pass(59s);
  CHECK(b.none(c));
  b.pass(1100ms);
  CHECK(b.failed(c) == errc::timed_out);
}

TEST_CASE("the clock of a budget does not stand", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s", {.flags = message_flag::wants_stream, .budget = 200ms});
  CHECK(b.given(w) != 0);
  b.pass(210ms);
  CHECK(b.failed(c) == errc::timed_out);
}

TEST_CASE("a clock that goes back does no harm", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s", {.budget = 100ms});
  b.core.tick(b.now - 1h);
  b.now -= 1s;
  b.request(c, 2, "s");
  b.final(w, b.given(w));
  CHECK(b.take(c).size() == 1);
}
