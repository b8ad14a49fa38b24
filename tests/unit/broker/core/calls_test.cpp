#include <catch2/catch.hpp>

#include "tests/unit/broker/core/core_fixture.hpp"

using namespace gate;
using namespace gate::broker;
using namespace gate::broker::testing;

TEST_CASE("a request goes to a worker and its answer to the client", "[broker]") {
  bench b;
  const peer_id w = b.worker("echo");
  const peer_id c = b.client(bench::context("ann"));
  b.request(c, 17, "echo", {.payload = "hello", .method = "say"});
  const sent given = b.one(w, message_type::request);
  CHECK(given.service == "echo");
  CHECK(given.method == "say");
  CHECK(given.payload == "hello");
  CHECK(given.caller == "ann");
  CHECK(given.call != 17);
  CHECK(b.core.measure().in_flight == 1);
  b.now += 3ms;
  b.final(w, given.call, "hello to you");
  const sent answer = b.one(c, message_type::final);
  CHECK(answer.call == 17);
  CHECK(answer.payload == "hello to you");
  CHECK(b.ended(errc::ok) == 1);
  CHECK(b.core.measure().in_flight == 0);
}

TEST_CASE("a final carries the queue time of the broker and the service time of the worker", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 1);
  b.request(c, 1, "s");
  b.request(c, 2, "s");
  const auto first = b.given(w);
  b.now += 5ms;
  b.final(w, first);
  CHECK(b.one(c, message_type::final).queue_time == 0us);
  message m = bench::of(message_type::final, b.given(w));
  m.service_time = 123us;
  m.queue_time = 99s;
  b.receive(w, m);
  const sent answer = b.one(c, message_type::final);
  CHECK(answer.queue_time == 5ms);
  CHECK(answer.service_time == 123us);
}

TEST_CASE("an error of a worker reaches the client as the worker's", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s");
  message m = bench::of(message_type::error, b.given(w));
  m.status = errc::failed;
  m.text = "out of paper";
  m.remote_type = "jam";
  m.origin = origin::broker;  // the broker does not believe this field of a worker's
  b.receive(w, m);
  const sent answer = b.one(c, message_type::error);
  CHECK(answer.status == errc::failed);
  CHECK(answer.text == "out of paper");
  CHECK(answer.remote_type == "jam");
  CHECK(answer.origin == origin::worker);
  CHECK(b.ended(errc::failed) == 1);
}

TEST_CASE("an error that says ok is a fault, not a success", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s");
  b.error(w, b.given(w), errc::ok);
  CHECK(b.failed(c) == errc::internal);
  CHECK(b.ended(errc::ok) == 0);
}

TEST_CASE("the fields of a request travel on, those that a client must not set do not", "[broker]") {
  bench b;
  const peer_id c = b.client(bench::context("ann"));
  const peer_id w = b.worker("s");
  std::string metadata;
  REQUIRE(append_metadata(metadata, "colour", "blue"));
  const ask how{.budget = 5500ms, .attempt = 4};
  message m = bench::request_message(1, "s", how);
  m.metadata = metadata_view(metadata);
  m.idempotency_key = "key";
  m.traceparent = "00-aa-bb-01";
  m.caller = "somebody else";
  m.flags = message_flag::named | message_flag::external;
  b.receive(c, m);
  const sent given = b.one(w, message_type::request);
  CHECK(given.metadata == metadata);
  CHECK(given.idempotency_key == "key");
  CHECK(given.traceparent == "00-aa-bb-01");
  CHECK(given.caller == "ann");
  CHECK(given.attempt == 4);
  CHECK(given.budget == 5500ms);
  CHECK(given.flags == message_flag::named);
}

TEST_CASE("a queued request arrives with all its fields", "[broker]") {
  bench b;
  const peer_id c = b.client(bench::context("ann"));
  std::string metadata;
  REQUIRE(append_metadata(metadata, "colour", "blue"));
  {
    std::string first = "one", second = "two", method = "m", key = "key";
    const bytes_view rest[] = {second};
    const ask how;
    message m = bench::request_message(1, "s", how);
    m.method = method;
    m.payload = payload_view(first, rest);
    m.metadata = metadata_view(metadata);
    m.idempotency_key = key;
    b.receive(c, m);
    first = second = method = key = "xxx";  // the views are valid only during the call
  }
  const peer_id w = b.worker("s");
  const sent given = b.one(w, message_type::request);
  CHECK(given.payload == "onetwo");
  CHECK(given.frames == 2);
  CHECK(given.method == "m");
  CHECK(given.metadata == metadata);
  CHECK(given.idempotency_key == "key");
  CHECK(given.caller == "ann");
}

