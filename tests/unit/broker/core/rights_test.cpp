// Rights in the core: who may call and offer what, namespaces, and how much a principal may have open.
#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "broker/core/access.hpp"
#include "tests/unit/broker/core/core_fixture.hpp"

namespace gate::broker::testing {
namespace {

// Grants what is listed: "alice calls prod/billing.read", "bob offers prod/billing".
struct listed_rights final : access {
  std::set<std::string> granted;
  std::map<std::string, std::string, std::less<>> homes;
  std::size_t asked = 0;

  static std::string key(std::string_view who, std::string_view verb, std::string_view space, std::string_view name) {
    return std::string(who) + ' ' + std::string(verb) + ' ' + std::string(space) + '/' + std::string(name);
  }
  std::string_view may_call(std::string_view principal, std::string_view name_space, std::string_view service,
                            std::string_view method) override {
    ++asked;
    return granted.contains(key(principal, "calls", name_space, service) + '.' + std::string(method)) ? ""
                                                                                                      : "not listed";
  }
  std::string_view may_offer(std::string_view principal, std::string_view name_space,
                             std::string_view service) override {
    return granted.contains(key(principal, "offers", name_space, service)) ? "" : "not listed";
  }
  bool may_see(std::string_view principal, std::string_view name_space, std::string_view service) override {
    return granted.contains(key(principal, "sees", name_space, service));
  }
  std::string_view home(std::string_view principal) const override {
    const auto found = homes.find(principal);
    return found == homes.end() ? std::string_view() : found->second;
  }
};

struct refusals final : observer {
  std::vector<std::string> all;
  void refused(const refusal_record& r) override {
    const bool offer = r.reason == refusal::offer_denied || r.reason == refusal::offer_ended;
    const std::string kind = r.reason == refusal::call_denied ? "call" : offer ? "offer" : "limit";
    all.push_back(kind + ' ' + std::string(r.principal) + ' ' + std::string(r.name_space) + '/' +
                  std::string(r.service) + '.' + std::string(r.method));
  }
};

// Allows each principal this many requests and bytes at a time.
struct small_allowance final : allowance {
  std::size_t requests_max = 1, bytes_max = 1000;
  std::map<std::string, std::pair<std::size_t, std::size_t>, std::less<>> used;

