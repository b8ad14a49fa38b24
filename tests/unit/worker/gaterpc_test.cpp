// A worker's session under a gate-rpc broker, in virtual time: the frames that it sends and what it makes of those it
// gets.
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/descriptor.hpp>

#include "common/src/peer/gaterpc_broker.hpp"
#include "tests/support/gaterpc_frames.hpp"
#include "tests/support/gaterpc_vectors.hpp"
#include "tests/support/sent_message.hpp"
#include "worker/src/session.hpp"

using namespace std::chrono_literals;
using gate::call_id;
using gate::errc;
using gate::instant;
using gate::message;
using gate::message_type;
using gate::samples::frames;
using gate::samples::messages_of;
using gate::samples::views_of;
using gate::samples::gaterpc::failure;
using gate::samples::gaterpc::none;
using gate::samples::gaterpc::single;
using gate::samples::gaterpc::to_broker;
using gate::samples::gaterpc::vector_named;
using gate::test::sent_message;
using gate::worker::session;
using state = session::state;
namespace flag = gate::message_flag;

namespace {

std::string described() {
  gate::descriptor d;
  d.description = "gate-rpc service";
  gate::method_descriptor m;
  m.name = "add";
  m.doc = "Adds";
  m.parameters = {{"a", "int32"}, {"b", "int32"}};
  m.result = "int32";
  d.methods = {m};
  return encode(d);
}

gate::peer::gaterpc_broker_options login_of(const std::string& user, const std::string& password) {
  gate::peer::gaterpc_broker_options o;
  if (!user.empty()) o.shown = gate::credentials::plain(user, password);
  return o;
}

struct fixture : session::handler {
  explicit fixture(const std::string& service = "GateRPC", std::string user = {}, std::string password = {})
      : broker(login_of(user, password)), worker(options(service), *this) {}

  static gate::worker::session_options options(const std::string& service) {
    gate::worker::session_options o;
    o.service = service;
    o.encoded_descriptor = described();
    o.capacity = 7;
    o.heartbeat_interval = 1000ms;
    o.heartbeat_liveness = 3;
    o.connect_timeout = 5000ms;
    o.pause_min = 20ms;
    o.pause_max = 500ms;
    return o;
  }

  void open() override {
    ++opened;
    ids.push_back(broker.begin());
  }
  void close() override { ++closed_sockets; }
  void send(const message& m) override { broker.say(m, out); }
  void request(const message& m) override { requests.emplace_back(m); }
  void part(const message&) override { FAIL("a gate-rpc client sends no stream"); }
  void window_opened(call_id) override {}
  void cancelled(call_id call, errc why) override { cancels.emplace_back(call, why); }
  void serving(const message&) override { ++welcomes; }
  void lost(errc why, std::string_view, std::chrono::milliseconds) override { losses.push_back(why); }
  void closed(errc why, std::string_view text) override {
    ends.push_back(why);
    end_text = text;
  }

  // What has been said since the last time.
  std::vector<frames> said() {
    deliver();
    std::vector<frames> all = messages_of(out);
    out.clear();
    return all;
  }
  void deliver() {
    message m;
    while (broker.next(m)) worker.received(m, now);
  }
  void hear(const frames& message) {
    broker.hear(views_of(message), out);
    deliver();
  }
  void connect() {
    if (worker.current() == state::idle) worker.start(now);
    while (worker.current() == state::waiting) step();
    said();
    worker.connected(now);
    ready = said();
    hear(to_broker(4));
    said();
    REQUIRE(worker.current() == state::serving);
  }
  void step() {
    now = std::max(now, worker.next_deadline());
    worker.tick(now);
    deliver();
  }
  call_id request_from(const frames& rest) {
    const std::size_t before = requests.size();
    hear(to_broker(2, rest));
    return requests.size() == before ? call_id{} : requests.back().m.call;
  }
  call_id any_request() {
    return request_from({"client", none, "id",
                         "\xa3"
                         "add",
                         "\x92\x01\x02", "\x80"});
  }
  bool final(call_id call, gate::payload_view result, std::uint8_t flags = 0) {
    message m;
    m.call = call;
    m.payload = result;
    m.flags = flags;
    return worker.final(m);
  }
  bool error(call_id call, errc status, std::string_view text, std::string_view type = {}) {
    message m;
    m.call = call;
    m.status = status;
    m.text = text;
    m.remote_type = type;
    return worker.error(m);
  }

