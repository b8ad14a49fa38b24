// Each refusal of the core is counted by its reason, and its status is that of the table.
#include <algorithm>
#include <set>
#include <string>

#include <catch2/catch.hpp>

#include "tests/unit/broker/core/core_fixture.hpp"

using namespace gate;
using namespace gate::broker;
using namespace gate::broker::testing;

namespace {

// How often the core has given that reason.
std::uint64_t count(const bench& b, refusal why) { return b.core.counted().reasons.of(why); }

// The client's only message is the error of that reason, which was counted once.
void check_refused(bench& b, peer_id client, refusal why) {
  INFO(row_of(why).name);
  CHECK(b.failed(client) == row_of(why).status);
  CHECK(count(b, why) == 1);
}

void check_cut(bench& b, peer_id peer, refusal why) {
  INFO(row_of(why).name);
  REQUIRE(b.was_cut(peer));
  CHECK(b.out.cuts.back().why == row_of(why).status);
  const std::vector<sent> told = b.take(peer);
  REQUIRE(!told.empty());
  CHECK(told.back().type == message_type::bye);
  CHECK(told.back().status == row_of(why).status);
  CHECK(count(b, why) == 1);
}

struct deny_all final : access {
  std::string_view may_call(std::string_view, std::string_view, std::string_view, std::string_view) override {
    return calls ? "" : "no role grants it";
  }
  std::string_view may_offer(std::string_view, std::string_view, std::string_view) override {
    return offers ? "" : "no role grants it";
  }
  bool may_see(std::string_view, std::string_view, std::string_view) override { return true; }
  std::string_view home(std::string_view) const override { return space; }
  bool calls = false, offers = false;
  std::string space;
};

struct no_allowance final : allowance {
  answer begin(std::string_view, std::size_t, instant) override { return {"too much", 1s}; }
  void end(std::string_view, std::size_t) override {}
};

}  // namespace

TEST_CASE("the table of refusals has a row for each, with a name of its own and a help", "[broker]") {
  std::set<std::string_view> names;
  for (const refusal_row& row : refusal_table()) {
    INFO(row.name);
    CHECK(&row_of(row.value) == &row);
    CHECK(names.insert(row.name).second);
    CHECK(std::all_of(row.name.begin(), row.name.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; }));
    CHECK(!row.help.empty());
    CHECK(row.status != errc::ok);
  }
  CHECK(names.size() == refusal_count);
}

TEST_CASE("refused requests are counted by their reason", "[broker]") {
  options o = without_grace();
  o.payload_bytes_max = 100;
  o.client_calls_max = 1;
  bench b(o);
  const peer_id c = b.client();
  b.request(c, 1, "s/");
  check_refused(b, c, refusal::bad_service_name);
  b.request(c, 2, "s");
  check_refused(b, c, refusal::no_worker);
  const peer_id w = b.worker("s", 8, {"m"});
  b.request(c, 3, "s", {.payload = std::string(101, 'x')});
  check_refused(b, c, refusal::arguments_too_large);
  b.request(c, 4, "s", {.budget = 0ms});
  check_refused(b, c, refusal::budget_over);
  b.request(c, 5, "s", {.method = "other"});
  check_refused(b, c, refusal::no_method);
  b.request(c, 6, "s");
  b.request(c, 7, "s");
  check_refused(b, c, refusal::client_calls_full);
  message lost;
  lost.type = message_type::request;
  lost.call = call_id{8};
  b.core.unread(c, lost, refusal::pieces_full, "too many pieces", b.now);
  check_refused(b, c, refusal::pieces_full);
  b.final(w, b.given(w));
  (void)b.take(c);
  b.core.drain(b.now);
  (void)b.take(c);
  b.request(c, 9, "s");
  check_refused(b, c, refusal::broker_draining);
  // One-way requests are counted too, though nobody is told.
  b.request(c, 10, "s", {.flags = message_flag::one_way});
  CHECK(b.none(c));
  CHECK(count(b, refusal::broker_draining) == 2);
}

TEST_CASE("requests that meet a full queue are counted by the limit that they met", "[broker]") {
  const auto refused_by = [](const options& o, refusal why) {
    bench b(o);
    const peer_id c = b.client(), w = b.worker("s", 1);
    b.request(c, 1, "s");
    b.given(w);
    for (std::uint64_t n = 2; n <= 4; ++n) b.request(c, n, "s");
    check_refused(b, c, why);
  };
  options o;
  o.queue_max = 2;
  refused_by(o, refusal::queue_full);
  o = {};
  o.queue_total_max = 2;
  refused_by(o, refusal::total_queue_full);
  o = {};
  o.queue_bytes_max = 30;  // a request of the bench has 11
  refused_by(o, refusal::queue_bytes_full);
  o = {};
  o.queue_total_bytes_max = 30;
  refused_by(o, refusal::total_queue_bytes_full);
  o = {};
  o.client_bytes_max = 30;
  refused_by(o, refusal::client_bytes_full);
}

