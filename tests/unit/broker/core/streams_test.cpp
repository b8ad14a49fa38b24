#include <catch2/catch.hpp>

#include "tests/unit/broker/core/core_fixture.hpp"

using namespace gate;
using namespace gate::broker;
using namespace gate::broker::testing;

namespace {

constexpr std::uint8_t stream = message_flag::wants_stream;
constexpr std::uint8_t feed = message_flag::client_stream;
constexpr std::uint8_t last = message_flag::end_of_parts;
constexpr std::uint8_t empty = message_flag::no_payload;

peer_context creditless() {
  peer_context c = bench::context();
  c.credit = false;
  return c;
}

}  // namespace

TEST_CASE("items of an answer pass in order, as far as credit goes", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s", {.flags = stream, .credit_items = 2, .credit_bytes = 1000});
  const sent given = b.one(w);
  CHECK(given.has(stream));
  CHECK(given.credit_items == 2);
  CHECK(given.credit_bytes == 1000);
  b.part(w, given.call, "a");
  b.part(w, given.call, "b");
  b.final(w, given.call, "");
  const auto told = b.take(c);
  REQUIRE(told.size() == 3);
  CHECK(told[0].payload == "a");
  CHECK(told[0].call == 1);
  CHECK(told[1].payload == "b");
  CHECK(told[2].type == message_type::final);
  CHECK(b.core.counted().parts == 2);
}

TEST_CASE("an item beyond the credit ends the call as too_slow and cancels it at the worker", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  SECTION("in items") { b.request(c, 1, "s", {.flags = stream, .credit_items = 1, .credit_bytes = 1000}); }
  SECTION("in bytes, where one item may exceed the window") {
    b.request(c, 1, "s", {.flags = stream, .credit_items = 10, .credit_bytes = 3});
  }
  const auto call = b.given(w);
  b.part(w, call, "abcdef");
  CHECK(b.one(c).payload == "abcdef");
  b.part(w, call, "g");
  const sent answer = b.one(c, message_type::error);
  CHECK(answer.status == errc::too_slow);
  CHECK(answer.origin == origin::broker);
  CHECK(b.one(w, message_type::cancel).call == call);
  CHECK(b.core.counted().overruns == 1);
  b.part(w, call, "h");
  CHECK(b.none(c));
  b.error(w, call, errc::cancelled);
  CHECK(b.core.workers().front().in_flight == 0);
}

TEST_CASE("credit is passed on and opens the window", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s", {.flags = stream});
  const auto call = b.given(w);
  b.credit(c, 1, 3, 300);
  const sent more = b.one(w, message_type::credit);
  CHECK(more.call == call);
  CHECK(more.credit_items == 3);
  CHECK(more.credit_bytes == 300);
  for (int i = 0; i < 3; ++i) b.part(w, call, "x");
  CHECK(b.take(c).size() == 3);
  b.part(w, call, "x");
  CHECK(b.failed(c) == errc::too_slow);
}

TEST_CASE("credit that is granted while a call waits travels with its request", "[broker]") {
  bench b;
  const peer_id c = b.client();
  b.request(c, 1, "s", {.flags = stream, .credit_items = 1, .credit_bytes = 10});
  b.credit(c, 1, 2, 20);
  const peer_id w = b.worker("s");
  const sent given = b.one(w);
  CHECK(given.credit_items == 3);
  CHECK(given.credit_bytes == 30);
}

TEST_CASE("a bytes debt is paid back before the next item", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s", {.flags = stream, .credit_items = 10, .credit_bytes = 1});
  const auto call = b.given(w);
  b.part(w, call, std::string(100, 'x'));
  b.credit(c, 1, 0, 99);
  (void)b.take(c);
  b.part(w, call, "y");
  CHECK(b.failed(c) == errc::too_slow);
}

TEST_CASE("grants without end do not overflow", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s", {.flags = stream, .credit_items = UINT32_MAX, .credit_bytes = UINT32_MAX});
  const auto call = b.given(w);
  for (int i = 0; i < 1000; ++i) b.credit(c, 1, UINT32_MAX, UINT32_MAX);
  b.part(w, call, "x");
  CHECK(b.one(c).payload == "x");
}