TEST_CASE("the budget that travels on is what is left, rounded up", "[broker]") {
  bench b;
  const peer_id c = b.client();
  b.request(c, 1, "s", {.budget = 100ms});
  b.request(c, 2, "s", {.budget = 31ms});
  b.now += 30ms + 500us;
  const peer_id w = b.worker("s", 2);
  const std::vector<sent> given = b.take(w);
  REQUIRE(given.size() == 2);
  CHECK(given[0].budget == 70ms);
  CHECK(given[1].budget == 1ms);
}

TEST_CASE("an answer is believed only from the worker that holds the call", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  const peer_id other = b.worker("s");
  b.request(c, 1, "s");
  const auto call = b.given(w);
  b.final(other, call, "forged");
  CHECK(b.none(c));
  CHECK(b.core.counted().late_answers == 1);
  b.final(w, call);
  CHECK(b.one(c, message_type::final).payload == "result");
}

TEST_CASE("the second answer to a call is dropped and counted", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s");
  const auto call = b.given(w);
  b.final(w, call);
  b.request(c, 2, "s");
  CHECK(b.given(w) != call);  // an id is not used again
  b.final(w, call, "again");
  CHECK(b.one(c, message_type::final).call == 1);
  CHECK(b.core.counted().late_answers == 1);
  CHECK(b.core.measure().in_flight == 1);
}

TEST_CASE("a request that names an open call ends the connection", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 2);
  b.request(c, 1, "s");
  (void)b.take(w);
  b.request(c, 1, "s");
  CHECK(b.one(c, message_type::bye).status == errc::protocol_error);
  CHECK(b.was_cut(c));
  CHECK(b.core.counted().violations == 1);
  CHECK(b.one(w).type == message_type::cancel);
}

TEST_CASE("two clients may use the same number", "[broker]") {
  bench b;
  const peer_id c = b.client(), d = b.client();
  const peer_id w = b.worker("s", 2);
  b.request(c, 1, "s", {.payload = "c"});
  b.request(d, 1, "s", {.payload = "d"});
  for (const sent& s : b.take(w)) b.final(w, s.call, "for " + s.payload);
  CHECK(b.one(c).payload == "for c");
  CHECK(b.one(d).payload == "for d");
}

TEST_CASE("a number may be used again once its call has ended", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  for (int i = 0; i < 3; ++i) {
    b.request(c, 1, "s");
    b.final(w, b.given(w));
    CHECK(b.one(c, message_type::final).call == 1);
  }
}

TEST_CASE("arguments over payload_bytes_max are refused as too large", "[broker]") {
  options o;
  o.payload_bytes_max = 10;
  bench b(o);
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s", {.payload = "0123456789"});
  CHECK(b.given(w) != 0);
  b.request(c, 2, "s", {.payload = "0123456789a"});
  CHECK(b.failed(c) == errc::too_large);
  CHECK(b.refused(errc::too_large) == 1);
}

TEST_CASE("a result over payload_bytes_max reaches the client as too large", "[broker]") {
  options o;
  o.payload_bytes_max = 10;
  bench b(o);
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s", {.payload = ""});
  b.final(w, b.given(w), "0123456789a");
  const sent answer = b.one(c, message_type::error);
  CHECK(answer.status == errc::too_large);
  CHECK(answer.origin == origin::broker);
  CHECK(answer.payload.empty());
  CHECK(b.ended(errc::too_large) == 1);
  b.request(c, 2, "s", {.payload = ""});
  CHECK(b.given(w) != 0);  // its credit is back
}

TEST_CASE("a cancelled call ends at once, and its worker is told", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s");
  const auto call = b.given(w);
  b.cancel(c, 1);
  const sent answer = b.one(c, message_type::error);
  CHECK(answer.status == errc::cancelled);
  CHECK(answer.origin == origin::broker);
  CHECK(b.one(w, message_type::cancel).call == call);
  CHECK(b.ended(errc::cancelled) == 1);
  SECTION("its credit stays taken until the late answer") {
    b.request(c, 2, "s");
    CHECK(b.none(w));
    b.error(w, call, errc::cancelled);
    CHECK(b.given(w) != call);
    CHECK(b.none(c));
    CHECK(b.core.counted().late_answers == 1);
  }
  SECTION("a second cancel is dropped") {
    b.cancel(c, 1);
    CHECK(b.none(c));
    CHECK(b.none(w));
  }
}

