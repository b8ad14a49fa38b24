// docs/scheduling.md: turns of clients, choice of workers, calls that are called back, slots that are given back.
#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/broker/core/scheduling_fixture.hpp"

using namespace gate;
using namespace gate::broker;
using namespace gate::broker::testing;
using namespace std::chrono_literals;

// --- turns

TEST_CASE("a client's single call waits for one call of each other client, whatever they have queued", "[broker]") {
  bench b;
  const peer_id flood = b.client(), single = b.client();
  const peer_id w = b.worker("s", 1);
  for (std::uint64_t i = 1; i <= 2000; ++i) b.request(flood, i, "s", {.payload = "f" + std::to_string(i)});
  b.request(single, 1, "s", {.payload = "single"});
  std::string order;
  for (int i = 0; i < 4; ++i) {
    const sent given = b.one(w, message_type::request);
    order += given.payload + " ";
    b.final(w, given.call);
  }
  CHECK(order == "f1 f2 single f3 ");
}

TEST_CASE("the connections of one principal share its turns", "[broker]") {
  bench b;
  std::vector<peer_id> many;
  for (int i = 0; i < 20; ++i) many.push_back(b.client(bench::context("alice")));
  const peer_id bob = b.client(bench::context("bob"));
  const peer_id w = b.worker("s", 1);
  for (std::uint64_t n = 1; n <= 3; ++n) {
    for (const peer_id c : many) b.request(c, n, "s", {.payload = "a"});
  }
  for (std::uint64_t n = 1; n <= 3; ++n) b.request(bob, n, "s", {.payload = "b"});
  std::string order;
  for (int i = 0; i < 9; ++i) {
    const sent given = b.one(w, message_type::request);
    order += given.payload;
    b.final(w, given.call);
  }
  CHECK(order == "aabababaa");
}

TEST_CASE("within a principal its connections take turns", "[broker]") {
  bench b;
  const peer_id c = b.client(bench::context("alice")), d = b.client(bench::context("alice"));
  const peer_id w = b.worker("s", 1);
  for (std::uint64_t n = 1; n <= 4; ++n) b.request(c, n, "s", {.payload = "c"});
  for (std::uint64_t n = 1; n <= 2; ++n) b.request(d, n, "s", {.payload = "d"});
  std::string order;
  for (int i = 0; i < 6; ++i) {
    const sent given = b.one(w, message_type::request);
    order += given.payload;
    b.final(w, given.call);
  }
  CHECK(order == "ccdcdc");
}

TEST_CASE("a lane that is flooded does not keep another one waiting", "[broker]") {
  bench b;
  const peer_id flood = b.client(), single = b.client();
  const peer_id w = threaded(b, 1, 1);
  for (std::uint64_t n = 1; n <= 100; ++n) b.request(flood, n, "s", plain);
  b.request(single, 1, "s", coroutine);
  std::string order;
  for (int i = 0; i < 3; ++i) {
    const std::vector<sent> given = requests_to(b, w);
    REQUIRE(given.size() == 1);
    order += given.front().method + " ";
    answer(b, w, given.front().call, 10ms);
  }
  CHECK(order == "plain plain co ");
}

TEST_CASE("one-way calls of a client that has left keep their place", "[broker]") {
  bench b;
  const peer_id c = b.client(), d = b.client();
  const peer_id w = b.worker("s", 1);
  b.request(d, 1, "s", {.payload = "first"});
  for (std::uint64_t n = 1; n <= 2; ++n) b.request(c, n, "s", {.payload = "one-way", .flags = message_flag::one_way});
  b.close(c);
  b.request(d, 2, "s", {.payload = "later"});
  std::string order;
  for (int i = 0; i < 4; ++i) {
    const sent given = b.one(w, message_type::request);
    order += given.payload + " ";
    b.final(w, given.call);
  }
  CHECK(order == "first one-way later one-way ");
}

TEST_CASE("a client that waits in many lanes has its turn in each", "[broker]") {
  bench b;
  const peer_id c = b.client(), d = b.client();
  std::vector<peer_id> workers;
  constexpr std::uint64_t services = 40;
  for (std::uint64_t i = 0; i < services; ++i) workers.push_back(b.worker("s" + std::to_string(i), 1));
  std::uint64_t n = 0;
  for (const peer_id from : {c, d, c, c}) {
    for (std::uint64_t i = 0; i < services; ++i) {
      b.request(from, ++n, "s" + std::to_string(i), {.payload = from == c ? "c" : "d"});
    }
  }
  b.request(d, ++n, "s39", {.payload = "one-way", .flags = message_flag::one_way});
  b.close(d);  // its waiting calls end with it; the one-way call stays
  const peer_id e = b.client();
  b.request(e, 1, "s39", {.payload = "e"});
  for (std::uint64_t i = 0; i < services; ++i) {
    std::string order;
    for (int k = 0; k < 5; ++k) {
      const auto given = b.take(workers[i]);
      for (const sent& s : given) {
        if (s.type != message_type::request) continue;
        order += s.payload;
        b.final(workers[i], s.call);
      }
    }
    CHECK(order == (i == 39 ? "cone-waycec" : "ccc"));
  }
}

