#include <catch2/catch.hpp>

#include "tests/unit/broker/core/core_fixture.hpp"

using namespace gate;
using namespace gate::broker;
using namespace gate::broker::testing;

TEST_CASE("a service that nobody serves is unavailable at once", "[broker]") {
  bench b;
  b.pass(5100ms);
  const peer_id c = b.client();
  b.request(c, 1, "nobody");
  const sent answer = b.one(c, message_type::error);
  CHECK(answer.status == errc::unavailable);
  CHECK(answer.origin == origin::broker);
  CHECK(answer.text == "service 'nobody' has no worker; start one or check the name");
  CHECK(b.refused(errc::unavailable) == 1);
  CHECK(b.core.measure().services == 0);
}

TEST_CASE("after the broker's start any name is waited for, until the grace ends", "[broker]") {
  bench b;
  const peer_id c = b.client();
  b.request(c, 1, "late");
  b.request(c, 2, "never");
  CHECK(b.none(c));
  b.pass(4s);
  const peer_id w = b.worker("late");
  CHECK(b.given(w) != 0);
  b.pass(900ms);
  CHECK(b.none(c));
  b.pass(200ms);
  const sent answer = b.one(c, message_type::error);
  CHECK(answer.call == 2);
  CHECK(answer.status == errc::unavailable);
  CHECK(b.core.measure().services == 1);
}

TEST_CASE("made-up names leave nothing behind, and are bounded, with room left for workers", "[broker]") {
  options o;
  o.services_max = 6;
  bench b(o);
  const peer_id c = b.client();
  for (std::uint64_t i = 1; i <= 5; ++i) b.request(c, i, "name" + std::to_string(i));
  CHECK(b.core.measure().services == 3);
  CHECK(b.refused(errc::busy) == 2);
  const peer_id w = b.worker("offered");
  CHECK(b.core.measure().services == 4);
  b.close(w);
  b.pass(6s);
  CHECK(b.core.measure().services == 0);
  CHECK(b.ended(errc::unavailable) == 3);
}

TEST_CASE("a service whose last worker left is waited for, until its grace ends", "[broker]") {
  bench b;
  b.pass(10s);
  const peer_id c = b.client();
  b.close(b.worker("s"));
  b.pass(1s);
  b.request(c, 1, "s");
  CHECK(b.none(c));
  SECTION("a worker comes back") {
    const peer_id w = b.worker("s");
    CHECK(b.given(w) != 0);
    b.pass(10s);
    b.request(c, 2, "s");
    CHECK(b.core.measure().queued == 1);
  }
  SECTION("nobody comes") {
    b.pass(3900ms);
    CHECK(b.none(c));
    b.pass(200ms);
    CHECK(b.failed(c) == errc::unavailable);
    CHECK(b.core.measure().services == 0);
    b.request(c, 2, "s");
    CHECK(b.failed(c) == errc::unavailable);
    CHECK(b.refused(errc::unavailable) == 1);
  }
  SECTION("a worker that drains has left") {
    const peer_id w = b.worker("s", 5);
    b.receive(w, bench::of(message_type::drain));
    b.request(c, 2, "s");
    (void)b.take(w);
    b.pass(5100ms);
    CHECK(b.failed(c) == errc::unavailable);
    b.request(c, 3, "s");
    CHECK(b.failed(c) == errc::unavailable);
    b.close(w);
    CHECK(b.failed(c) == errc::worker_lost);
    CHECK(b.core.measure().services == 0);  // the grace began with the drain, and does not begin again
  }
}

TEST_CASE("a queue is bounded in calls", "[broker]") {
  options o;
  o.queue_max = 3;
  bench b(o);
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 1);
  for (std::uint64_t i = 1; i <= 4; ++i) b.request(c, i, "s");
  CHECK(b.none(c));
  b.request(c, 5, "s");
  const sent answer = b.one(c, message_type::error);
  CHECK(answer.status == errc::busy);
  CHECK(answer.text.find("queue_max") != std::string::npos);
  CHECK(b.refused(errc::busy) == 1);
  b.final(w, b.given(w));
  (void)b.take(c);
  b.request(c, 6, "s");
  CHECK(b.none(c));
}

TEST_CASE("a queue is bounded in bytes", "[broker]") {
  options o;
  o.queue_bytes_max = 100;
  bench b(o);
  const peer_id c = b.client();
  b.request(c, 1, "s", {.payload = std::string(90, 'x')});
  b.request(c, 2, "s", {.payload = std::string(90, 'x')});
  CHECK(b.failed(c) == errc::busy);
  b.request(c, 3, "t", {.payload = std::string(90, 'x')});
  CHECK(b.none(c));
}

TEST_CASE("all queues together are bounded in calls and in bytes", "[broker]") {
  options o;
  SECTION("calls") { o.queue_total_max = 2; }
  SECTION("bytes") { o.queue_total_bytes_max = 250; }
  bench b(o);
  const peer_id c = b.client();
  const ask big{.payload = std::string(100, 'x')};
  b.request(c, 1, "s", big);
  b.request(c, 2, "t", big);
  CHECK(b.none(c));
  b.request(c, 3, "u", big);
  CHECK(b.failed(c) == errc::busy);
}

