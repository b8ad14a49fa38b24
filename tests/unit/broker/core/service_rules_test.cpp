// What a service_policy changes: the bounds of a queue, the rate of a method, and who says that a call may run twice.
#include <chrono>
#include <string>

#include <catch2/catch.hpp>

#include "tests/unit/broker/core/core_fixture.hpp"

using namespace gate;
using namespace gate::broker;
using namespace gate::broker::testing;
using namespace std::chrono_literals;

namespace {

struct told final : observer {
  void refused(const refusal_record& r) override {
    if (r.reason == refusal::over_method_rate) limits.push_back(std::string(r.service) + '.' + std::string(r.method));
  }
  std::vector<std::string> limits;
};

// How many of `count` calls the service queues; its only worker is busy.
std::size_t queues(bench& b, std::string_view service, std::uint64_t count, const ask& how = {}) {
  const peer_id client = b.client();
  const peer_id worker = b.worker(service, 1);
  b.request(client, 1000, service);
  b.given(worker);
  for (std::uint64_t n = 1; n <= count; ++n) b.request(client, n, service, how);
  return count - b.take(client).size();
}

}  // namespace

// --- the queue

TEST_CASE("a service with a policy has a queue of its own length, and others have the broker's", "[broker]") {
  options o;
  o.queue_max = 5;
  o.services["small"].queue_max = 2;
  o.services["large"].queue_max = 8;
  bench b(o);
  CHECK(queues(b, "small", 10) == 2);
  CHECK(queues(b, "large", 10) == 8);
  CHECK(queues(b, "plain", 10) == 5);
}

TEST_CASE("the bytes in the queue of a service are bounded by its policy", "[broker]") {
  options o;
  o.services["s"].queue_bytes_max = 1000;
  bench b(o);
  const std::string payload(400, 'x');
  CHECK(queues(b, "s", 10, {.payload = payload}) == 2);
  CHECK(queues(b, "other", 10, {.payload = payload}) == 10);
}

TEST_CASE("a call waits as long as the policy of its service allows", "[broker]") {
  options o;
  o.queue_age_max = 10s;
  o.services["quick"].queue_age_max = 1s;
  bench b(o);
  const peer_id client = b.client();
  std::uint64_t number = 0;
  for (const char* service : {"quick", "plain"}) {
    const peer_id worker = b.worker(service, 1);
    b.request(client, ++number, service);
    b.given(worker);
    b.request(client, ++number, service);
  }
  b.pass(1100ms);
  const sent ended = b.one(client, message_type::error);
  CHECK(ended.call == 2);
  CHECK(ended.status == errc::unavailable);
  b.pass(9s);
  CHECK(b.one(client, message_type::error).call == 4);
}

TEST_CASE("a policy is found by the name of the service with its namespace", "[broker]") {
  options o;
  o.services["prod/s"].queue_max = 1;
  bench b(o);
  CHECK(queues(b, "prod/s", 4) == 1);
  CHECK(queues(b, "test/s", 4) == 4);
  CHECK(queues(b, "s", 4) == 4);
}

TEST_CASE("what a service's own policy leaves open is that of the defaults, then that of the broker", "[broker]") {
  options o;
  o.queue_max = 9;
  o.queue_age_max = 10s;
  o.service_defaults.queue_max = 3;
  o.services["own"].queue_max = 6;
  o.services["half"].queue_age_max = 1s;
  bench b(o);
  CHECK(queues(b, "own", 10) == 6);
  CHECK(queues(b, "half", 10) == 3);
  CHECK(queues(b, "none", 10) == 3);
}

TEST_CASE("a policy that allows any waiting time does not overflow", "[broker]") {
  options o;
  o.services["s"].queue_age_max = std::chrono::milliseconds::max();
  bench b(o);
  CHECK(queues(b, "s", 3) == 3);
  b.pass(1h);
  CHECK(b.ended(errc::unavailable) == 0);
}

// --- the rate of a method

