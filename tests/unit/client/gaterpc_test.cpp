// A client's session before a gate-rpc broker, in virtual time: the frames that it sends and what it makes of those it
// gets.
#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "client/src/session.hpp"
#include "common/src/peer/gaterpc_broker.hpp"
#include "tests/support/gaterpc_frames.hpp"
#include "tests/support/gaterpc_vectors.hpp"
#include "tests/support/sent_message.hpp"

using namespace std::chrono_literals;
using gate::call_id;
using gate::errc;
using gate::instant;
using gate::message;
using gate::message_type;
using gate::client::session;
using gate::samples::frames;
using gate::samples::messages_of;
using gate::samples::views_of;
using gate::samples::gaterpc::failure;
using gate::samples::gaterpc::none;
using gate::samples::gaterpc::single;
using gate::samples::gaterpc::vector_named;
using gate::test::sent_message;
using state = session::state;
namespace flag = gate::message_flag;

namespace {

struct failed_call {
  call_id id;
  errc status;
  gate::origin origin;
  std::string text, type;
};

struct fixture : session::handler {
  explicit fixture(gate::peer::gaterpc_broker_options login = {})
      : broker(std::move(login)), client(options(), *this) {}

  static gate::client::session_options options() {
    gate::client::session_options o;
    o.heartbeat_interval = 1000ms;
    o.heartbeat_liveness = 3;
    o.connect_timeout = 5000ms;
    o.pause_min = 20ms;
    o.pause_max = 500ms;
    o.idle_timeout = 60'000ms;
    o.attempts_max = 3;
    o.kept_bytes_max = 10'000;
    return o;
  }

  void open() override { ids.push_back(broker.begin()); }
  void close() override {}
  void send(const message& m) override { broker.say(m, out); }
  void part(call_id, const message& m) override { parts.emplace_back(m); }
  void window_opened(call_id) override {}
  void finished(call_id call, const message& m) override {
    CHECK(call == m.call);
    finals.emplace_back(m);
  }
  void failed(call_id call, const session::failure& f) override {
    failures.push_back({call, f.status, f.origin, std::string(f.text), std::string(f.remote_type)});
  }
  void ready(const message&) override { ++readies; }
  void lost(errc why, std::string_view, std::chrono::milliseconds) override { losses.push_back(why); }
  void closed(errc why, std::string_view) override { ends.push_back(why); }

  void deliver() {
    message m;
    while (broker.next(m)) client.received(m, now);
  }
  std::vector<frames> said() {
    deliver();
    std::vector<frames> all = messages_of(out);
    out.clear();
    return all;
  }
  void hear(const frames& message) {
    broker.hear(views_of(message), out);
    deliver();
  }
  // The broker's answer to a request of ours.
  void answer(const frames& request, const frames& body) {
    frames all{none, "MDPC01", request[2], request[request.size() - 4]};
    all.insert(all.end(), body.begin(), body.end());
    hear(all);
  }
  void connect(const std::string& services = "\x93\xa7GateRPC\xa1s\xa4Gate") {
    client.start(now);
    while (client.current() == state::waiting) step();
    client.connected(now);
    greeting = said();
    REQUIRE(greeting.size() == 1);
    answer(greeting[0], {single(services)});
    REQUIRE(client.current() == state::ready);
  }
  void step() {
    now = std::max(now, client.next_deadline());
    client.tick(now);
    deliver();
  }
  // A heartbeat of ours with all that it says answered; what else is sent with it.
  std::vector<frames> beat(const std::string& services) {
    std::vector<frames> others;
    step();
    for (const frames& f : said()) {
      if (f[2] != "Gate") {
        others.push_back(f);
      } else if (f[4] == "\xa9keepalive") {
        answer(f, {single("\xc4\x03"
                          "200")});
      } else {
        answer(f, {single(services)});
      }
    }
    for (const frames& f : said()) others.push_back(f);
    return others;
  }
  // A call's own request, and its number.
  struct begun {
    call_id id{};
    frames request;
  };
  begun begin(std::string_view method, std::string_view payload, std::uint8_t flags = 0, std::uint32_t items = 0,
              std::uint32_t bytes = 0) {
    message m = request_of(method, payload, flags);
    m.credit_items = items;
    m.credit_bytes = bytes;
    return begin(m);
  }
  begun begin(const message& m) {
    begun b;
    b.id = client.begin(m, now);
    const std::vector<frames> sent = said();
    if (sent.size() == 1) b.request = sent[0];
    return b;
  }
  static message request_of(std::string_view method, std::string_view payload, std::uint8_t flags = 0) {
    message m;
    m.type = message_type::request;
    m.service = "GateRPC";
    m.method = method;
    m.payload = payload;
    m.flags = flags;
    return m;
  }