TEST_CASE("one client is bounded in open calls and in stored bytes, others go on", "[broker]") {
  options o;
  SECTION("calls") { o.client_calls_max = 2; }
  SECTION("bytes") { o.client_bytes_max = 250; }
  bench b(o);
  const peer_id c = b.client(), d = b.client();
  const ask big{.payload = std::string(100, 'x')};
  b.request(c, 1, "s", big);
  b.request(c, 2, "s", big);
  b.request(c, 3, "s", big);
  CHECK(b.failed(c) == errc::busy);
  b.request(d, 1, "s", big);
  CHECK(b.none(d));
  b.cancel(c, 1);
  (void)b.take(c);
  b.request(c, 4, "s", big);
  CHECK(b.none(c));
}

TEST_CASE("running calls count against client_calls_max, their bytes do not count", "[broker]") {
  options o;
  o.client_calls_max = 2;
  o.client_bytes_max = 150;
  bench b(o);
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 5);
  const ask big{.payload = std::string(100, 'x')};
  b.request(c, 1, "s", big);
  b.request(c, 2, "s", big);
  CHECK(b.take(w).size() == 2);
  b.request(c, 3, "s", big);
  CHECK(b.failed(c) == errc::busy);
}

TEST_CASE("a call waits no longer than queue_age_max", "[broker]") {
  options o;
  o.queue_age_max = 500ms;
  bench b(o);
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 1);
  b.request(c, 1, "s");
  b.request(c, 2, "s", {.budget = 10s});
  b.pass(490ms);
  CHECK(b.none(c));
  b.pass(20ms);
  const sent answer = b.one(c, message_type::error);
  CHECK(answer.call == 2);
  CHECK(answer.status == errc::unavailable);
  CHECK(answer.text.find("queue_age_max") != std::string::npos);
  CHECK(b.take(w).size() == 1);
}

TEST_CASE("ten thousand calls to a slow worker stay within the queue's bound", "[broker]") {
  options o;
  o.queue_max = 1000;
  bench b(o);
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 1);
  std::size_t most = 0;
  const ask how;
  for (std::uint64_t i = 1; i <= 10'000; ++i) {
    b.core.received(c, bench::request_message(i, "s", how), nullptr, b.now);
    most = std::max(most, b.core.measure().queued);
  }
  b.verify();
  CHECK(most == 1000);
  CHECK(b.refused(errc::busy) == 10'000 - 1001);
  CHECK(b.take(c).size() == 10'000 - 1001);
  CHECK(b.take(w).size() == 1);
}

TEST_CASE("calls with many methods wait and are served in order of their coming", "[broker]") {
  bench b;
  const peer_id c = b.client();
  for (std::uint64_t i = 1; i <= 50; ++i) b.request(c, i, "s", {.method = "m" + std::to_string(i % 5)});
  const peer_id v = b.worker("s", 1, {"m1", "m2"});  // no worker is left for the other calls: they end
  CHECK(b.ended(errc::no_method) == 30);
  const peer_id w = b.worker("s", 1, {"m2"});
  std::uint64_t served = 0;
  for (bool more = true; more;) {
    more = false;
    for (peer_id id : {v, w}) {
      for (const sent& s : b.take(id)) {
        ++served;
        more = true;
        b.final(id, s.call);
      }
    }
  }
  CHECK(served == 20);
  CHECK(b.core.measure().queued == 0);
}

TEST_CASE("a client who cannot be told an error waits for any service, until the grace ends", "[broker]") {
  bench b;
  b.pass(10s);
  peer_context cannot_be_told = bench::context();
  cannot_be_told.errors = false;
  const peer_id patient = b.client(cannot_be_told);
  b.request(patient, 1, "late");
  b.request(patient, 2, "never");
  CHECK(b.none(patient));

  // A client whose dialect has errors gets one at once, even if another client waits for the same name.
  const peer_id other = b.client();
  b.request(other, 1, "never");
  CHECK(b.failed(other) == errc::unavailable);

  b.pass(4s);
  const peer_id w = b.worker("late");
  CHECK(b.given(w) != 0);
  b.request(other, 2, "late");
  CHECK(b.none(other));  // there is a worker now: the call is queued as usual
  b.pass(1100ms);
  const sent answer = b.one(patient, message_type::error);
  CHECK(answer.call == 2);
  CHECK(answer.status == errc::unavailable);
}

TEST_CASE("a service that the patient wait for is like any other once it had a worker", "[broker]") {
  bench b;
  b.pass(10s);
  peer_context cannot_be_told = bench::context();
  cannot_be_told.errors = false;
  const peer_id patient = b.client(cannot_be_told);
  b.request(patient, 1, "s");
  const peer_id w = b.worker("s");
  b.final(w, b.given(w));
  b.close(w);
  const peer_id other = b.client();
  b.request(other, 1, "s");
  CHECK(b.none(other));  // within the grace of a worker that left
}
