#include <catch2/catch.hpp>

#include "tests/unit/broker/core/core_fixture.hpp"

using namespace gate;
using namespace gate::broker;
using namespace gate::broker::testing;

TEST_CASE("a hello is answered with the version and the limits in force", "[broker]") {
  options o;
  o.name = "north";
  o.heartbeat_interval = 250ms;
  o.heartbeat_liveness = 4;
  o.payload_bytes_max = 1234;
  bench b(o);
  const peer_id c = b.open();
  message m = bench::hello(peer_role::client);
  m.version_min = 1;
  m.version_max = 9;
  b.receive(c, m);
  const sent welcome = b.one(c, message_type::welcome);
  CHECK(welcome.version_min == 1);
  CHECK(welcome.version_max == 1);
  CHECK(welcome.name == "north");
  CHECK(welcome.heartbeat_interval == 250ms);
  CHECK(welcome.liveness == 4);
  CHECK(welcome.payload_bytes_max == 1234);
  CHECK(b.core.measure().clients == 1);
}

TEST_CASE("versions that do not overlap are unsupported, and the text names both", "[broker]") {
  bench b;
  const peer_id c = b.open();
  message m = bench::hello(peer_role::client);
  m.version_min = 2;
  m.version_max = 3;
  b.receive(c, m);
  const sent bye = b.one(c, message_type::bye);
  CHECK(bye.status == errc::unsupported);
  CHECK(bye.text.find("version 1") != std::string::npos);
  CHECK(bye.text.find("2 to 3") != std::string::npos);
  CHECK(b.was_cut(c));
  CHECK(b.core.measure().clients == 0);
}

TEST_CASE("a connection must begin with a hello", "[broker]") {
  bench b;
  const peer_id p = b.open();
  const auto type = GENERATE(message_type::request, message_type::heartbeat, message_type::drain, message_type::final,
                             message_type::welcome, message_type::credit);
  b.receive(p, bench::of(type, 1));
  CHECK(b.one(p, message_type::bye).status == errc::protocol_error);
  CHECK(b.was_cut(p));
  CHECK(b.core.counted().violations == 1);
}

TEST_CASE("a connection that says nothing is cut after hello_timeout", "[broker]") {
  options o;
  o.hello_timeout = 200ms;
  bench b(o);
  const peer_id p = b.open();
  b.pass(199ms);
  CHECK_FALSE(b.was_cut(p));
  b.pass(10ms);
  CHECK(b.was_cut(p));
  CHECK(b.core.counted().cut == 1);
  b.receive(p, bench::hello(peer_role::client));  // the core has forgotten this peer
  CHECK(b.one(p).type == message_type::bye);
  CHECK(b.core.measure().clients == 0);
}

TEST_CASE("a peer that said hello is not cut by hello_timeout", "[broker]") {
  bench b;
  const peer_id c = b.client();
  b.pass(60s);
  CHECK_FALSE(b.was_cut(c));
}

TEST_CASE("what a client must not send ends its connection", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const auto type = GENERATE(message_type::final, message_type::error, message_type::returned, message_type::welcome,
                             message_type::drained);
  b.receive(c, bench::of(type, 1));
  CHECK(b.one(c, message_type::bye).status == errc::protocol_error);
  CHECK(b.was_cut(c));
}

TEST_CASE("what a worker must not send ends its connection", "[broker]") {
  bench b;
  const peer_id w = b.worker("s");
  const auto type = GENERATE(message_type::request, message_type::cancel, message_type::welcome, message_type::drained);
  b.receive(w, bench::of(type, 1));
  CHECK(b.one(w, message_type::bye).status == errc::protocol_error);
  CHECK(b.was_cut(w));
  CHECK(b.core.measure().workers == 0);
}

TEST_CASE("a malformed message is counted and ends the connection", "[broker]") {
  bench b;
  const peer_id c = b.client();
  b.core.malformed(c, "truncated", b.now);
  const sent bye = b.one(c, message_type::bye);
  CHECK(bye.status == errc::protocol_error);
  CHECK(bye.text.find("truncated") != std::string::npos);
  CHECK(b.was_cut(c));
  CHECK(b.core.counted().malformed == 1);
  b.core.malformed(c, "more", b.now);  // forgotten: ignored
  CHECK(b.core.counted().malformed == 1);
}

TEST_CASE("a hello without a role, and a worker's without service or capacity, are violations", "[broker]") {
  bench b;
  const peer_id p = b.open();
  message m = bench::hello(peer_role::worker, "s", 1);
  SECTION("no role") { m.role = peer_role{7}; }
  SECTION("no service") { m.service = {}; }
  SECTION("no capacity") { m.capacity = 0; }
  b.receive(p, m);
  CHECK(b.one(p, message_type::bye).status == errc::protocol_error);
  CHECK(b.core.measure().services == 0);
}