  gate::peer::gaterpc_broker_of_client broker;
  gate::wire::frame_list out;
  session client;
  instant now{1h};
  int readies = 0;
  std::vector<std::string> ids;
  std::vector<frames> greeting;
  std::vector<sent_message> parts, finals;
  std::vector<failed_call> failures;
  std::vector<errc> losses, ends;
};

// Request ids are the sender's own choice: without them.
frames without_id(frames message) {
  message.erase(message.end() - 4);
  return message;
}

const frames streamed_end{"GateStreamGenerator", "GateStreamEnd"};
frames item(char value) { return {"GateStreamGenerator", std::string(1, value)}; }

}  // namespace

TEST_CASE("a client greets with get_services, under a routing id of sixteen octets", "[client][gaterpc]") {
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
  const failed_call value_error = fails("exception.crep");
  CHECK(value_error.status == errc::failed);
  CHECK(value_error.origin == gate::origin::worker);
  CHECK(value_error.type == "ValueError");
  CHECK(value_error.text == "ValueError('boom!')");
  CHECK(fails("service_unavailable.crep").status == errc::unavailable);
  CHECK(f.failures.back().origin == gate::origin::broker);
  CHECK(fails("busy.crep").status == errc::busy);
  CHECK(fails("method_not_found_INSECURE.crep").type == "AttributeError");
}

TEST_CASE("a captured stream arrives item by item", "[client][gaterpc]") {
  fixture f;
  f.connect();
  const auto call = f.begin("gen", "\x91\x03", flag::wants_stream, 10, 1000);
  for (const std::string n : {"0", "1", "2", "3"}) {
    const frames& captured = vector_named("generator3.crep." + n);
    f.answer(call.request, frames(captured.begin() + 4, captured.end()));
  }
  REQUIRE(f.parts.size() == 3);
  CHECK(f.parts[2].payload == "\x02");
  REQUIRE(f.finals.size() == 1);
  CHECK(f.finals[0].m.has(flag::no_payload));

  const auto failing = f.begin("gen", "\x91\x03", flag::wants_stream, 10, 1000);
  const frames& captured = vector_named("generator_exception.crep.2");
  f.answer(failing.request, frames(captured.begin() + 4, captured.end()));
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].text == "ValueError('gen boom!')");
}

TEST_CASE("items that their reader did not ask for yet wait for it, and the end behind them", "[client][gaterpc]") {
  fixture f;
  f.connect();
  const auto call = f.begin("gen", "\x90", flag::wants_stream, 2, 1000);
  for (char i = 1; i <= 5; ++i) f.answer(call.request, item(i));
  f.answer(call.request, streamed_end);
  CHECK(f.parts.size() == 2);
  CHECK(f.finals.empty());
  CHECK(f.client.grant(call.id, 2, 1000, f.now));
  f.deliver();
  CHECK(f.parts.size() == 4);
  CHECK(f.finals.empty());
  CHECK(f.client.grant(call.id, 1, 1000, f.now));
  f.deliver();
  REQUIRE(f.parts.size() == 5);
  CHECK(f.parts[4].payload == "\x05");
  CHECK(f.finals.size() == 1);
  CHECK(f.broker.open_calls() == 0);
}

TEST_CASE("a failure behind waiting items comes after them", "[client][gaterpc]") {
  fixture f;
  f.connect();
  const auto call = f.begin("gen", "\x90", flag::wants_stream, 1, 1000);
  f.answer(call.request, item(1));
  f.answer(call.request, item(2));
  f.answer(call.request, {"GateStreamGenerator", "GateStreamException",
                          "\x93\xa1"
                          "E\xa1t\xa0"});
  f.answer(call.request, item(3));  // nothing counts behind the end
  CHECK(f.failures.empty());
  f.client.grant(call.id, 5, 1000, f.now);
  f.deliver();
  CHECK(f.parts.size() == 2);
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].type == "E");
  CHECK(f.failures[0].text == "t");
}