TEST_CASE("a worker that streams to a caller who asked for no stream is stopped", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s", {.credit_items = 5, .credit_bytes = 500});
  const sent given = b.one(w);
  CHECK(given.credit_items == 0);
  b.part(w, given.call, "x");
  const sent answer = b.one(c, message_type::error);
  CHECK(answer.status == errc::invalid_argument);
  CHECK(answer.text == "s.m: answers with a stream: call it with .stream<T>()");
}

TEST_CASE("a final without items passes to a caller who asked for a stream", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s", {.flags = stream});
  b.final(w, b.given(w), "all of it");
  CHECK(b.one(c, message_type::final).payload == "all of it");
}

TEST_CASE("an item over payload_bytes_max ends the call as too_large", "[broker]") {
  options o;
  o.payload_bytes_max = 20;
  bench b(o);
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s", {.flags = stream | feed, .credit_items = 5, .credit_bytes = 500});
  const auto call = b.given(w);
  SECTION("of the answer") { b.part(w, call, std::string(21, 'x')); }
  SECTION("of the arguments") {
    b.credit(w, call, 5, 500);
    (void)b.take(c);
    b.part(c, 1, std::string(21, 'x'));
  }
  CHECK(b.failed(c) == errc::too_large);
  CHECK(b.one(w, message_type::cancel).call == call);
}

TEST_CASE("a client's items pass against the worker's credit, and its last one closes half", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s", {.flags = feed});
  const auto call = b.given(w);
  b.credit(w, call, 2, 1000);
  const sent grant = b.one(c, message_type::credit);
  CHECK(grant.call == 1);
  CHECK(grant.credit_items == 2);
  b.part(c, 1, "a");
  b.part(c, 1, "b", last);
  const auto told = b.take(w);
  REQUIRE(told.size() == 2);
  CHECK(told[0].payload == "a");
  CHECK_FALSE(told[0].has(last));
  CHECK(told[1].payload == "b");
  CHECK(told[1].call == call);
  CHECK(told[1].has(last));
  b.final(w, call, "two");
  CHECK(b.one(c).payload == "two");
}

TEST_CASE("a client's item beyond the worker's credit ends the call on both sides", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s", {.flags = feed});
  const auto call = b.given(w);
  SECTION("before the first credit") {}
  SECTION("behind the last") {
    b.credit(w, call, 1, 10);
    b.part(c, 1, "a");
    (void)b.take(c);
    (void)b.take(w);
  }
  b.part(c, 1, "b");
  CHECK(b.failed(c) == errc::too_slow);
  CHECK(b.one(w, message_type::cancel).call == call);
  CHECK(b.core.counted().overruns == 1);
  CHECK_FALSE(b.was_cut(c));
}

TEST_CASE("a client's item while its call is queued ends the call", "[broker]") {
  bench b;
  const peer_id c = b.client();
  b.request(c, 1, "s", {.flags = feed});
  b.part(c, 1, "early");
  CHECK(b.failed(c) == errc::too_slow);
}

TEST_CASE("the end of an empty client stream costs no credit, and may come while the call is queued", "[broker]") {
  bench b;
  const peer_id c = b.client();
  b.request(c, 1, "s", {.flags = feed});
  b.part(c, 1, "", last | empty);
  CHECK(b.none(c));
  const peer_id w = b.worker("s");
  const auto told = b.take(w);
  REQUIRE(told.size() == 2);
  CHECK(told[0].type == message_type::request);
  CHECK(told[1].type == message_type::part);
  CHECK(told[1].call == told[0].call);
  CHECK(told[1].flags == (last | empty));
}

TEST_CASE("an empty client stream survives the loss of its worker", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s"), other = b.worker("s");
  b.request(c, 1, "s", {.flags = feed | message_flag::idempotent});
  b.part(c, 1, "", last | empty);
  CHECK(b.take(w).size() == 2);
  b.close(w);
  const auto told = b.take(other);
  REQUIRE(told.size() == 2);
  CHECK(told[1].has(last));
}