TEST_CASE("reserved names can be registered by the broker itself only", "[broker]") {
  bench b;
  const peer_id p = b.open();
  const auto name = GENERATE("gate", "Gate", "mmi.service");
  b.join(p, name);
  CHECK(b.one(p, message_type::bye).status == errc::permission_denied);
  CHECK(b.was_cut(p));
}

TEST_CASE("names that merely resemble reserved ones are free", "[broker]") {
  bench b;
  for (const char* name : {"math", "mmi", ".mmi", "gates", "GATE", "i"}) {
    const peer_id w = b.worker(name);
    CHECK_FALSE(b.was_cut(w));
  }
  CHECK(b.core.measure().services == 6);
}

TEST_CASE("the broker's own service takes more than any worker, in every namespace", "[broker]") {
  options o = without_grace();
  o.worker_capacity_max = 2;
  bench b(o);
  b.core.opened(internal_peer, bench::context(), b.now);
  b.join(internal_peer, "gate", 1000);
  (void)b.take(internal_peer);
  peer_context elsewhere = bench::context();
  elsewhere.name_space = "tenant";
  const peer_id c = b.client(elsewhere);
  for (std::uint64_t i = 1; i <= 5; ++i) b.request(c, i, "gate");
  CHECK(b.take(internal_peer).size() == 5);
  b.pass(1h);
  CHECK(b.core.counted().stalls == 0);
  CHECK(b.heartbeats[internal_peer] == 0);
}

TEST_CASE("services of one namespace do not exist in another", "[broker]") {
  bench b(without_grace());
  peer_context blue = bench::context(), red = bench::context();
  blue.name_space = "blue";
  red.name_space = "red";
  const peer_id w = b.worker("s", 5, {}, blue);
  const peer_id c = b.client(red), d = b.client(blue);
  b.request(c, 1, "s");
  CHECK(b.failed(c) == errc::unavailable);
  b.request(d, 1, "s");
  CHECK(b.given(w) != 0);
  CHECK(b.core.describe("blue", "s") == nullptr);
}

TEST_CASE("a capacity over worker_capacity_max counts as that", "[broker]") {
  options o;
  o.worker_capacity_max = 2;
  bench b(o);
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 100);
  for (std::uint64_t i = 1; i <= 3; ++i) b.request(c, i, "s");
  CHECK(b.take(w).size() == 2);
  CHECK(b.core.workers().front().capacity == 2);
}

TEST_CASE("a peer over peers_max and a service over services_max are turned away", "[broker]") {
  options o;
  o.peers_max = 3;
  o.services_max = 1;
  bench b(o);
  const peer_id w = b.worker("s");
  const peer_id second = b.open();
  b.join(second, "t");
  CHECK(b.one(second, message_type::bye).status == errc::busy);
  const peer_id third = b.worker("s");
  const peer_id fourth = b.open();
  CHECK_FALSE(b.was_cut(fourth));
  const peer_id fifth = b.open();
  CHECK(b.one(fifth, message_type::bye).status == errc::busy);
  CHECK(b.was_cut(fifth));
  CHECK_FALSE(b.was_cut(w));
  CHECK_FALSE(b.was_cut(third));
}

TEST_CASE("every gate/2 peer gets a heartbeat each interval, whatever else is sent", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 5);
  peer_context old = bench::context();
  old.heartbeats = false;
  const peer_id foreign = b.worker("s", 5, {}, old);
  for (std::uint64_t i = 1; i <= 100; ++i) {
    b.pass(100ms);
    b.request(c, i, "s", {.budget = 50ms});
  }
  b.pass(10ms);  // timers are rounded up to the next step of the wheel
  (void)b.take(c);
  (void)b.take(w);
  (void)b.take(foreign);
  CHECK(b.heartbeats[c] == 10);
  CHECK(b.heartbeats[w] == 10);
  CHECK(b.heartbeats[foreign] == 0);
}

TEST_CASE("a loop that overslept does not make up for the heartbeats it missed", "[broker]") {
  bench b;
  const peer_id c = b.client();
  b.now += 10s;
  b.core.tick(b.now);
  b.core.tick(b.now);
  (void)b.take(c);
  CHECK(b.heartbeats[c] == 1);
  b.pass(1s + 10ms);
  (void)b.take(c);
  CHECK(b.heartbeats[c] == 2);
}

TEST_CASE("a second hello of a worker replaces its registration", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 2);
  b.request(c, 1, "s");
  const auto call = b.given(w);
  b.join(w, "t", 2);
  CHECK(b.one(w).type == message_type::welcome);
  CHECK(b.failed(c) == errc::worker_lost);
  b.final(w, call);
  CHECK(b.core.counted().late_answers == 1);
  b.request(c, 2, "t");
  CHECK(b.given(w) != call);
  CHECK(b.core.measure().workers == 1);
}

