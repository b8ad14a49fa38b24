// A client's session with a gate-rpc broker: how it greets, what it asks, and how it stays connected or leaves.
#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/gaterpc_vectors.hpp"
#include "tests/unit/client/session/gaterpc_fixture.hpp"

using namespace std::chrono_literals;
using gate::errc;
using gate::instant;
using gate::message;
using gate::samples::frames;
using gate::samples::gaterpc::failure;
using gate::samples::gaterpc::none;
using gate::samples::gaterpc::single;
using gate::samples::gaterpc::vector_named;
using gate::test::without_id;
using fixture = gate::test::gaterpc_session_fixture;
using state = gate::client::session::state;
namespace flag = gate::message_flag;

TEST_CASE("a client greets with get_services, under a routing id of sixteen bytes", "[client][gaterpc]") {
  fixture f;
  f.connect();
  CHECK(without_id(f.greeting[0]) == without_id(vector_named("connect_get_services.creq")));
  CHECK(f.greeting[0][3].size() == 16);
  REQUIRE(f.ids.size() == 1);
  CHECK(f.ids[0].size() == 16);
  CHECK(f.ids[0][0] != '\0');
  CHECK(f.readies == 1);
}

TEST_CASE("requests leave as Python's do, with all three frames", "[client][gaterpc]") {
  fixture f;
  f.connect();
  const auto check = [&](const std::string& name, std::string_view method, const std::string& payload,
                         std::uint8_t flags = 0) {
    INFO(name);
    CHECK(without_id(f.begin(method, payload, flags).request) == without_id(vector_named(name + ".creq")));
  };
  check("noargs", "noargs", "\x90");
  check("echo64", "echo", vector_named("echo64.creq")[5]);
  check("args_all_types", "args", vector_named("args_all_types.creq")[5]);
  check("args_kwargs", "args", "\x92" + vector_named("args_kwargs.creq")[5] + vector_named("args_kwargs.creq")[6],
        flag::named);
  check("generator3", "gen", "\x91\x03", flag::wants_stream);
}

TEST_CASE("a captured result is the call's", "[client][gaterpc]") {
  fixture f;
  f.connect();
  const auto call = f.begin("args", "\x90");
  f.answer(call.request, {vector_named("args_kwargs.crep").back()});
  REQUIRE(f.finals.size() == 1);
  CHECK(f.finals[0].m.call == call.id);
  CHECK(f.finals[0].payload ==
        "\x82\xa4"
        "args\x91\xa3pos\xa6kwargs\x82\xa3key\xa3val\xa1n\xff");
  CHECK(f.broker.open_calls() == 0);
}

TEST_CASE("captured exceptions are failures with their class, and those that brokers make have a status of their own",
          "[client][gaterpc]") {
  fixture f;
  f.connect();
  const auto fails = [&](const std::string& name) {
    const auto call = f.begin("boom", "\x90");
    f.answer(call.request, {vector_named(name).back()});
    REQUIRE(!f.failures.empty());
    return f.failures.back();
  };
  const fixture::failed_call value_error = fails("exception.crep");
  CHECK(value_error.status == errc::failed);
  CHECK(value_error.origin == gate::origin::worker);
  CHECK(value_error.type == "ValueError");
  CHECK(value_error.text == "ValueError('boom!')");
  CHECK(fails("service_unavailable.crep").status == errc::unavailable);
  CHECK(f.failures.back().origin == gate::origin::broker);
  CHECK(fails("busy.crep").status == errc::busy);
  CHECK(fails("method_not_found_INSECURE.crep").type == "AttributeError");
}

