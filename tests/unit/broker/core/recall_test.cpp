// docs/scheduling.md, sections 2 and 3: how long methods take, and calls that are called back.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/broker/core/scheduling_fixture.hpp"

using namespace gate;
using namespace gate::broker;
using namespace gate::broker::testing;
using namespace std::chrono_literals;

namespace {

// A client, and a worker `v` whose methods have been short so far. So the broker gives `v` calls that wait there for a
// thread.
struct busy_worker {
  explicit busy_worker(std::uint32_t threads, bool recalls = true, options settings = {})
      : b(std::move(settings)), c(b.client()), v(threaded(b, threads, 1024, recalls)) {
    for (std::uint32_t i = 0; i < threads; ++i) call(plain);
    for (const sent& s : requests_to(b, v)) answer(b, v, s.call, 10us);
    (void)b.take(c);
  }
  void call(const ask& how) { b.request(c, ++last_call, "s", how); }
  // Gives `v` this many calls. Returns the requests that it got.
  std::vector<sent> give(std::size_t calls, const ask& how = plain) {
    for (std::size_t i = 0; i < calls; ++i) call(how);
    const std::vector<sent> held = requests_to(b, v);
    REQUIRE(held.size() == calls);
    return held;
  }
  // Another worker of the same service, with idle threads.
  peer_id idle_worker(std::uint32_t threads) {
    const peer_id w = threaded(b, threads);
    (void)b.take(w);
    return w;
  }

  bench b;
  std::uint64_t last_call = 0;
  peer_id c, v;
};

}  // namespace

// --- how long methods take

TEST_CASE("each of many methods has a mean of its own", "[broker]") {
  constexpr std::size_t methods = 100;
  bench b;
  const peer_id c = b.client();
  const auto join = [&b] {
    const peer_id id = b.open();
    descriptor d;
    d.threads = 1;
    for (std::size_t i = 0; i < methods; ++i) {
      method_descriptor& m = d.methods.emplace_back();
      m.name = "m" + std::to_string(i);
      m.pooled = true;
    }
    b.core.received(id, bench::hello(peer_role::worker, "s", 1024), &d, b.now);
    b.verify();
    return id;
  };
  const peer_id w = join();
  std::uint64_t n = 0;
  const auto call = [&](std::size_t method) { b.request(c, ++n, "s", {.method = "m" + std::to_string(method)}); };
  for (std::size_t i = 0; i < methods; ++i) {
    call(i);
    answer(b, w, requests_to(b, w).front().call, i % 2 == 0 ? 10us : 4ms);
  }
  for (int i = 0; i < 100; ++i) {  // most are short
    call(0);
    answer(b, w, requests_to(b, w).front().call, 10us);
  }
  for (std::size_t i = 0; i < methods; i += 2) call(i);
  CHECK(requests_to(b, w).size() == methods / 2);
  b.close(w);
  const peer_id v = join();
  call(1);
  CHECK(requests_to(b, v).size() == 1);
  call(0);  // this worker has not ended one yet
  CHECK(requests_to(b, v).empty());
}

TEST_CASE("a method keeps its mean when other workers bring methods and take them along", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = threaded(b, 1);
  b.request(c, 1, "s", plain);
  answer(b, w, requests_to(b, w).front().call, 10us);
  const auto is_given_ahead = [&](std::uint64_t n) {
    b.request(c, n, "s", plain);
    b.request(c, n + 1, "s", plain);
    const auto given = requests_to(b, w);
    for (const sent& s : given) answer(b, w, s.call, 10us);
    for (const sent& s : requests_to(b, w)) answer(b, w, s.call, 10us);
    return given.size() == 2;
  };
  CHECK(is_given_ahead(2));
  const peer_id v = b.worker("s", 1, {"aaa", "new", "zzz"});
  CHECK(is_given_ahead(4));
  b.close(v);
  CHECK(is_given_ahead(6));
  b.worker("s", 1, {"bbb"});
  CHECK(is_given_ahead(8));
}

// --- calls that are called back

