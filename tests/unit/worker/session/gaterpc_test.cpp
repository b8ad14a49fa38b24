// A worker's session with a gate-rpc broker: how it registers, stays connected, and leaves.
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/gaterpc_vectors.hpp"
#include "tests/unit/worker/session/gaterpc_fixture.hpp"

using namespace std::chrono_literals;
using gate::call_id;
using gate::errc;
using gate::instant;
using gate::message;
using gate::message_type;
using gate::samples::frames;
using gate::samples::views_of;
using gate::samples::gaterpc::none;
using gate::samples::gaterpc::single;
using gate::samples::gaterpc::to_broker;
using gate::samples::gaterpc::vector_named;
using gate::test::farewell;
using gate::test::heartbeat;
using gate::test::reply;
using gate::test::sent_message;
using fixture = gate::test::gaterpc_session_fixture;
using state = gate::worker::session::state;

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