TEST_CASE("an item behind the last one, or of a stream that was not announced, ends the call", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  SECTION("behind the last") {
    b.request(c, 1, "s", {.flags = feed});
    b.part(c, 1, "", last | empty);
  }
  SECTION("not announced") { b.request(c, 1, "s"); }
  (void)b.take(w);
  b.part(c, 1, "more");
  CHECK(b.failed(c) == errc::protocol_error);
  CHECK(b.one(w).type == message_type::cancel);
}

TEST_CASE("both directions may stream at once", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s", {.flags = feed | stream, .credit_items = 100, .credit_bytes = 10'000});
  const auto call = b.given(w);
  b.credit(w, call, 100, 10'000);
  (void)b.take(c);
  for (int i = 0; i < 50; ++i) {
    b.part(c, 1, "ping");
    b.part(w, call, "pong");
  }
  b.part(c, 1, "", last | empty);
  b.part(w, call, "still there");
  CHECK(b.take(w).size() == 51);
  CHECK(b.take(c).size() == 51);
  CHECK(b.core.counted().parts == 101);
}

TEST_CASE("what crosses the end of a call is dropped", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s", {.flags = feed | stream});
  b.final(w, b.given(w));
  (void)b.take(c);
  b.part(c, 1, "late");
  b.credit(c, 1, 1, 1);
  b.cancel(c, 1);
  CHECK(b.none(c));
  CHECK(b.none(w));
  CHECK_FALSE(b.was_cut(c));
  CHECK(b.core.counted().violations == 0);
}

TEST_CASE("a worker's credit for a call that does not stream arguments is ignored", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s");
  b.credit(w, b.given(w), 5, 5);
  CHECK(b.none(c));
}

TEST_CASE("a client whose dialect has no credit is granted it as its queue drains", "[broker]") {
  bench b;
  const peer_id c = b.client(creditless());
  const peer_id w = b.worker("s");
  b.request(c, 1, "s", {.flags = stream});
  const sent given = b.one(w);
  CHECK(given.credit_items == limits::stream_window_items);
  CHECK(given.credit_bytes == limits::stream_window_bytes);
  b.part(w, given.call, "abc");
  b.part(w, given.call, "def");
  CHECK(b.none(w));
  b.core.flushed(c, b.now);
  b.verify();
  const sent more = b.one(w, message_type::credit);
  CHECK(more.credit_items == 2);
  CHECK(more.credit_bytes == 6);
  b.core.flushed(c, b.now);
  CHECK(b.none(w));
}

TEST_CASE("a worker whose dialect has no credit is sent none, and is held to it all the same", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 1, {}, creditless());
  b.request(c, 1, "s", {.flags = stream, .credit_items = 1, .credit_bytes = 100});
  const auto call = b.given(w);
  b.credit(c, 1, 1, 100);
  CHECK(b.none(w));
  b.part(w, call, "a");
  b.part(w, call, "b");
  CHECK(b.take(c).size() == 2);
  b.part(w, call, "c");
  CHECK(b.failed(c) == errc::too_slow);
}

TEST_CASE("a worker whose dialect has no credit takes a client's stream as its queue drains", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 1, {}, creditless());
  b.request(c, 1, "s", {.flags = feed});
  CHECK(b.one(c, message_type::credit).credit_items == limits::stream_window_items);
  b.part(c, 1, "abc");
  b.core.flushed(w, b.now);
  b.verify();
  const sent more = b.one(c, message_type::credit);
  CHECK(more.credit_items == 1);
  CHECK(more.credit_bytes == 3);
}