TEST_CASE("what cannot be said in gate-rpc is unsupported", "[client][gaterpc]") {
  fixture f;
  f.connect();
  const auto status_of = [&](const message& m) {
    CHECK(f.begin(m).request.empty());
    REQUIRE(!f.failures.empty());
    return f.failures.back().status;
  };
  CHECK(status_of(fixture::request_of("sum", "\x90", flag::client_stream)) == errc::unsupported);
  std::string metadata;
  gate::append_metadata(metadata, "tenant", "7");
  message with_metadata = fixture::request_of("x", "\x90");
  with_metadata.metadata = gate::metadata_view(metadata);
  CHECK(status_of(with_metadata) == errc::unsupported);
  message with_key = fixture::request_of("x", "\x90");
  with_key.idempotency_key = "k";
  CHECK(status_of(with_key) == errc::unsupported);
  CHECK(status_of(fixture::request_of("x", "\x92\x90\x81\xa3__x\x01", flag::named)) == errc::invalid_argument);
  CHECK(f.failures.size() == 4);
  CHECK(f.client.current() == state::ready);
}

TEST_CASE("an answer that cannot be read ends its call", "[client][gaterpc]") {
  fixture f;
  f.connect();
  const auto call = f.begin("x", "\x90");
  f.answer(call.request, {"\x01"});
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].status == errc::protocol_error);
}

TEST_CASE("budgets are kept here, and an answer that comes after the end is dropped", "[client][gaterpc]") {
  fixture f;
  f.connect();
  message m = fixture::request_of("slow", "\x90");
  m.budget = 100ms;
  const auto late = f.begin(m);
  f.step();
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].status == errc::timed_out);
  CHECK(f.said().empty());
  f.answer(late.request, {single("\x01")});
  CHECK(f.finals.empty());

  const auto given_up = f.begin("slow", "\x90");
  f.client.cancel(given_up.id, f.now);
  CHECK(f.said().empty());
  f.answer(given_up.request, {single("\x01")});
  CHECK(f.finals.empty());
  CHECK(f.broker.open_calls() == 0);
}

TEST_CASE("the heartbeat is a keepalive with bytes for its argument", "[client][gaterpc]") {
  fixture f;
  f.connect();
  f.step();
  const std::vector<frames> said = f.said();
  REQUIRE(!said.empty());
  CHECK(without_id(said[0]) == without_id(vector_named("gate_keepalive.creq")));
}

TEST_CASE("a silent broker is lost, and an idempotent call sent again to the next one", "[client][gaterpc]") {
  fixture f;
  f.connect();
  const instant heard = f.now;
  const auto plain = f.begin("x", "\x90");
  const auto again = f.begin("x", "\x90", flag::idempotent);
  while (f.client.current() == state::ready) f.step();
  CHECK(f.now - heard == 15s);
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].id == plain.id);
  f.said();

  while (f.client.current() == state::waiting) f.step();
  f.client.connected(f.now);
  const std::vector<frames> greeting = f.said();
  REQUIRE(greeting.size() == 1);
  f.answer(greeting[0], {single("\x91\xa7GateRPC")});
  const std::vector<frames> resent = f.said();
  REQUIRE(resent.size() == 1);
  CHECK(without_id(resent[0]) == without_id(again.request));
  CHECK(f.ids.size() == 2);
  CHECK(f.ids[0] != f.ids[1]);
  f.answer(again.request, {single("\x01")});  // belongs to the lost connection
  CHECK(f.finals.empty());
  f.answer(resent[0], {single("\x01")});
  CHECK(f.finals.size() == 1);
}

TEST_CASE("right after connecting, calls to services that are not there yet wait for them", "[client][gaterpc]") {
  fixture f;
  f.connect("\x91\xa4Gate");
  const auto call = f.begin("x", "\x90");
  CHECK(call.request.empty());
  CHECK(f.broker.held_bytes() > 0);
  CHECK(f.beat("\x91\xa4Gate").empty());
  const std::vector<frames> sent = f.beat("\x92\xa4Gate\xa7GateRPC");
  REQUIRE(sent.size() == 1);
  CHECK(sent[0][2] == "GateRPC");
  CHECK(f.broker.held_bytes() == 0);
  f.answer(sent[0], {single("\x01")});
  CHECK(f.finals.size() == 1);
}