TEST_CASE("a peer that says hello again and again is cut", "[broker]") {
  bench b;
  const peer_id w = b.worker("s");
  for (int i = 0; i < limits::hellos_again_max; ++i) {
    b.join(w, "s");
    CHECK(b.one(w).type == message_type::welcome);
  }
  CHECK(b.core.counted().violations == 0);
  b.join(w, "s");
  CHECK(b.one(w).status == errc::protocol_error);
  CHECK(b.core.counted().violations == 1);
  CHECK(b.core.measure().workers == 0);
}

namespace {

// Sorting this many workers, each with many methods of its own, costs more than the burst that a service may use.
constexpr int sorted_at_once = 5;

std::vector<std::string> many_methods(int of) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < limits::methods_max; ++i) names.push_back(std::to_string(of) + "." + std::to_string(i));
  return names;
}

}  // namespace

TEST_CASE("workers with new methods wait until the service may be sorted again", "[broker]") {
  bench b;
  const peer_id c = b.client();
  for (int i = 0; i < sorted_at_once; ++i) b.worker("s", 1, many_methods(i));
  const peer_id last = b.worker("s", 1, {"new"});
  b.request(c, 1, "s", {.method = "new"});
  b.request(c, 2, "s", {.method = "nobody's"});
  b.request(c, 3, "s", {.method = "0.0"});
  CHECK(b.none(c));  // not "no such method": the methods are not known yet
  CHECK(b.none(last));
  b.pass(3s);
  CHECK(b.one(last, message_type::request).method == "new");
  CHECK(b.failed(c) == errc::no_method);
  CHECK(b.core.measure().in_flight == 2);
}

TEST_CASE("the calls of a method whose last worker left end when the service is sorted", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id gone = b.worker("s", 1, {"new"});
  b.request(c, 1, "s", {.method = "new"});
  b.request(c, 2, "s", {.method = "new"});
  for (int i = 0; i < sorted_at_once; ++i) b.worker("s", 1, many_methods(i));
  b.close(gone);
  CHECK(b.failed(c) == errc::worker_lost);
  CHECK(b.core.services().front().queued == 1);
  b.pass(3s);
  CHECK(b.failed(c) == errc::no_method);
}

TEST_CASE("a service has so many different methods and no more", "[broker]") {
  bench b;
  constexpr int most = limits::service_methods_max / limits::methods_max;
  for (int i = 0; i < most; ++i) b.worker("s", 1, many_methods(i));
  b.worker("s", 1, many_methods(0));
  CHECK(b.core.measure().workers == most + 1);
  const peer_id refused = b.open();
  b.join(refused, "s", 1, many_methods(most));
  CHECK(b.one(refused).status == errc::busy);
  CHECK(b.core.measure().workers == most + 1);
}

TEST_CASE("a peer may come back as the other thing", "[broker]") {
  bench b;
  const peer_id p = b.client();
  b.join(p, "s");
  CHECK(b.one(p).type == message_type::welcome);
  CHECK(b.core.measure().clients == 0);
  CHECK(b.core.measure().workers == 1);
}

TEST_CASE("a worker is listed with its namespace, once", "[broker]") {
  bench b;
  peer_context about = bench::context();
  about.name_space = "prod";
  b.worker("billing", 1, {}, about);
  const auto workers = b.core.workers();
  REQUIRE(workers.size() == 1);
  CHECK(workers[0].name_space == "prod");
  CHECK(workers[0].service == "billing");
}

TEST_CASE("operators see services and workers", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("paint", 2, {"red", "blue"});
  b.request(c, 1, "paint", {.method = "red"});
  b.now += 2s;
  const auto workers = b.core.workers();
  REQUIRE(workers.size() == 1);
  CHECK(workers[0].id == w);
  CHECK(workers[0].service == "paint");
  CHECK(workers[0].host == "here");
  CHECK(workers[0].pid == 7);
  CHECK(workers[0].in_flight == 1);
  CHECK(workers[0].capacity == 2);
  CHECK(workers[0].address == "127.0.0.1");
  b.core.tick(b.now);
  CHECK(b.core.workers()[0].up == 2s);
  const auto services = b.core.services();
  REQUIRE(services.size() == 1);
  CHECK(services[0].name == "paint");
  CHECK(services[0].workers == 1);
  CHECK(services[0].in_flight == 1);
  CHECK(services[0].capacity == 2);
  REQUIRE(b.core.describe("", "paint") != nullptr);
  CHECK(b.core.describe("", "paint")->methods.size() == 2);
  CHECK(b.core.describe("", "glue") == nullptr);
}