  gate::peer::gaterpc_broker_of_worker broker;
  gate::wire::frame_list out;
  session worker;
  instant now{1h};
  int opened = 0, closed_sockets = 0, welcomes = 0;
  std::vector<std::string> ids;
  std::vector<frames> ready;
  std::vector<sent_message> requests;
  std::vector<std::pair<call_id, errc>> cancels;
  std::vector<errc> losses, ends;
  std::string end_text;
};

frames reply(const frames& body) {
  frames rest{"client", none, "id"};
  rest.insert(rest.end(), body.begin(), body.end());
  return to_broker(3, rest);
}

const frames heartbeat = to_broker(4);
const frames farewell = to_broker(5, {none});

}  // namespace

TEST_CASE("a worker says READY as Python does, and serves when the broker has answered", "[worker][gaterpc]") {
  fixture f;
  f.worker.start(f.now);
  f.worker.connected(f.now);
  CHECK(f.said() == std::vector<frames>{vector_named("worker_ready")});
  CHECK(f.worker.current() == state::greeting);
  f.hear(vector_named("heartbeat.broker_to_worker"));
  CHECK(f.worker.current() == state::serving);
  CHECK(f.welcomes == 1);
  CHECK(f.said() == std::vector<frames>{vector_named("heartbeat.worker_to_broker")});
}

TEST_CASE("each heartbeat is answered with one of three frames, and others go out on a timer", "[worker][gaterpc]") {
  fixture f;
  f.connect();
  f.hear(heartbeat);
  f.hear(heartbeat);
  CHECK(f.said() == std::vector<frames>{heartbeat, heartbeat});
  f.step();
  CHECK(f.said() == std::vector<frames>{heartbeat});
}

TEST_CASE("a broker is lost after three of its intervals of silence, and looked for again under a new name",
          "[worker][gaterpc]") {
  fixture f;
  f.connect();
  const instant heard = f.now;
  while (f.worker.current() == state::serving) f.step();
  CHECK(f.now - heard == 15s);
  CHECK(f.losses == std::vector{errc::unavailable});
  f.connect();
  CHECK(f.ready == std::vector<frames>{vector_named("worker_ready")});
  REQUIRE(f.ids.size() == 2);
  CHECK(f.ids[0].size() == 16);
  CHECK(f.ids[0] != f.ids[1]);
}

TEST_CASE("an interval longer than Python's makes the patience longer", "[worker][gaterpc]") {
  gate::peer::gaterpc_broker_of_worker broker({});
  gate::wire::frame_list out;
  broker.begin();
  message hello;
  hello.type = message_type::hello;
  hello.service = "s";
  hello.heartbeat_interval = 10s;
  hello.liveness = 4;
  broker.say(hello, out);
  broker.hear(views_of(heartbeat), out);
  message welcome;
  REQUIRE(broker.next(welcome));
  CHECK(welcome.type == message_type::welcome);
  CHECK(welcome.heartbeat_interval * welcome.liveness == 40s);
}

TEST_CASE("a captured request is dispatched with its function and its arguments", "[worker][gaterpc]") {
  fixture f;
  f.connect();
  f.hear(vector_named("args_all_types.wreq"));
  REQUIRE(f.requests.size() == 1);
  CHECK(f.requests[0].method == "args");
  CHECK(f.requests[0].service == "GateRPC");
  CHECK(f.requests[0].payload == vector_named("args_all_types.wreq")[7]);
  CHECK(f.requests[0].m.flags == flag::wants_stream);
  f.hear(vector_named("args_kwargs.wreq"));
  REQUIRE(f.requests.size() == 2);
  CHECK(f.requests[1].m.has(flag::named));
  CHECK(f.requests[1].payload == "\x92" + vector_named("args_kwargs.wreq")[7] + vector_named("args_kwargs.wreq")[8]);
}