TEST_CASE("a cancelled call that was queued never reaches a worker", "[broker]") {
  bench b;
  const peer_id c = b.client();
  b.request(c, 1, "s");
  b.cancel(c, 1);
  CHECK(b.failed(c) == errc::cancelled);
  const peer_id w = b.worker("s");
  CHECK(b.none(w));
  CHECK(b.core.measure().queued_bytes == 0);
}

TEST_CASE("the calls of a client that is gone are cancelled", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s");
  b.request(c, 2, "s");
  const auto call = b.given(w);
  SECTION("by the end of its connection") { b.close(c); }
  SECTION("by its bye") { b.receive(c, bench::of(message_type::bye)); }
  SECTION("by a second hello") { b.receive(c, bench::hello(peer_role::client)); }
  CHECK(b.one(w, message_type::cancel).call == call);
  CHECK(b.ended(errc::cancelled) == 2);
  b.final(w, call);
  for (const sent& s : b.take(c)) CHECK(s.type == message_type::welcome);
  CHECK(b.core.measure().queued == 0);
}

TEST_CASE("nothing is ever sent to the client of a one-way call", "[broker]") {
  bench b(without_grace());
  const peer_id c = b.client();
  const ask quietly{.flags = message_flag::one_way | message_flag::wants_stream,
                    .budget = 50ms,
                    .credit_items = 9,
                    .credit_bytes = 9};
  SECTION("when it is refused") {
    b.request(c, 1, "nobody", quietly);
    CHECK(b.refused(errc::unavailable) == 1);
  }
  SECTION("when it is answered") {
    const peer_id w = b.worker("s");
    b.request(c, 1, "s", quietly);
    const sent given = b.one(w, message_type::request);
    CHECK(given.has(message_flag::one_way));
    CHECK_FALSE(given.has(message_flag::wants_stream));
    b.final(w, given.call);
    CHECK(b.ended(errc::ok) == 1);
  }
  SECTION("when it fails") {
    const peer_id w = b.worker("s");
    b.request(c, 1, "s", quietly);
    b.error(w, b.given(w), errc::failed);
    CHECK(b.ended(errc::failed) == 1);
  }
  SECTION("when its budget ends") {
    const peer_id w = b.worker("s");
    b.request(c, 1, "s", quietly);
    b.pass(100ms);
    CHECK(b.ended(errc::timed_out) == 1);
    CHECK(b.take(w).back().type == message_type::cancel);
  }
  SECTION("when its worker sends items") {
    const peer_id w = b.worker("s");
    b.request(c, 1, "s", quietly);
    b.part(w, b.given(w), "item");
    CHECK(b.ended(errc::invalid_argument) == 1);
  }
  CHECK(b.none(c));
}

TEST_CASE("a one-way call goes on when its client leaves", "[broker]") {
  bench b;
  const peer_id c = b.client(bench::context("ann"));
  b.request(c, 1, "s", {.flags = message_flag::one_way});
  b.close(c);
  CHECK(b.core.measure().queued == 1);
  const peer_id w = b.worker("s");
  const sent given = b.one(w, message_type::request);
  CHECK(given.caller == "ann");
  b.final(w, given.call);
  CHECK(b.ended(errc::ok) == 1);
}

TEST_CASE("one-way calls may share a number, since nobody can name them again", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 3);
  b.request(c, 5, "s", {.flags = message_flag::one_way});
  b.request(c, 5, "s", {.flags = message_flag::one_way});
  CHECK(b.take(w).size() == 2);
  b.cancel(c, 5);
  CHECK(b.none(w));
}

TEST_CASE("hooks hear of each call that was accepted, once", "[broker]") {
  struct : observer {
    void call_done(const call_record& call) override {
      ++calls;
      method = call.method;
      caller = call.caller;
      status = call.status;
      total = call.total_time;
    }
    int calls = 0;
    std::string method, caller;
    errc status{};
    std::chrono::microseconds total{};
  } seen;
  options o;
  o.watcher = &seen;
  bench b(o);
  const peer_id c = b.client(bench::context("ann"));
  const peer_id w = b.worker("s");
  b.request(c, 1, "s", {.method = "paint"});
  b.now += 2ms;
  b.error(w, b.given(w), errc::failed);
  CHECK(seen.calls == 1);
  CHECK(seen.method == "paint");
  CHECK(seen.caller == "ann");
  CHECK(seen.status == errc::failed);
  CHECK(seen.total == 2ms);
}