  answer begin(std::string_view principal, std::size_t bytes, instant) override {
    auto& [requests, raw] = used[std::string(principal)];
    if (requests >= requests_max || raw + bytes > bytes_max) return {"too much at once", 1500us};
    ++requests;
    raw += bytes;
    return {};
  }
  void end(std::string_view principal, std::size_t bytes) override {
    auto& [requests, raw] = used.at(std::string(principal));
    REQUIRE(requests > 0);
    REQUIRE(raw >= bytes);
    --requests;
    raw -= bytes;
  }
  bool nothing_used() const {
    return std::all_of(used.begin(), used.end(),
                       [](const auto& u) { return u.second == std::pair<std::size_t, std::size_t>{}; });
  }
};

peer_context of(std::string principal, std::string name_space = {}) {
  peer_context c = bench::context(std::move(principal));
  c.name_space = std::move(name_space);
  return c;
}

struct guarded {
  listed_rights rights;
  refusals told;
  bench b;
  guarded() : b(settings()) {}
  options settings() {
    options o = without_grace();
    o.rights = &rights;
    o.watcher = &told;
    return o;
  }
};

}  // namespace

TEST_CASE("a name with a namespace is the service of that namespace", "[broker]") {
  bench b(without_grace());
  const peer_id prod = b.worker("prod/billing", 8);
  const peer_id test = b.worker("test/billing", 8);
  const peer_id nowhere = b.worker("billing", 8);
  const peer_id client = b.client();
  b.request(client, 1, "prod/billing");
  CHECK(b.one(prod, message_type::request).service == "billing");
  b.request(client, 2, "test/billing");
  b.given(test);
  b.request(client, 3, "billing");
  b.given(nowhere);
  b.request(client, 4, "eu/billing");
  CHECK(b.failed(client) == errc::unavailable);
}

TEST_CASE("a name without a namespace belongs to its peer's home", "[broker]") {
  bench b(without_grace());
  const peer_id worker = b.worker("billing", 8, {}, of("w", "prod"));
  const peer_id outside = b.worker("billing", 8);
  const peer_id at_home = b.client(of("alice", "prod"));
  const peer_id elsewhere = b.client();
  b.request(at_home, 1, "billing");
  b.given(worker);
  b.request(elsewhere, 1, "prod/billing");
  b.given(worker);
  b.request(elsewhere, 2, "billing");
  b.given(outside);
  b.request(at_home, 2, "/billing");  // the unnamed namespace, named explicitly
  b.given(outside);
}

TEST_CASE("operators see services with their namespaces", "[broker]") {
  bench b;
  b.worker("prod/billing");
  const std::vector<service_view> all = b.core.services();
  REQUIRE(all.size() == 1);
  CHECK(all[0].name_space == "prod");
  CHECK(all[0].name == "billing");
  CHECK(b.core.workers_of("prod", "billing") == 1);
  CHECK(b.core.workers_of("", "billing") == 0);
}

TEST_CASE("a namespace without a service names nothing", "[broker]") {
  bench b(without_grace());
  const peer_id client = b.client();
  b.request(client, 1, "prod/");
  CHECK(b.failed(client) == errc::invalid_argument);
  const peer_id worker = b.open();
  b.join(worker, "prod/");
  CHECK(b.was_cut(worker));
}

TEST_CASE("the broker's own service is in every namespace, and nobody else's in any", "[broker]") {
  bench b(without_grace());
  const peer_id worker = b.open(of("w", "prod"));
  b.join(worker, "prod/gate");
  CHECK(b.one(worker, message_type::bye).status == errc::permission_denied);
}

TEST_CASE("a call that is not granted is refused without a look at what there is", "[broker]") {
  guarded g;
  g.rights.granted = {"w offers prod/billing", "alice calls prod/billing.read"};
  const peer_id worker = g.b.worker("prod/billing", 8, {}, of("w"));
  const peer_id alice = g.b.client(of("alice", "prod"));
  g.b.request(alice, 1, "billing", ask{.method = "read"});
  CHECK(g.b.one(worker, message_type::request).caller == "alice");
  g.b.request(alice, 2, "billing", ask{.method = "write"});
  const sent refused = g.b.one(alice, message_type::error);
  CHECK(refused.status == errc::permission_denied);
  CHECK(refused.text == "'alice' may not call write of service 'billing': not listed");
  g.b.request(alice, 3, "no/such/service", ask{.method = "write"});
  CHECK(g.b.failed(alice) == errc::permission_denied);
  CHECK(g.b.none(worker));
  CHECK(g.told.all == std::vector<std::string>{"call alice prod/billing.write", "call alice no/such/service.write"});
  CHECK(g.b.refused(errc::permission_denied) == 2);
}

TEST_CASE("a one-way call that is not granted is counted, and not executed", "[broker]") {
  guarded g;
  g.rights.granted = {"w offers /s"};
  const peer_id worker = g.b.worker("s", 8, {}, of("w"));
  const peer_id mallory = g.b.client(of("mallory"));
  g.b.request(mallory, 1, "s", ask{.flags = message_flag::one_way});
  CHECK(g.b.none(worker));
  CHECK(g.b.none(mallory));
  CHECK(g.b.refused(errc::permission_denied) == 1);
}

TEST_CASE("a worker that may not offer its service is told so and cut", "[broker]") {
  guarded g;
  g.rights.granted = {"w offers prod/billing"};
  const peer_id worker = g.b.open(of("w"));
  g.b.join(worker, "test/billing");
  const sent bye = g.b.one(worker, message_type::bye);
  CHECK(bye.status == errc::permission_denied);
  CHECK(bye.text == "'w' may not offer the service 'test/billing': not listed");
  CHECK(g.b.was_cut(worker));
  CHECK(g.b.core.services().empty());
  CHECK(g.b.core.counted().offers_refused == 1);
  CHECK(g.told.all == std::vector<std::string>{"offer w test/billing."});
}

TEST_CASE("a right that is taken back counts from the next call on, on connections that are up", "[broker]") {
  guarded g;
  g.rights.granted = {"w offers /s", "alice calls /s.m"};
  const peer_id worker = g.b.worker("s", 8, {}, of("w"));
  const peer_id alice = g.b.client(of("alice"));
  g.b.request(alice, 1, "s");
  const std::uint64_t first = g.b.given(worker);
  g.rights.granted.erase("alice calls /s.m");
  g.b.core.rights_changed(g.b.now);
  g.b.request(alice, 2, "s");
  CHECK(g.b.failed(alice) == errc::permission_denied);
  g.b.final(worker, first);  // it keeps the rights that it had when it began
  CHECK(g.b.one(alice, message_type::final).call == 1);
}

TEST_CASE("a worker that may not offer its service any more is dismissed, and its calls go elsewhere", "[broker]") {
  guarded g;
  g.rights.granted = {"old offers /s", "new offers /s", "alice calls /s.m"};
  const peer_id old = g.b.worker("s", 8, {}, of("old"));
  const peer_id alice = g.b.client(of("alice"));
  g.b.request(alice, 1, "s", ask{.flags = message_flag::idempotent});
  g.b.request(alice, 2, "s");
  (void)g.b.take(old);
  const peer_id fresh = g.b.worker("s", 8, {}, of("new"));
  g.rights.granted.erase("old offers /s");
  g.b.core.rights_changed(g.b.now);
  g.b.verify();
  CHECK(g.b.one(old, message_type::bye).status == errc::permission_denied);
  CHECK(g.b.was_cut(old));
  CHECK_FALSE(g.b.was_cut(fresh));
  CHECK(g.b.one(fresh, message_type::request).attempt == 1);
  CHECK(g.b.failed(alice) == errc::worker_lost);
  CHECK(g.b.core.counted().offers_ended == 1);
}

TEST_CASE("a home that changes is a client's from its next call on, on a connection that is up", "[broker]") {
  guarded g;
  g.rights.granted = {"w offers prod/s", "w offers test/s", "alice calls prod/s.m", "alice calls test/s.m"};
  const peer_id prod = g.b.worker("prod/s", 8, {}, of("w"));
  const peer_id test = g.b.worker("test/s", 8, {}, of("w"));
  const peer_id alice = g.b.client(of("alice", "prod"));
  g.b.request(alice, 1, "s");
  const std::uint64_t first = g.b.given(prod);
  g.rights.homes["alice"] = "test";
  g.b.core.rights_changed(g.b.now);
  g.b.request(alice, 2, "s");
  g.b.given(test);
  g.b.final(prod, first);  // calls that have begun go on
  CHECK(g.b.one(alice, message_type::final).call == 1);
  CHECK_FALSE(g.b.was_cut(alice));
}

TEST_CASE("a worker whose home changes is sent away to come again, others stay", "[broker]") {
  guarded g;
  g.rights.granted = {"w offers prod/s", "w offers test/s", "v offers prod/s"};
  g.rights.homes = {{"w", "prod"}, {"v", "prod"}};
  const peer_id moved = g.b.worker("s", 8, {}, of("w", "prod"));
  const peer_id named = g.b.worker("test/s", 8, {}, of("w", "prod"));
  const peer_id other = g.b.worker("s", 8, {}, of("v", "prod"));
  g.rights.homes["w"] = "test";
  g.b.core.rights_changed(g.b.now);
  g.b.verify();
  const sent bye = g.b.one(moved, message_type::bye);
  CHECK(bye.status == errc::unavailable);
  CHECK(bye.text == "'w' has another namespace now; register again");
  CHECK(g.b.was_cut(moved));
  CHECK_FALSE(g.b.was_cut(named));
  CHECK_FALSE(g.b.was_cut(other));
  CHECK(g.b.core.counted().offers_ended == 0);
}

TEST_CASE("of the broker's own methods three are for everybody, the others are asked for", "[broker]") {
  guarded g;
  peer_context own = of("gate");
  own.heartbeats = false;
  g.b.core.opened(internal_peer, own, g.b.now);
  g.b.join(internal_peer, "gate", 8, {"ping", "services", "describe", "stats"});
  (void)g.b.take(internal_peer);
  const peer_id alice = g.b.client(of("alice", "prod"));
  std::uint64_t call = 0;
  for (const char* open : {"ping", "services", "describe"}) {
    g.b.request(alice, ++call, "gate", ask{.method = open});
    CHECK(g.b.one(internal_peer, message_type::request).method == open);
  }
  CHECK(g.rights.asked == 0);
  g.b.request(alice, ++call, "gate", ask{.method = "stats"});
  CHECK(g.b.failed(alice) == errc::permission_denied);
}

TEST_CASE("who was rejected hears why and is cut", "[broker]") {
  bench b;
  const peer_id stranger = b.open();
  b.core.rejected(stranger, refusal::login_refused, "no", b.now);
  CHECK(b.one(stranger, message_type::bye).status == errc::unauthenticated);
  CHECK(b.was_cut(stranger));
}

TEST_CASE("the principal that a client claims to be is not what its worker is told", "[broker]") {
  bench b;
  const peer_id worker = b.worker("s");
  const peer_id mallory = b.client(of("mallory"));
  const ask how;
  message forged = bench::request_message(1, "s", how);
  forged.caller = "root";
  std::string metadata;
  append_metadata(metadata, "caller", "root");
  forged.metadata = metadata_view(metadata);
  b.receive(mallory, forged);
  CHECK(b.one(worker, message_type::request).caller == "mallory");
}

TEST_CASE("a request that was handed back goes on as its client's, whatever its worker says", "[broker]") {
  bench b;
  const peer_id first = b.worker("s");
  const peer_id mallory = b.client(of("mallory"));
  b.request(mallory, 1, "s");
  const sent given = b.one(first, message_type::request);
  const peer_id second = b.worker("s");
  message back = b.back(given);
  back.caller = "root";
  b.receive(first, back);
  CHECK(b.one(second, message_type::request).caller == "mallory");
}

TEST_CASE("an answer to another worker's call ends nothing", "[broker]") {
  bench b;
  const peer_id honest = b.worker("s");
  const peer_id mallory = b.worker("other", 8);
  const peer_id client = b.client();
  b.request(client, 1, "s");
  const std::uint64_t name = b.given(honest);
  b.final(mallory, name, "forged");
  b.error(mallory, name, errc::failed);
  b.part(mallory, name, "forged");
  CHECK(b.none(client));
  b.final(honest, name, "right");
  CHECK(b.one(client, message_type::final).payload == "right");
  CHECK(b.core.counted().late_answers == 3);
}

TEST_CASE("a client's word about another client's call touches nothing", "[broker]") {
  bench b;
  const peer_id worker = b.worker("s", 8);
  const peer_id alice = b.client();
  const peer_id mallory = b.client();
  b.request(alice, 7, "s");
  const std::uint64_t name = b.given(worker);
  b.cancel(mallory, 7);
  b.cancel(mallory, name);
  b.credit(mallory, 7, 100, 100);
  CHECK(b.none(worker));
  b.final(worker, name);
  CHECK(b.one(alice, message_type::final).call == 7);
  CHECK(b.none(mallory));
}

TEST_CASE("a principal's requests beyond its allowance are busy, and it is told when to come again", "[broker]") {
  small_allowance allowed;
  refusals told;
  options o = without_grace();
  o.allowed = &allowed;
  o.watcher = &told;
  bench b(o);
  const peer_id worker = b.worker("s", 8);
  const peer_id one = b.client(of("alice"));
  const peer_id two = b.client(of("alice"));
  const peer_id bob = b.client(of("bob"));
  b.request(one, 1, "s");
  const std::uint64_t name = b.given(worker);
  b.request(two, 1, "s");  // another connection of the same principal
  const sent refused = b.one(two, message_type::error);
  CHECK(refused.status == errc::busy);
  CHECK(refused.text == "too much at once; call again in 2 ms");
  CHECK(told.all == std::vector<std::string>{"limit alice /s.m"});
  b.request(bob, 1, "s");
  b.final(worker, b.given(worker));
  b.final(worker, name);
  b.request(two, 2, "s");
  b.final(worker, b.given(worker));
  CHECK(b.core.counted().over_allowance == 1);
  CHECK(allowed.nothing_used());
}

TEST_CASE("whatever becomes of a request, its allowance is given back", "[broker]") {
  small_allowance allowed;
  allowed.requests_max = 100;
  options o = without_grace();
  o.allowed = &allowed;
  bench b(o);
  const peer_id worker = b.worker("s", 1, {"m"});
  const peer_id client = b.client(of("alice"));
  b.request(client, 1, "s");                                       // answered
  b.request(client, 2, "s");                                       // queued, cancelled
  b.request(client, 3, "s", ask{.budget = 5ms});                   // queued, out of time
  b.request(client, 4, "s", ask{.method = "none"});                // refused
  b.request(client, 5, "unknown");                                 // refused
  b.request(client, 6, "s", ask{.flags = message_flag::one_way});  // continues after its client has left
  b.request(client, 7, "s");                                       // its client leaves
  b.cancel(client, 2);
  b.pass(20ms);
  const std::vector<sent> given = b.take(worker);
  REQUIRE(given.size() == 1);
  b.final(worker, given[0].call);
  b.close(client);
  CHECK(allowed.used.at("alice").first == 1);
  b.close(worker);
  CHECK(allowed.nothing_used());
}

TEST_CASE("a worker's traceback reaches clients only where that is allowed", "[broker]") {
  for (const bool allowed : {false, true}) {
    bench b;
    const peer_id worker = b.worker("s");
    peer_context about = bench::context();
    about.insides = allowed;
    const peer_id client = b.client(about);
    b.request(client, 1, "s");
    message m = bench::of(message_type::error, b.given(worker));
    m.status = errc::failed;
    m.text = "ValueError('x')";
    m.remote_type = "ValueError";
    m.payload = payload_view("File /srv/secret.py, line 1");
    b.receive(worker, m);
    const sent error = b.one(client, message_type::error);
    CHECK(error.text == "ValueError('x')");
    CHECK(error.remote_type == "ValueError");
    CHECK(error.payload.empty() != allowed);
  }
}

}  // namespace gate::broker::testing