TEST_CASE("a service that does not come is asked for anyway, since only the broker knows", "[client][gaterpc]") {
  fixture f;
  f.connect("\x91\xa4Gate");
  f.begin("x", "\x90");
  int beats = 1;
  std::vector<frames> sent = f.beat("\x91\xa4Gate");
  for (; sent.empty() && beats < 20; ++beats) sent = f.beat("\x91\xa4Gate");
  CHECK(beats == 5);
  CHECK(sent.size() == 1);
  CHECK_FALSE(f.begin("x", "\x90").request.empty());  // from now on requests leave at once
}

TEST_CASE("a call that waits for its service can be given up", "[client][gaterpc]") {
  fixture f;
  f.connect("\x91\xa4Gate");
  const auto call = f.begin("x", "\x90");
  f.client.cancel(call.id, f.now);
  CHECK(f.broker.held_bytes() == 0);
  CHECK(f.beat("\x92\xa4Gate\xa7GateRPC").empty());
}

TEST_CASE("user and password go into each message of the client", "[client][gaterpc]") {
  gate::peer::gaterpc_broker_options login;
  login.shown = gate::credentials::plain("alice", "secret");
  fixture f(login);
  f.connect();
  CHECK(without_id(f.greeting[0]) == without_id(vector_named("zap_plain.get_services.creq")));
  CHECK(without_id(f.begin("echo", "\x91\xa2hi").request) == without_id(vector_named("zap_plain.echo.creq")));
}

TEST_CASE("a broker that says that it does not admit the client ends the session for good", "[client][gaterpc]") {
  fixture f;
  f.client.start(f.now);
  f.client.connected(f.now);
  f.answer(f.said().at(0), {failure("\x93\xb3"
                                    "AuthenticationError\xa2no\xa0")});
  CHECK(f.ends == std::vector<errc>{errc::unauthenticated});
  CHECK(f.client.current() == state::closed);
}

TEST_CASE("a one-way call is sent, and its answer dropped", "[client][gaterpc]") {
  fixture f;
  f.connect();
  const auto call = f.begin("note", "\x90", flag::one_way);
  f.step();
  REQUIRE(f.finals.size() == 1);
  f.answer(call.request, {single("\x01")});
  CHECK(f.finals.size() == 1);
  CHECK(f.broker.open_calls() == 0);
}

TEST_CASE("what is no reply of a broker, or to nobody, is ignored", "[client][gaterpc]") {
  fixture f;
  f.connect();
  f.begin("x", "\x90");
  for (const frames& message : {frames{}, frames{"x"}, frames{none, "MDPC01"}, frames{none, "MDPW01", "\x04"},
                                frames{none, "MDPC01", "GateRPC", "short", single("\x01")},
                                frames{none, "MDPC01", "GateRPC", std::string(16, 'x'), single("\x01")}}) {
    f.hear(message);
  }
  CHECK(f.finals.empty());
  CHECK(f.failures.empty());
  CHECK(f.client.current() == state::ready);
}

TEST_CASE("no captured message in the wrong place, and none that is cut or changed, breaks a client",
          "[client][gaterpc]") {
  std::mt19937 random(7);
  for (const auto& v : gate::samples::gaterpc::vectors()) {
    INFO(v.name);
    fixture f;
    f.connect();
    f.hear(v.sent);
    for (int i = 0; i < 50; ++i) {
      const auto call = f.begin("x", "\x90", flag::wants_stream, 1, 10);
      const frames strange = gate::samples::changed(v.sent, random);
      const std::size_t body = std::min<std::size_t>(4, strange.size());
      f.answer(call.request, frames(strange.begin() + static_cast<std::ptrdiff_t>(body), strange.end()));
      f.client.cancel(call.id, f.now);
    }
    CHECK(f.client.current() == state::ready);
    CHECK(f.broker.open_calls() == 0);
  }
}