TEST_CASE("results leave as Python's do", "[worker][gaterpc]") {
  fixture f;
  f.connect();
  for (const std::string name : {"noargs", "echo64", "args_all_types", "args_kwargs"}) {
    INFO(name);
    const frames& expected = vector_named(name + ".wrep");
    const std::string& body = expected.back();
    const call_id call = f.request_from({expected[3], none, expected[5], "\xa1x"});
    // Without the map's header and key before it, and the exception behind it.
    const std::string result = body.substr(8, body.size() - 8 - 11);
    CHECK(f.final(call, gate::bytes_view(result)));
    CHECK(f.said() == std::vector<frames>{expected});
  }
  CHECK(f.broker.open_calls() == 0);
}

TEST_CASE("streams leave as Python's do, an empty one as its end", "[worker][gaterpc]") {
  fixture f;
  f.connect();
  f.hear(vector_named("generator3.wreq"));
  const call_id call = f.requests.back().m.call;
  for (const std::string& item : {std::string(1, '\0'), std::string("\x01"), std::string("\x02")}) {
    REQUIRE(f.worker.window_open(call));
    CHECK(f.worker.part(call, gate::bytes_view(item)));
  }
  CHECK(f.final(call, {}, flag::no_payload));
  std::vector<frames> expected;
  for (const std::string n : {"0", "1", "2", "3"}) expected.push_back(vector_named("generator3.wrep." + n));
  CHECK(f.said() == expected);

  CHECK(f.final(f.any_request(), {}, flag::no_payload));
  CHECK(f.said() == std::vector<frames>{reply({"GateStreamGenerator", "GateStreamEnd"})});
}

TEST_CASE("a huge answer leaves as Python's HugeData does", "[worker][gaterpc]") {
  fixture f;
  f.connect();
  f.hear(vector_named("hugedata.wreq"));
  REQUIRE(f.requests.size() == 1);
  CHECK(f.requests[0].m.accept == gate::payload_encoding::gzip);
  const call_id call = f.requests.back().m.call;
  message head;
  head.call = call;
  head.type = message_type::part;
  head.flags = flag::no_payload;
  head.content = gate::huge_content::value;
  SECTION("in the broker's compression") {
    head.encoding = gate::payload_encoding::gzip;
    CHECK(f.worker.part(head));
    std::vector<frames> expected;
    for (int n = 0; n < 6; ++n) expected.push_back(vector_named("hugedata.wrep." + std::to_string(n)));
    for (int n = 0; n < 4; ++n)
      CHECK(f.worker.part(call, gate::bytes_view(expected[static_cast<std::size_t>(n)].back())));
    CHECK(f.final(call, {}, flag::no_payload));
    CHECK(f.said() == expected);
  }
  SECTION("or not at all") {
    CHECK(f.worker.part(head));
    const std::vector<frames> said = f.said();
    REQUIRE(said.size() == 1);
    CHECK_THAT(said[0].back(), Catch::Contains("NotImplementedError"));
    CHECK(f.cancels.size() == 1);
  }
  CHECK(f.broker.open_calls() == 0);
}

TEST_CASE("an exception leaves as three strings: its class, what repr() shows, and no traceback", "[worker][gaterpc]") {
  fixture f;
  f.connect();
  CHECK(f.error(f.any_request(), errc::failed, "boom!", "ValueError"));
  const std::string value_error =
      "\x93\xaaValueError\xb3ValueError('boom!')"
      "\xa0";
  CHECK(f.said() == std::vector<frames>{reply({failure(value_error)})});

  CHECK(f.error(f.any_request(), errc::no_method, "no x"));
  CHECK(f.said() == std::vector<frames>{reply({failure("\x93\xae"
                                                       "AttributeError\xb6"
                                                       "AttributeError('no x')\xa0")})});

  const call_id streaming = f.any_request();
  CHECK(f.worker.part(streaming, gate::bytes_view("\x01")));
  CHECK(f.error(streaming, errc::failed, "boom!", "ValueError"));
  CHECK(f.said() == std::vector<frames>{reply({"GateStreamGenerator", "\x01"}),
                                        reply({"GateStreamGenerator", "GateStreamException", value_error})});
}