TEST_CASE("a consumer that stops reading stops its producer and holds up nobody else", "[broker]") {
  bench b;
  const peer_id c = b.client(), d = b.client();
  const peer_id w = b.worker("s", 2);
  b.request(c, 1, "s", {.flags = stream, .credit_items = 3, .credit_bytes = 1000});
  const auto stopped = b.given(w);
  for (int i = 0; i < 3; ++i) b.part(w, stopped, "x");
  for (std::uint64_t i = 1; i <= 100; ++i) {
    b.request(d, i, "s");
    b.final(w, b.given(w));
    b.pass(1s);
    b.heartbeat(w);
  }
  CHECK(b.take(d).size() == 100);
  CHECK(b.take(c).size() == 3);
  b.credit(c, 1, 1, 0);
  b.part(w, stopped, "y");
  CHECK(b.one(c).payload == "y");
}

TEST_CASE("a caller who grants no more credit gives the worker's place back after credit_timeout", "[broker]") {
  options settings;
  settings.credit_timeout = 10min;
  bench b(settings);
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 1);
  ask how{.flags = stream, .credit_items = 1, .credit_bytes = 1000};
  SECTION("without a budget") {}
  SECTION("with one") { how.budget = 24h; }
  b.request(c, 1, "s", how);
  const auto call = b.given(w);
  b.pass(30s);
  b.part(w, call, "a");
  CHECK(b.one(c).payload == "a");
  b.pass(9min + 59s);
  CHECK(b.none(c));
  b.credit(c, 1, 1, 1000);
  CHECK(b.one(w, message_type::credit).call == call);
  b.part(w, call, "b");
  CHECK(b.one(c).payload == "b");
  b.pass(9min + 59s);
  CHECK(b.none(c));
  CHECK(b.none(w));
  b.pass(2s);
  const sent end = b.one(c, message_type::error);
  CHECK(end.status == errc::too_slow);
  CHECK(end.origin == origin::broker);
  CHECK(end.text ==
        "its caller took nothing of the answer of 's' for 600000 ms (credit_timeout), and the worker's place is for "
        "others");
  CHECK(b.one(w, message_type::cancel).call == call);
  b.error(w, call, errc::cancelled);
  b.receive(w, bench::of(message_type::heartbeat, 0));
  b.request(c, 2, "s");
  CHECK(b.one(w, message_type::request).call != call);
}

TEST_CASE("while a caller reads, its answer takes as long as it likes", "[broker]") {
  options settings;
  settings.credit_timeout = 10min;
  bench b(settings);
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s", {.flags = stream, .budget = 24h, .credit_items = 1, .credit_bytes = 1000});
  const auto call = b.given(w);
  for (int hours = 0; hours < 12; ++hours) {
    b.pass(1h);  // the method takes this time: its window is open
    CHECK(b.none(c));
    b.part(w, call, "x");
    CHECK(b.one(c).payload == "x");
    b.pass(9min);
    b.credit(c, 1, 1, 1000);
    CHECK(b.one(w, message_type::credit).call == call);
  }
  b.final(w, call, "");
  CHECK(b.one(c).type == message_type::final);
}

TEST_CASE("a budget that is over before credit_timeout ends the call as timed_out", "[broker]") {
  options settings;
  settings.credit_timeout = 10min;
  bench b(settings);
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s", {.flags = stream, .budget = 5min});
  CHECK(b.one(w).type == message_type::request);
  b.pass(5min + 1s);
  CHECK(b.failed(c) == errc::timed_out);
}

TEST_CASE("time in the queue is not time without credit", "[broker]") {
  options settings;
  settings.credit_timeout = 30s;
  bench b(settings);
  const peer_id c = b.client();
  const peer_id other = b.client();
  const peer_id w = b.worker("s", 1);
  b.request(other, 1, "s");
  const auto first = b.given(w);
  b.request(c, 1, "s", {.flags = stream, .budget = 24h});
  b.pass(29s);
  b.receive(w, bench::of(message_type::heartbeat, 0));
  b.final(w, first, "");
  CHECK(b.one(other).type == message_type::final);
  CHECK(b.one(w, message_type::request).has(stream));
  b.pass(29s);
  CHECK(b.none(c));
  b.pass(2s);
  CHECK(b.failed(c) == errc::too_slow);
}