TEST_CASE("a call behind long ones goes to a worker whose threads are free", "[broker]") {
  busy_worker busy(2);
  bench& b = busy.b;
  const auto [c, v] = std::pair(busy.c, busy.v);
  for (const char* n : {"3", "4", "5", "6"}) busy.call({.payload = n, .method = "plain"});
  const auto held = requests_to(b, v);
  REQUIRE(held.size() == 4);
  b.pass(20ms);
  CHECK(recalls_to(b, v) == 0);  // there is no other worker
  const peer_id w = busy.idle_worker(2);
  b.pass(20ms);
  CHECK(recalls_to(b, v) == 2);
  CHECK(b.core.counted().recalls == 2);
  b.receive(v, b.back(held[2]));
  b.receive(v, b.back(held[3]));
  const auto moved = requests_to(b, w);
  REQUIRE(moved.size() == 2);
  CHECK(moved[0].payload == "5");
  CHECK(moved[1].payload == "6");
  (void)b.take(c);
  answer(b, w, moved[0].call, 1ms);
  CHECK(b.one(c, message_type::final).payload == "result");
  b.pass(1s);
  CHECK(recalls_to(b, v) == 0);
}

TEST_CASE("a call that had begun is asked for once, and ends where it is", "[broker]") {
  busy_worker busy(1);
  bench& b = busy.b;
  const auto [c, v] = std::pair(busy.c, busy.v);
  const auto held = busy.give(2);
  busy.idle_worker(2);
  b.pass(100ms);
  CHECK(recalls_to(b, v) == 1);
  b.pass(1s);
  CHECK(recalls_to(b, v) == 0);
  (void)b.take(c);
  answer(b, v, held[0].call, 1s);
  answer(b, v, held[1].call, 1s);
  CHECK(b.take(c).size() == 2);
}

TEST_CASE("a worker that does not know the word is never asked", "[broker]") {
  busy_worker busy(1, false);
  (void)busy.give(2);
  busy.idle_worker(2);
  busy.b.pass(1s);
  CHECK(recalls_to(busy.b, busy.v) == 0);
}

TEST_CASE("a worker that hands back all that it is asked for keeps no call going round", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id v = threaded(b, 1), w = threaded(b, 1);
  const auto warm = [&](peer_id who, std::uint64_t n) {
    b.request(c, n, "s", plain);
    for (const peer_id each : {v, w}) {
      for (const sent& s : requests_to(b, each)) answer(b, each, s.call, 10us);
    }
    (void)who;
  };
  warm(v, 1);
  warm(w, 2);
  (void)b.take(c);
  for (std::uint64_t n = 3; n <= 8; ++n) b.request(c, n, "s", plain);
  // Each worker hands back what it is asked for; one of them never ends a call.
  std::vector<sent> at_v = requests_to(b, v), at_w = requests_to(b, w);
  for (int round = 0; round < 200; ++round) {
    b.pass(10ms);
    for (const peer_id who : {v, w}) {
      for (const sent& s : b.take(who)) {
        std::vector<sent>& held = who == v ? at_v : at_w;
        if (s.type == message_type::request) held.push_back(s);
        if (s.type != message_type::recall) continue;
        const auto at = std::find_if(held.begin(), held.end(), [&](const sent& h) { return h.call == s.call; });
        REQUIRE(at != held.end());
        const message returned = b.back(*at);
        b.receive(who, returned);
        held.erase(at);
      }
    }
    if (!at_w.empty()) {
      answer(b, w, at_w.front().call, 10us);
      at_w.erase(at_w.begin());
    }
  }
  CHECK(b.core.counted().recalls < 60);
  for (const sent& s : at_v) answer(b, v, s.call, 10us);
  (void)b.take(v);
  const auto ends = b.take(c);
  CHECK(ends.size() == 6);
  CHECK(std::all_of(ends.begin(), ends.end(), [](const sent& s) { return s.type == message_type::final; }));
}