TEST_CASE("a request that Python would drop is answered at once", "[worker][gaterpc]") {
  fixture f;
  f.connect();
  const frames wrong[] = {
      {"client", none, "id", "\x01"},                           // a function that is no text
      {"client", none, "id", "\xa1x", "\x80"},                  // args that are no list
      {"client", none, "id", "\xa1x", "\x90", "\x90"},          // kwargs that are no map
      {"client", none, "id", "\xa1x", "\x90", "\x80", "\x80"},  // too many frames
  };
  for (const frames& rest : wrong) {
    CHECK(f.request_from(rest) == call_id{});
    const std::vector<frames> said = f.said();
    REQUIRE(said.size() == 1);
    CHECK(frames(said[0].begin(), said[0].begin() + 6) == to_broker(3, {"client", none, "id"}));
    CHECK_THAT(said[0].back(), Catch::Contains("TypeError"));
  }
  CHECK(f.broker.open_calls() == 0);
}

TEST_CASE("what is no message of a broker is ignored, as Python's workers do", "[worker][gaterpc]") {
  fixture f;
  f.connect();
  for (const frames& message : {frames{}, frames{"x"}, frames{none, "MDPC01", "\x02"}, frames{none, "MDPW01", "\x07"},
                                to_broker(2, {"client", "x", "id", "\xa1x"}), to_broker(2), to_broker(1)}) {
    f.hear(message);
  }
  CHECK(f.said().empty());
  CHECK(f.worker.current() == state::serving);
}

TEST_CASE("get_interfaces lists the methods, unless the worker answers it itself", "[worker][gaterpc]") {
  fixture f;
  f.connect();
  CHECK(f.request_from({"client", none, "id",
                        "\xae"
                        "get_interfaces",
                        "\x90", "\x80"}) == call_id{});
  const std::vector<frames> said = f.said();
  REQUIRE(said.size() == 1);
  const frames body{said[0].back()};
  const auto answer = gate::wire::gaterpc::read_answer(views_of(body));
  REQUIRE(answer);
  const auto methods = gate::wire::gaterpc::read_interfaces(answer->content);
  REQUIRE(methods);
  REQUIRE(methods->size() == 2);
  CHECK(methods->at(0).name == "add");
  CHECK(methods->at(0).doc == "Adds");
  REQUIRE(methods->at(0).parameters.size() == 2);
  CHECK(methods->at(0).parameters[1].name == "b");
  CHECK(methods->at(0).parameters[1].type == "int32");
  CHECK(methods->at(0).result == "int32");
  CHECK(methods->at(1).name == "get_interfaces");
}

TEST_CASE("more requests than the capacity are refused as busy: Python's credit grows with streams",
          "[worker][gaterpc]") {
  fixture f;
  f.connect();
  for (int i = 0; i < 7; ++i) CHECK(f.any_request() != call_id{});
  CHECK(f.any_request() == call_id{});
  const std::vector<frames> said = f.said();
  REQUIRE(said.size() == 1);
  CHECK_THAT(said[0].back(), Catch::Contains("BusyWorkerError"));
  CHECK(f.worker.current() == state::serving);
  CHECK(f.worker.open_calls() == 7);
}

TEST_CASE("a drained worker refuses what comes, ends what it has, and says DISCONNECT with a frame behind it",
          "[worker][gaterpc]") {
  fixture f;
  f.connect();
  const call_id call = f.any_request();
  f.worker.drain(f.now);
  f.deliver();
  CHECK(f.any_request() == call_id{});
  const std::vector<frames> refused = f.said();
  REQUIRE(refused.size() == 1);
  CHECK_THAT(refused[0].back(), Catch::Contains("BusyWorkerError"));
  CHECK(f.worker.current() == state::draining);

  CHECK(f.final(call, gate::bytes_view("\x03")));
  CHECK(f.said() == std::vector<frames>{reply({single("\x03")}), farewell});
  CHECK(farewell == vector_named("disconnect.worker_to_broker_one_frame"));
  CHECK(f.ends == std::vector{errc::ok});
}