// --- bounds

TEST_CASE("a full queue makes room for a client with less in it", "[broker]") {
  options settings;
  settings.queue_max = 10;
  bench b(settings);
  const peer_id flood = b.client(), single = b.client();
  const peer_id w = b.worker("s", 1);
  for (std::uint64_t n = 1; n <= 11; ++n) b.request(flood, n, "s");
  CHECK(b.none(flood));
  b.request(flood, 12, "s");
  CHECK(b.one(flood, message_type::error).status == errc::busy);  // its own flood must not cost others anything
  b.request(single, 1, "s", {.payload = "single"});
  CHECK(b.none(single));
  const sent busy = b.one(flood, message_type::error);
  CHECK(busy.status == errc::busy);
  CHECK(static_cast<std::uint64_t>(busy.call) == 11);
  CHECK(b.core.counted().displaced == 1);
  for (std::uint64_t n = 2; n <= 20; ++n) b.request(single, n, "s");
  const service_view s = b.core.services().front();
  CHECK(s.queued == 10);
  // Until both have about the same number of waiting calls.
  CHECK(b.core.counted().displaced >= 4);
  CHECK(b.core.counted().displaced <= 5);
  CHECK(b.one(w, message_type::request).payload == "arguments");
}

TEST_CASE("bytes that fill a queue are made room in too", "[broker]") {
  options settings;
  settings.queue_bytes_max = 10'000;
  bench b(settings);
  const peer_id flood = b.client(), single = b.client();
  b.worker("s", 1);
  const ask large{.payload = std::string(900, 'x')};
  for (std::uint64_t n = 1; n <= 30; ++n) b.request(flood, n, "s", large);
  (void)b.take(flood);
  b.request(single, 1, "s", large);
  CHECK(b.none(single));
  CHECK(b.one(flood, message_type::error).status == errc::busy);
}

