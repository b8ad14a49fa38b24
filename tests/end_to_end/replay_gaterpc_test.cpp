// Sends our broker the messages that gate-rpc's own clients and workers sent to their broker.
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/client.hpp>
#include <gate/value.hpp>

#include "tests/support/captured_gaterpc.hpp"

using namespace gate;
using namespace gate::test;

TEST_CASE("captured calls of gate-rpc pass through the broker word by word", "[end_to_end]") {
  replay r;
  for (const std::string& exchange : captured_calls()) {
    INFO(exchange);
    CHECK(r.pass(exchange).empty());
  }
}

TEST_CASE("captured questions to gate-rpc's broker are answered as it did", "[end_to_end]") {
  replay r;
  for (const char* exchange : {"connect_get_services", "gate_query_service_known", "gate_query_service_unknown",
                               "gate_keepalive", "gate_keepalive_bad", "zap_plain.get_services"}) {
    INFO(exchange);
    r.client.send(captured(exchange, "creq").at(0));
    CHECK(received_by(r.client) == captured(exchange, "crep").at(0));
  }
  for (const char* exchange :
       {"service_unavailable", "dotted_service", "gate_internal_error", "gate_method_not_found_INSECURE"}) {
    INFO(exchange);
    r.client.send(captured(exchange, "creq").at(0));
    const frames heard = received_by(r.client);
    const frames expected = captured(exchange, "crep").at(0);
    CHECK(frames(heard.begin(), heard.end() - 1) == frames(expected.begin(), expected.end() - 1));
    CHECK(exception_class_in(heard) == exception_class_in(expected));
  }
}

TEST_CASE("where gate-rpc's broker or worker is silent, ours answers", "[end_to_end]") {
  replay r;
  const auto asked = [&](const frames& request, std::string_view expected) {
    r.client.send(request);
    const frames heard = received_by(r.client);
    CHECK(heard.at(3) == request.at(3));
    CHECK(exception_class_in(heard) == expected);
  };
  asked(captured("method_not_found_SECURE.creq"), "AttributeError");
  asked(captured("gate_method_not_found_SECURE.creq"), "AttributeError");
  asked(captured("request_too_many_frames"), "TypeError");
  asked(captured("request_args_not_array"), "TypeError");
  asked(captured("request_dunder_kwarg"), "TypeError");
}

TEST_CASE("a gate-rpc worker that says DISCONNECT is not listed any more", "[end_to_end]") {
  for (const char* goodbye : {"disconnect.worker_to_broker_one_frame", "disconnect.worker_to_broker_bare_IGNORED"}) {
    replay r;
    r.worker.send(captured(goodbye));
    frames listed;
    do {
      r.client.send(captured("connect_get_services.creq"));
      listed = received_by(r.client);
    } while (listed == captured("connect_get_services.crep"));
    const auto map = value::decode(listed.back());
    REQUIRE(map);
    CHECK((*map)["result"].size() == 1);
  }
}

TEST_CASE("a second READY of a live gate-rpc worker is answered with DISCONNECT", "[end_to_end]") {
  replay r;
  r.worker.send(captured("worker_ready"));
  frames heard = received_by(r.worker);
  while (heard == captured("heartbeat.broker_to_worker")) heard = received_by(r.worker);
  CHECK(heard == captured("disconnect.broker_to_worker"));
  CHECK(r.worker.disconnected());
}

TEST_CASE("what gates of gate-rpc say to each other ends the connection that says it, and is counted", "[end_to_end]") {
  replay r;
  const Client client(r.broker.frontend());
  const auto counted = [&] {
    auto all = stats_of(client);
    return std::pair(all["transport"]["unrecognised"], all["calls"]["malformed"]);
  };
  const auto before = counted();
  const std::vector<frames> all = captured_between_gates();
  CHECK(all.size() == 21);
  for (const frames& message : all) {
    raw_dealer stranger(r.broker.backend());
    stranger.send(message);
    CHECK(stranger.disconnected());
    raw_dealer known(r.broker.frontend());
    known.send(captured("connect_get_services.creq"));
    CHECK(received_by(known) == captured("connect_get_services.crep"));
    known.send(message);
    CHECK(known.disconnected());
  }
  CHECK(counted() == std::pair(before.first + all.size(), before.second + all.size()));
  CHECK(r.pass("echo64").empty());
}