TEST_CASE("an idle worker that is drained leaves at once", "[worker][gaterpc]") {
  fixture f;
  f.connect();
  f.worker.drain(f.now);
  CHECK(f.said() == std::vector<frames>{farewell});
  CHECK(f.worker.current() == state::closed);
}

TEST_CASE("a DISCONNECT ends the calls in hand, and the worker comes back", "[worker][gaterpc]") {
  fixture f;
  f.connect();
  const call_id call = f.any_request();
  f.hear(vector_named("disconnect.broker_to_worker"));
  CHECK(f.worker.current() == state::waiting);
  CHECK(f.cancels == std::vector{std::pair(call, errc::unavailable)});
  CHECK_FALSE(f.final(call, gate::bytes_view("\x03")));
  f.connect();
  CHECK(f.any_request() != call_id{});
}

TEST_CASE("a broker that never answers the READY is given up, and asked again", "[worker][gaterpc]") {
  fixture f;
  f.worker.start(f.now);
  f.worker.connected(f.now);
  f.said();
  f.step();
  CHECK(f.worker.current() == state::waiting);
  CHECK(f.losses == std::vector{errc::unavailable});
}

TEST_CASE("a service's name with a colon, which Python could not read, is refused for good", "[worker][gaterpc]") {
  fixture f("a:b");
  f.worker.start(f.now);
  f.worker.connected(f.now);
  f.deliver();
  CHECK(f.ends == std::vector{errc::unsupported});
  CHECK_THAT(f.end_text, Catch::Contains("colon"));
}

TEST_CASE("user and password go into each message of the worker", "[worker][gaterpc]") {
  fixture f("GateRPC", "alice", "secret");
  f.connect();
  CHECK(f.ready == std::vector<frames>{vector_named("zap_plain.worker_ready")});
  f.hear(heartbeat);
  CHECK(f.said() == std::vector<frames>{vector_named("zap_plain.worker_heartbeat")});
  f.hear(vector_named("zap_plain.echo.wreq"));
  CHECK(f.final(f.requests.back().m.call, gate::bytes_view("\xa2hi")));
  CHECK(f.said() == std::vector<frames>{vector_named("zap_plain.echo.wrep")});
}

TEST_CASE("what Python cannot unpack is told as an exception", "[worker][gaterpc]") {
  fixture f;
  f.connect();
  CHECK(f.final(f.any_request(), gate::bytes_view("\xa1\xff")));
  const std::vector<frames> said = f.said();
  REQUIRE(said.size() == 1);
  CHECK_THAT(said[0].back(), Catch::Contains("Python can unpack"));

  const call_id call = f.any_request();
  CHECK(f.worker.part(call, gate::bytes_view("\xa1\xff")));
  f.deliver();
  CHECK(f.cancels == std::vector{std::pair(call, errc::cancelled)});
  CHECK(f.error(call, errc::cancelled, "stopped"));
  CHECK(f.said().size() == 1);
}

TEST_CASE("a stream of any length finds its window open", "[worker][gaterpc]") {
  fixture f;
  f.connect();
  const call_id call = f.any_request();
  const std::string item = "\xc6" + std::string("\x00\xff\xff\xfb", 4) + std::string(0xfffffb, 'x');
  for (int i = 0; i < 140; ++i) {  // more than the first window
    REQUIRE(f.worker.window_open(call));
    REQUIRE(f.worker.part(call, gate::bytes_view(item)));
    f.said();
  }
}

TEST_CASE("no captured message in the wrong place, and none that is cut or changed, breaks a worker",
          "[worker][gaterpc]") {
  std::mt19937 random(7);
  for (const auto& v : gate::samples::gaterpc::vectors()) {
    INFO(v.name);
    fixture f;
    f.connect();
    f.hear(v.sent);
    for (int i = 0; i < 50; ++i) {
      if (f.worker.current() != state::serving) f.connect();
      f.hear(gate::samples::changed(v.sent, random));
    }
    for (const sent_message& r : f.requests) f.final(r.m.call, gate::bytes_view("\xc0"));
    CHECK(f.broker.open_calls() == 0);
  }
}