TEST_CASE("a reader that stays too far behind ends its call as too slow, by items or by bytes", "[client][gaterpc]") {
  fixture f;
  f.connect();
  const auto call = f.begin("gen", "\x90", flag::wants_stream, 1000, 1u << 20);
  const std::size_t bound = 1000 + 8000;
  for (std::size_t i = 0; i < bound; ++i) f.answer(call.request, item(1));
  CHECK(f.failures.empty());
  f.answer(call.request, item(1));
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].status == errc::too_slow);
  f.answer(call.request, item(1));  // what still comes is dropped
  CHECK(f.failures.size() == 1);
  CHECK(f.broker.open_calls() == 0);

  const auto large = f.begin("gen", "\x90", flag::wants_stream, 1000, 1);
  const std::string half = "\xc6" + std::string("\x00\x08\x00\x00", 4) + std::string(0x80000, 'x');
  f.answer(large.request, {"GateStreamGenerator", half});
  f.answer(large.request, {"GateStreamGenerator", half});
  CHECK(f.failures.size() == 1);
  f.answer(large.request, {"GateStreamGenerator", half});
  CHECK(f.failures.size() == 2);
}

TEST_CASE("a stream for a call that takes none is refused, and one answer for a call that takes a stream is taken",
          "[client][gaterpc]") {
  fixture f;
  f.connect();
  const auto plain = f.begin("gen", "\x90");
  f.answer(plain.request, item(1));
  f.answer(plain.request, streamed_end);
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].status == errc::invalid_argument);
  const auto stream = f.begin("one", "\x90", flag::wants_stream, 10, 100);
  f.answer(stream.request, {single("\x07")});
  REQUIRE(f.finals.size() == 1);
  CHECK(f.finals[0].payload == "\x07");
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

namespace {

// What a Python worker's HugeData was when it was captured, up to that of its messages.
void captured_huge(fixture& f, const frames& request, int last) {
  for (int n = 0; n <= last; ++n) {
    const frames& captured = vector_named("hugedata.crep." + std::to_string(n));
    f.answer(request, frames(captured.begin() + 4, captured.end()));
  }
}

fixture::begun begin_huge(fixture& f) {
  message m = fixture::request_of("huge", "\x90");
  m.accept = gate::payload_encoding::all;
  return f.begin(m);
}

}  // namespace

TEST_CASE("a HugeData is a huge answer, whose chunks wait for credit", "[client][gaterpc]") {
  fixture f;
  f.connect();
  const auto call = begin_huge(f);
  captured_huge(f, call.request, 5);
  REQUIRE(f.parts.size() == 1);
  CHECK(f.parts[0].m.is_head());
  CHECK(f.parts[0].m.content == gate::huge_content::value);
  CHECK(f.parts[0].m.encoding == gate::payload_encoding::gzip);
  f.client.grant(call.id, 100, 1 << 20, f.now);
  f.deliver();
  REQUIRE(f.parts.size() >= 2);
  std::string octets;
  for (std::size_t i = 1; i < f.parts.size(); ++i) octets += f.parts[i].payload;
  std::string sent;
  for (int n = 0; n < 5; ++n) sent += vector_named("hugedata.crep." + std::to_string(n)).back();
  CHECK(octets == sent);
  REQUIRE(f.finals.size() == 1);
  CHECK(f.finals[0].m.has(flag::no_payload));
  CHECK(f.broker.open_calls() == 0);
}

TEST_CASE("a HugeData that fails is told behind what came of it", "[client][gaterpc]") {
  fixture f;
  f.connect();
  const auto call = begin_huge(f);
  for (const std::string n : {"0", "1"}) {
    const frames& captured = vector_named("hugedata_exception.crep." + n);
    f.answer(call.request, frames(captured.begin() + 4, captured.end()));
  }
  CHECK(f.failures.empty());
  f.client.grant(call.id, 100, 1 << 20, f.now);
  f.deliver();
  CHECK(f.parts.size() == 2);
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].status == errc::failed);
}

TEST_CASE("a HugeData to a call that reads a stream is unsupported, and the rest of it dropped", "[client][gaterpc]") {
  fixture f;
  f.connect();
  const auto call = f.begin("huge", "\x90", flag::wants_stream, 10, 1000);
  captured_huge(f, call.request, 5);
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].status == errc::unsupported);
  CHECK(f.parts.empty());
}

TEST_CASE("the end of a HugeData that did not begin ends its call", "[client][gaterpc]") {
  fixture f;
  f.connect();
  const auto call = begin_huge(f);
  f.answer(call.request, {"GateStreamHugData", "HugeDataEND"});
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].status == errc::protocol_error);
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

TEST_CASE("the heartbeat is a keepalive with octets for its argument", "[client][gaterpc]") {
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
  f.answer(again.request, {single("\x01")});  // of the connection that is gone
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
  CHECK_FALSE(f.begin("x", "\x90").request.empty());  // and from now on at once
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