TEST_CASE("requests for made-up names are counted when there is room for no more", "[broker]") {
  options o;
  o.services_max = 2;
  bench b(o);
  const peer_id c = b.client();
  b.request(c, 1, "first");
  CHECK(b.none(c));
  b.request(c, 2, "second");
  check_refused(b, c, refusal::unknown_names_full);
}

TEST_CASE("requests beyond rights, allowance and rate are counted by these", "[broker]") {
  deny_all rights;
  no_allowance allowed;
  options o = without_grace();
  o.rights = &rights;
  rights.offers = true;
  {
    bench b(o);
    b.worker("s", 8);
    const peer_id c = b.client();
    b.request(c, 1, "s");
    check_refused(b, c, refusal::call_denied);
  }
  rights.calls = true;
  o.allowed = &allowed;
  {
    bench b(o);
    b.worker("s", 8);
    const peer_id c = b.client();
    b.request(c, 1, "s");
    check_refused(b, c, refusal::over_allowance);
  }
  o.allowed = nullptr;
  o.services["s"].methods["m"].requests_per_second_max = 1;
  bench b(o);
  b.worker("s", 8);
  const peer_id c = b.client();
  b.request(c, 1, "s");
  b.request(c, 2, "s");
  check_refused(b, c, refusal::over_method_rate);
}

TEST_CASE("peers that are cut are counted by what they did", "[broker]") {
  options o;
  o.peers_max = 8;
  bench b(o);
  peer_id p = b.open();
  b.request(p, 1, "s");
  check_cut(b, p, refusal::no_hello);
  p = b.open();
  b.receive(p, bench::hello(peer_role::worker, "s", 0));
  check_cut(b, p, refusal::bad_hello);
  p = b.open();
  message old = bench::hello(peer_role::client);
  old.version_min = old.version_max = gate2_version + 1;
  b.receive(p, old);
  check_cut(b, p, refusal::old_version);
  p = b.open();
  b.receive(p, bench::hello(peer_role::worker, "gate", 1));
  check_cut(b, p, refusal::reserved_name);
  p = b.client();
  b.final(p, 1);
  check_cut(b, p, refusal::unexpected_message);
  p = b.client();
  b.request(p, 1, "s");
  b.request(p, 1, "s");
  check_cut(b, p, refusal::call_number_in_use);
  p = b.client();
  b.core.malformed(p, "noise", b.now);
  check_cut(b, p, refusal::malformed);
  p = b.client();
  b.core.malformed(p, "noise", b.now, refusal::wrong_frames);
  check_cut(b, p, refusal::wrong_frames);
  p = b.open();
  for (int i = 0; i <= limits::hellos_again_max + 1; ++i) b.receive(p, bench::hello(peer_role::client));
  check_cut(b, p, refusal::too_many_hellos);
  p = b.open();
  b.pass(limits::hello_timeout + 1s);
  check_cut(b, p, refusal::late_hello);
}

TEST_CASE("peers for which there is no room are counted by the limit", "[broker]") {
  options o;
  o.peers_max = 2;
  o.services_max = 1;
  bench b(o);
  b.worker("s");
  const peer_id second = b.open();
  b.receive(second, bench::hello(peer_role::worker, "t", 1));
  check_cut(b, second, refusal::services_full);
  b.client();
  check_cut(b, b.open(), refusal::peers_full);
}

TEST_CASE("workers that may not offer their service are counted by why", "[broker]") {
  deny_all rights;
  options o;
  o.rights = &rights;
  bench b(o);
  peer_id p = b.open();
  b.receive(p, bench::hello(peer_role::worker, "s", 1));
  check_cut(b, p, refusal::offer_denied);
  rights.offers = true;
  p = b.worker("s");
  rights.space = "prod";
  b.core.rights_changed(b.now);
  check_cut(b, p, refusal::namespace_changed);
  p = b.worker("prod/s");
  rights.offers = false;
  b.core.rights_changed(b.now);
  check_cut(b, p, refusal::offer_ended);
}

TEST_CASE("a peer that the engine rejects is told the status of the reason, and not counted here", "[broker]") {
  bench b;
  const peer_id p = b.client();
  b.core.rejected(p, refusal::unread_full, "too fast", b.now);
  REQUIRE(b.was_cut(p));
  CHECK(b.one(p, message_type::bye).status == errc::busy);
  CHECK(count(b, refusal::unread_full) == 0);
}