TEST_CASE("a call that is asked for does not end because there is no room to keep it", "[broker]") {
  options settings;
  settings.queue_total_bytes_max = 100;
  settings.client_bytes_max = 100;
  busy_worker busy(1, true, settings);
  bench& b = busy.b;
  const auto [c, v] = std::pair(busy.c, busy.v);
  const ask large{.payload = std::string(1000, 'x'), .method = "plain"};
  const auto held = busy.give(3, large);
  const peer_id w = busy.idle_worker(1);
  b.pass(20ms);
  REQUIRE(recalls_to(b, v) >= 1);
  SECTION("another worker takes it at once") {
    b.receive(v, b.back(held[1]));
    const auto moved = requests_to(b, w);
    REQUIRE(moved.size() == 1);
    CHECK(moved[0].payload == large.payload);
    answer(b, w, moved[0].call, 10us);
    CHECK(b.one(c, message_type::final).payload == "result");
  }
  SECTION("it goes back where it was when nobody else has a thread any more") {
    busy.call({.payload = "small", .method = "plain"});
    REQUIRE(requests_to(b, w).size() == 1);
    b.receive(v, b.back(held[1]));
    const auto again = requests_to(b, v);
    REQUIRE(again.size() == 1);
    CHECK(again[0].payload == large.payload);
    CHECK(b.none(c));
    answer(b, v, again[0].call, 10us);
    CHECK(b.one(c, message_type::final).payload == "result");
  }
}

TEST_CASE("calls of one method that has idle threads elsewhere are asked for behind those of one that has none",
          "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id v = threaded(b, 1);
  for (const char* method : {"plain", "other"}) {
    b.request(c, 1, "s", {.method = method});
    answer(b, v, requests_to(b, v).front().call, 10us);
  }
  std::uint64_t n = 1;
  for (const char* method : {"plain", "plain", "plain", "other"}) b.request(c, ++n, "s", {.method = method});
  const auto held = requests_to(b, v);
  REQUIRE(held.size() == 4);
  // It has only the second method.
  const peer_id w = b.open();
  descriptor d;
  d.threads = 2;
  method_descriptor& m = d.methods.emplace_back();
  m.name = "other";
  m.pooled = true;
  b.core.received(w, bench::hello(peer_role::worker, "s", 10), &d, b.now);
  b.verify();
  b.pass(20ms);
  const std::vector<sent> told = b.take(v);
  const auto recall =
      std::find_if(told.begin(), told.end(), [](const sent& s) { return s.type == message_type::recall; });
  REQUIRE(recall != told.end());
  CHECK(recall->call == held[3].call);
}

TEST_CASE("a call that waits behind streams is asked for", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id v = threaded(b, 1);
  for (std::uint64_t n = 1; n <= 4; ++n) b.request(c, n, "s", {.method = "flow", .flags = message_flag::wants_stream});
  b.request(c, 5, "s", plain);
  REQUIRE(requests_to(b, v).size() == 5);
  const peer_id w = threaded(b, 1);
  (void)b.take(w);
  b.pass(20ms);
  CHECK(recalls_to(b, v) == 1);
}

TEST_CASE("streams alone keep no timer running", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id v = threaded(b, 1);
  for (std::uint64_t n = 1; n <= 100; ++n)
    b.request(c, n, "s", {.method = "flow", .flags = message_flag::wants_stream});
  CHECK(requests_to(b, v).size() == 100);
  CHECK(b.core.next_deadline() - b.now > 100ms);
}

TEST_CASE("an idle worker is given what it does in five milliseconds at one go", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id v = threaded(b, 1), w = threaded(b, 1);
  std::uint64_t n = 0;
  for (int i = 0; i < 2; ++i) b.request(c, ++n, "s", plain);
  for (const peer_id each : {v, w}) {
    for (const sent& s : requests_to(b, each)) answer(b, each, s.call, 10us);
  }
  for (int i = 0; i < 200; ++i) b.request(c, ++n, "s", plain);
  const auto at_v = requests_to(b, v);
  for (const sent& s : requests_to(b, w)) answer(b, w, s.call, 10us);
  b.pass(20ms);
  CHECK(recalls_to(b, v) == at_v.size() - 1);
}