TEST_CASE("no call ends for one that gets no room all the same", "[broker]") {
  options settings;
  settings.queue_bytes_max = 100'000;
  settings.client_bytes_max = 90'000;
  bench b(settings);
  const peer_id flood = b.client(), single = b.client();
  b.worker("s", 1);
  const ask small{.payload = std::string(900, 'x')};
  for (std::uint64_t n = 1; n <= 101; ++n) b.request(flood, n, "s", small);
  (void)b.take(flood);
  const std::size_t before = b.core.services().front().queued;
  SECTION("since more must leave than may") { b.request(single, 1, "s", {.payload = std::string(40'000, 'x')}); }
  SECTION("since its client has too much itself") { b.request(single, 1, "s", {.payload = std::string(95'000, 'x')}); }
  CHECK(b.one(single, message_type::error).status == errc::busy);
  CHECK(b.none(flood));
  CHECK(b.core.counted().displaced == 0);
  CHECK(b.core.services().front().queued == before);
}

TEST_CASE("several small calls make room for a larger one", "[broker]") {
  options settings;
  settings.queue_bytes_max = 100'000;
  bench b(settings);
  const peer_id flood = b.client(), single = b.client();
  b.worker("s", 1);
  const ask small{.payload = std::string(900, 'x')};
  for (std::uint64_t n = 1; n <= 112; ++n) b.request(flood, n, "s", small);
  (void)b.take(flood);
  b.request(single, 1, "s", {.payload = std::string(5'000, 'x')});
  CHECK(b.none(single));
  CHECK(b.core.counted().displaced >= 5);
  CHECK(b.core.counted().displaced <= 7);
}

TEST_CASE("by default one client leaves room in the queue for others", "[broker]") {
  const options settings;
  CHECK(settings.client_calls_max + settings.queue_max / 8 <= settings.queue_max);
}

// --- which worker

TEST_CASE("the worker that holds fewest in proportion is given the next call", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id small = threaded(b, 1), large = threaded(b, 3);
  for (std::uint64_t n = 1; n <= 4; ++n) b.request(c, n, "s", plain);
  CHECK(requests_to(b, small).size() == 1);
  CHECK(requests_to(b, large).size() == 3);
  b.request(c, 5, "s", plain);
  CHECK(b.core.measure().queued == 1);
}

TEST_CASE("a worker that holds long calls is not given the next because it was used longest ago", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id v = b.worker("s", 10), w = b.worker("s", 10);
  b.request(c, 1, "s");
  b.request(c, 2, "s");
  b.request(c, 3, "s");
  const auto at_v = b.take(v), at_w = b.take(w);
  REQUIRE(at_v.size() == 2);
  REQUIRE(at_w.size() == 1);
  b.final(w, at_w[0].call);
  for (std::uint64_t n = 4; n <= 5; ++n) b.request(c, n, "s");
  CHECK(b.none(v));
  CHECK(b.take(w).size() == 2);
}

TEST_CASE("coroutines are bounded by the capacity alone", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = threaded(b, 2, 100);
  for (std::uint64_t n = 1; n <= 101; ++n) b.request(c, n, "s", coroutine);
  CHECK(requests_to(b, w).size() == 100);
  CHECK(b.core.measure().queued == 1);
}

TEST_CASE("streams of a plain generator that nobody reads keep no thread from others", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = threaded(b, 2);
  for (std::uint64_t n = 1; n <= 8; ++n) b.request(c, n, "s", {.method = "flow", .flags = message_flag::wants_stream});
  for (std::uint64_t n = 9; n <= 10; ++n) b.request(c, n, "s", plain);
  CHECK(requests_to(b, w).size() == 10);
}

TEST_CASE("a huge result that is under way keeps no thread from others", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = threaded(b, 1);
  const ask how{.method = "plain"};
  message m = bench::request_message(1, "s", how);
  m.accept = payload_encoding::all;
  b.receive(c, m);
  b.request(c, 2, "s", plain);
  const auto given = requests_to(b, w);
  REQUIRE(given.size() == 1);
  message head = bench::of(message_type::part, static_cast<std::uint64_t>(given[0].call));
  head.flags = message_flag::no_payload;
  head.content = huge_content::raw;
  b.receive(w, head);
  CHECK(requests_to(b, w).size() == 1);
}

// --- how much it may hold

TEST_CASE("a method that has returned keeps no thread from others while its answer travels", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = threaded(b, 1);
  b.request(c, 1, "s", plain);
  b.request(c, 2, "s", plain);
  const std::vector<sent> first = requests_to(b, w);
  REQUIRE(first.size() == 1);
  b.core.answering(w, call_id{77}, b.now);  // no call has this number
  CHECK(requests_to(b, w).empty());
  b.core.answering(w, call_id{first[0].call}, b.now);
  b.core.answering(w, call_id{first[0].call}, b.now);  // a second time changes nothing
  b.verify();
  const std::vector<sent> second = requests_to(b, w);
  REQUIRE(second.size() == 1);
  answer(b, w, first[0].call, 20ms);
  CHECK(b.one(c, message_type::final).call == 1);
  b.request(c, 3, "s", plain);
  CHECK(requests_to(b, w).empty());  // no long method is sent ahead of a free thread
  answer(b, w, second[0].call, 20ms);
  CHECK(requests_to(b, w).size() == 1);
}

TEST_CASE("of long methods a worker is given no more than it has threads", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = threaded(b, 2);
  for (std::uint64_t n = 1; n <= 60; ++n) b.request(c, n, "s", plain);
  for (int i = 0; i < 5; ++i) {
    const auto given = requests_to(b, w);
    REQUIRE(given.size() == 2);
    b.pass(200ms);
    for (const sent& s : given) answer(b, w, s.call, 200ms);
  }
  const peer_id late = threaded(b, 2);
  CHECK(requests_to(b, late).size() == 2);
}

TEST_CASE("of short methods a worker is given what it does in five milliseconds", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = threaded(b, 2);
  for (std::uint64_t n = 1; n <= 2000; ++n) b.request(c, n, "s", plain);
  auto given = requests_to(b, w);
  REQUIRE(given.size() == 2);
  answer(b, w, given[0].call, 100us);  // two threads: they run a hundred of these in 5 ms
  CHECK(requests_to(b, w).size() == 101);
  answer(b, w, given[1].call, 1us);
  const auto more = requests_to(b, w);
  CHECK(more.size() >= 1);
  CHECK(more.size() < 20);
}

TEST_CASE("tiny methods are bounded by the capacity alone", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = threaded(b, 2);
  for (std::uint64_t n = 1; n <= 2000; ++n) b.request(c, n, "s", plain);
  const auto given = requests_to(b, w);
  answer(b, w, given[0].call, 1us);
  CHECK(requests_to(b, w).size() == 1023);
}

TEST_CASE("a worker whose threads do not come free is given nothing ahead", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = threaded(b, 1);
  b.request(c, 1, "s", plain);
  answer(b, w, requests_to(b, w).front().call, 10us);
  b.request(c, 2, "s", plain);
  b.request(c, 3, "s", plain);
  CHECK(requests_to(b, w).size() == 2);
  b.pass(6ms);
  b.request(c, 4, "s", plain);
  CHECK(requests_to(b, w).empty());
  CHECK(b.core.measure().queued == 1);
}

TEST_CASE("that one method is tiny lets nobody hoard another", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = threaded(b, 2);
  b.request(c, 1, "s", plain);
  answer(b, w, requests_to(b, w).front().call, 1us);
  for (std::uint64_t n = 2; n <= 300; ++n) b.request(c, n, "s", {.method = "other"});
  const auto given = requests_to(b, w);
  REQUIRE(given.size() == 2);
  answer(b, w, given.front().call, 100ms);
  CHECK(requests_to(b, w).size() == 1);
}

TEST_CASE("a call that fits no worker yet is not overtaken by all that come later", "[broker]") {
  bench b;
  const peer_id c = b.client(), d = b.client();
  const peer_id w = threaded(b, 1);
  b.request(c, 1, "s", plain);
  answer(b, w, requests_to(b, w).front().call, 10us);
  b.request(c, 2, "s", plain);
  b.request(c, 3, "s", plain);
  auto held = requests_to(b, w);
  REQUIRE(held.size() == 2);
  b.request(d, 1, "s", {.payload = "new", .method = "other"});  // unknown method: it waits for a free thread
  REQUIRE(requests_to(b, w).empty());
  // The client keeps the worker busy: it sends a new call for each that ends.
  for (std::uint64_t n = 4; n <= 10; ++n) {
    b.request(c, n, "s", plain);
    answer(b, w, held.front().call, 10us);
    held.erase(held.begin());
    for (const sent& s : requests_to(b, w)) {
      if (s.payload == "new") return;
      held.push_back(s);
    }
  }
  FAIL("the call waits for ever");
}

TEST_CASE("answers to calls that never began say nothing of how long a method takes", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = threaded(b, 1);
  for (std::uint64_t n = 1; n <= 10; ++n) b.request(c, n, "s", plain);
  for (int i = 0; i < 3; ++i) {
    const auto given = requests_to(b, w);
    REQUIRE(given.size() == 1);
    answer(b, w, given.front().call, 0us);
  }
}

// --- slots that are given back

TEST_CASE("a slot whose foreign worker never answers is given back", "[broker]") {
  options settings;
  settings.slot_timeout = 2s;
  bench b(settings);
  const peer_id c = b.client();
  peer_context foreign = bench::context();
  foreign.owes = foreign.heartbeats = false;
  const peer_id w = b.worker("s", 1, {}, foreign);
  b.request(c, 1, "s", {.budget = 100ms});
  const sent lost = b.one(w, message_type::request);
  b.pass(200ms);
  CHECK(b.one(c, message_type::error).status == errc::timed_out);
  b.request(c, 2, "s");
  (void)b.take(w);
  b.pass(2500ms);
  CHECK(b.none(w));  // not heard since then: it is working
  b.heartbeat(w);
  b.pass(1s);
  CHECK(b.core.counted().slots_given_back == 1);
  CHECK(b.core.workers().front().slots_given_back == 1);
  const auto told = b.take(w);
  REQUIRE(told.size() == 2);
  CHECK(told[0].type == message_type::recall);
  CHECK(told[1].type == message_type::request);
  b.final(w, lost.call);
  CHECK(b.core.counted().late_answers == 1);
  CHECK(b.none(c));
  b.final(w, told[1].call);
  CHECK(b.one(c, message_type::final).payload == "result");
}

TEST_CASE("a slot of gate/2's own worker is not given back before its answer", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 1);
  b.request(c, 1, "s", {.budget = 100ms});
  b.request(c, 2, "s", {.budget = 50s});
  (void)b.take(w);
  for (int i = 0; i < 40; ++i) {
    b.pass(1s);
    b.heartbeat(w);
  }
  CHECK(b.core.counted().slots_given_back == 0);
  CHECK(b.core.measure().queued == 1);
}