TEST_CASE("calls of a method beyond its rate are busy, and the error says when to call again", "[broker]") {
  told watcher;
  options o;
  o.watcher = &watcher;
  o.services["s"].methods["m"].requests_per_second_max = 10;
  o.services["s"].methods["m"].requests_burst_max = 3;
  bench b(o);
  const peer_id worker = b.worker("s", 100);
  const peer_id other = b.worker("t", 100);
  const peer_id ann = b.client(bench::context("ann")), bob = b.client(bench::context("bob"));
  b.request(ann, 1, "s");
  b.request(bob, 1, "s");
  b.request(ann, 2, "s");
  CHECK(b.take(worker).size() == 3);
  b.request(bob, 2, "s");  // the clients share the rate
  const sent busy = b.one(bob, message_type::error);
  CHECK(busy.status == errc::busy);
  CHECK(busy.text ==
        "method 'm' of service 's' takes 10 requests a second (requests_per_second_max of the method); call again in "
        "100 ms");
  CHECK(watcher.limits == std::vector<std::string>{"s.m"});
  CHECK(b.core.counted().over_method_rate == 1);
  CHECK(b.refused(errc::busy) == 1);
  // Other methods, and the same method of another service, have no such rate.
  b.request(bob, 3, "s", {.method = "n"});
  b.given(worker);
  b.request(bob, 4, "t");
  b.given(other);
  b.pass(100ms);
  b.request(bob, 5, "s");
  b.given(worker);
  b.request(bob, 6, "s");
  CHECK(b.failed(bob) == errc::busy);
}

TEST_CASE("a rate without a burst lets the calls of one second pass at once", "[broker]") {
  options o;
  o.services["s"].methods["m"].requests_per_second_max = 4;
  bench b(o);
  CHECK(queues(b, "s", 10) == 3);  // one more was given to the worker
}

TEST_CASE("a call that was let pass and is given to a second worker does not count twice", "[broker]") {
  options o;
  o.services["s"].methods["m"].requests_per_second_max = 1;
  bench b(o);
  const peer_id client = b.client();
  const peer_id first = b.worker("s", 1);
  b.request(client, 1, "s", {.flags = message_flag::idempotent});
  b.given(first);
  const peer_id second = b.worker("s", 1);
  b.close(first);
  b.given(second);
  CHECK(b.none(client));
}

TEST_CASE("a service's own rule for a method leaves the other fields to the defaults", "[broker]") {
  options o;
  o.service_defaults.methods["m"].requests_per_second_max = 1;
  o.services["s"].methods["m"].requests_burst_max = 3;
  o.services["free"].methods["m"].requests_per_second_max = 0;
  bench b(o);
  CHECK(queues(b, "s", 10) == 2);
  CHECK(queues(b, "free", 10) == 10);
  CHECK(queues(b, "t", 10) == 0);
}

TEST_CASE("the broker's own services have no policy", "[broker]") {
  options o = without_grace();
  o.service_defaults.methods["m"].requests_per_second_max = 1;
  o.services["gate"].methods["m"].requests_per_second_max = 1;
  bench b(o);
  b.core.opened(internal_peer, bench::context(), b.now);
  b.join(internal_peer, "gate", 100);
  (void)b.take(internal_peer);
  const peer_id client = b.client();
  for (std::uint64_t n = 1; n <= 5; ++n) b.request(client, n, "gate");
  CHECK(b.take(internal_peer).size() == 5);
}

// --- the operator's word on idempotency

TEST_CASE("a call of a method that the operator calls idempotent is given to a second worker", "[broker]") {
  options o;
  o.services["s"].methods["m"].idempotent = true;
  bench b(o);
  const peer_id client = b.client();
  const peer_id first = b.worker("s", 1);
  b.request(client, 1, "s");
  CHECK(b.one(first, message_type::request).has(message_flag::idempotent));
  const peer_id second = b.worker("s", 1);
  b.close(first);
  b.given(second);
  CHECK(b.none(client));
}

TEST_CASE("a call of a method that the operator calls not idempotent ends when its worker is lost", "[broker]") {
  options o;
  o.services["s"].methods["m"].idempotent = false;
  bench b(o);
  const peer_id client = b.client();
  const peer_id first = b.worker("s", 1);
  b.request(client, 1, "s", {.flags = message_flag::idempotent});
  CHECK_FALSE(b.one(first, message_type::request).has(message_flag::idempotent));
  const peer_id second = b.worker("s", 1);
  b.close(first);
  CHECK(b.none(second));
  CHECK(b.failed(client) == errc::worker_lost);
}