TEST_CASE("a worker that gives no name has one that lasts as long as it does, and operators see its dialect",
          "[broker]") {
  bench b;
  const auto join = [&b](std::string_view service) {
    peer_context about = bench::context();
    about.dialect = "MDP/0.1";
    const peer_id id = b.open(about);
    message m = bench::hello(peer_role::worker, service, 1);
    m.name = {};
    b.receive(id, m);
    return id;
  };
  const auto names = [&b] {
    std::vector<std::string> all;
    for (const worker_view& w : b.core.workers()) all.push_back(w.name);
    return all;
  };
  const peer_id first = join("echo");
  join("echo");
  join("paint");
  b.worker("echo");
  CHECK(names() == std::vector<std::string>{"echo#1", "echo#2", "paint#1", "peer"});
  CHECK(b.core.workers().front().dialect == "MDP/0.1");
  CHECK(b.core.workers().back().dialect == "gate/2");
  b.core.closed(first, b.now);
  CHECK(names() == std::vector<std::string>{"echo#2", "paint#1", "peer"});
  join("echo");
  join("echo");
  CHECK(names() == std::vector<std::string>{"echo#2", "paint#1", "peer", "echo#1", "echo#3"});
}

TEST_CASE("hooks hear of workers and services that come and go", "[broker]") {
  struct : observer {
    void worker_up(const worker_record& w) override { log += "+w " + std::string(w.service) + "\n"; }
    void worker_down(const worker_record& w, std::string_view why) override {
      log += "-w " + std::string(w.service) + " " + std::string(why) + "\n";
    }
    void worker_stalled(const worker_record&, bool stalled) override { log += stalled ? "stalled\n" : "ready\n"; }
    void service_up(std::string_view s) override { log += "+s " + std::string(s) + "\n"; }
    void service_down(std::string_view s) override { log += "-s " + std::string(s) + "\n"; }
    std::string log;
  } seen;
  options o;
  o.watcher = &seen;
  bench b(o);
  const peer_id w = b.worker("s");
  b.pass(3100ms);
  b.heartbeat(w);
  b.close(w);
  CHECK(seen.log == "+w s\n+s s\nstalled\nready\n-s s\n-w s its connection ended\n");
}

TEST_CASE("a draining broker tells its peers, refuses requests, and lets what is in flight end", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s");
  b.request(c, 2, "s");
  const auto first = b.given(w);
  CHECK_FALSE(b.core.drained());
  b.core.drain(b.now);
  CHECK(b.one(c).type == message_type::drain);
  CHECK(b.one(w).type == message_type::drain);
  b.request(c, 3, "s");
  CHECK(b.failed(c) == errc::unavailable);
  CHECK_FALSE(b.core.drained());
  b.final(w, first);
  b.final(w, b.given(w));
  CHECK(b.take(c).size() == 2);
  CHECK(b.core.drained());
  b.core.drain(b.now);
  CHECK(b.none(c));
  b.core.shut_down(b.now);
  CHECK(b.one(c, message_type::bye).status == errc::ok);
  CHECK(b.one(w, message_type::bye).status == errc::ok);
}

TEST_CASE("a peer that comes while the broker drains is welcomed and told so", "[broker]") {
  bench b;
  b.core.drain(b.now);
  const peer_id c = b.open();
  b.receive(c, bench::hello(peer_role::client));
  const auto told = b.take(c);
  REQUIRE(told.size() == 2);
  CHECK(told[0].type == message_type::welcome);
  CHECK(told[1].type == message_type::drain);
}

TEST_CASE("the broker's own service answers while it drains", "[broker]") {
  bench b;
  b.core.opened(internal_peer, bench::context(), b.now);
  b.join(internal_peer, "gate", 10);
  (void)b.take(internal_peer);
  const peer_id c = b.client();
  b.core.drain(b.now);
  (void)b.take(c);
  b.request(c, 1, "gate");
  b.final(internal_peer, b.given(internal_peer));
  CHECK(b.one(c).type == message_type::final);
}

TEST_CASE("a shut-down ends what waits as unavailable, and what may have been executed as lost", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s");
  b.request(c, 2, "s");
  b.core.drain(b.now);
  (void)b.take(c);
  (void)b.take(w);
  b.core.shut_down(b.now);
  b.verify();
  const auto told = b.take(c);
  REQUIRE(told.size() == 3);
  CHECK(told[0].status == errc::worker_lost);
  CHECK(told[1].status == errc::unavailable);
  CHECK(told[2].type == message_type::bye);
  CHECK(b.core.drained());
  b.request(c, 3, "s");
  CHECK(b.none(c));
}
