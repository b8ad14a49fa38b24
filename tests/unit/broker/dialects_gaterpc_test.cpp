#include <catch2/catch.hpp>

#include "common/wire/descriptor_codec.hpp"
#include "tests/unit/broker/foreign_fixture.hpp"

using namespace gate;
using namespace gate::test;
using namespace std::chrono_literals;

TEST_CASE("a gate-rpc client calls a gate-rpc worker", "[broker]") {
  running_broker<> broker;
  gaterpc_worker worker(broker.backend());
  worker.register_as("Echo", 3, {"echo"});
  gaterpc_client client(broker.frontend());

  const std::string id = client.call("Echo", "echo", 42, std::string("text"));
  const gaterpc_worker::request got = worker.next();
  CHECK(got.function == "echo");
  CHECK(got.arguments[0].as<int>() == 42);
  CHECK(got.arguments[1].as<std::string>() == "text");
  worker.answer(got, encode(43));
  CHECK(client.result_for("Echo", id).as<int>() == 43);
}

TEST_CASE("a method that a gate-rpc worker did not list is refused by the broker", "[broker]") {
  running_broker<> broker;
  gaterpc_worker worker(broker.backend());
  worker.register_as("Echo", 3, {"echo"});
  gaterpc_client client(broker.frontend());
  const std::string id = client.call("Echo", "nosuch");
  CHECK(client.exception_for("Echo", id) == "AttributeError");
}

TEST_CASE("one request frees one call of a gate-rpc worker, however many messages its answer has", "[broker]") {
  running_broker<> broker;
  gaterpc_worker worker(broker.backend());
  worker.register_as("Gen", 1, {"gen"});
  gaterpc_client client(broker.frontend());
  const std::string first = client.call("Gen", "gen"), second = client.call("Gen", "gen");
  const gaterpc_worker::request one = worker.next();
  for (int i = 0; i < 3; ++i) worker.say(one, {"GateStreamGenerator", encode(i)});
  for (int i = 0; i < 3; ++i) CHECK(client.body_for("Gen", first) == frames{"GateStreamGenerator", encode(i)});
  // The items have been passed on, and the next message to the worker is a heartbeat, not the second request.
  CHECK(worker.receive() == frames{"", "MDPW01", raw_bytes({4})});
  worker.say(one, {"GateStreamGenerator", "GateStreamEnd"});
  CHECK(client.body_for("Gen", first) == frames{"GateStreamGenerator", "GateStreamEnd"});
  const gaterpc_worker::request two = worker.next();
  worker.answer(two, encode(2));
  CHECK(client.result_for("Gen", second).as<int>() == 2);
}

TEST_CASE("a gate-rpc worker that is busy may be silent, and one that is idle may not", "[broker]") {
  broker_options options = on_wildcard_ports();
  options.gaterpc_heartbeat_interval = 20ms;
  options.service_grace = 60s;
  running_broker<> broker(std::move(options));
  // The call is there before the worker: the worker is never idle before its reply.
  gaterpc_client client(broker.frontend());
  const std::string id = client.call("Slow", "slow");
  client.result_for("Gate", client.call("Gate", "stats"));  // read after it
  gaterpc_worker worker(broker.backend());
  worker.register_as("Slow", 1, {"slow"});
  const gaterpc_worker::request got = worker.next();
  // Ten intervals of silence, measured by the broker's own heartbeats.
  for (int i = 0; i < 10; ++i) CHECK(worker.receive() == frames{"", "MDPW01", raw_bytes({4})});
  worker.answer(got, encode(1));
  CHECK(client.result_for("Slow", id).as<int>() == 1);
  frames heard = worker.receive();
  while (heard == frames{"", "MDPW01", raw_bytes({4})}) heard = worker.receive();
  CHECK(heard == frames{"", "MDPW01", raw_bytes({5})});
}

TEST_CASE("a gate-rpc worker that goes away with a call ends it with an exception", "[broker]") {
  running_broker<> broker;
  gaterpc_client client(broker.frontend());
  std::string id;
  {
    gaterpc_worker worker(broker.backend());
    worker.register_as("Echo", 1, {"echo"});
    id = client.call("Echo", "echo");
    worker.next();
  }
  CHECK(client.exception_for("Echo", id) == "WorkerLostError");
}

TEST_CASE("a service whose name is no text does not spoil the list for gate-rpc clients", "[broker]") {
  one_port at;
  mdp_worker odd(mdp01(), at.at), plain(mdp01(), at.at);
  odd.register_as("caf\xe9");
  plain.register_as("tea");
  wait_for_mmi(at.at, "caf\xe9", "200");
  wait_for_mmi(at.at, "tea", "200");
  gaterpc_client client(at.at);
  CHECK(client.result_for("Gate", client.call("Gate", "get_services")).as<std::vector<std::string>>() ==
        std::vector<std::string>{"tea", "Gate"});
}

TEST_CASE("a gate-rpc client reaches the broker's own methods as Gate", "[broker]") {
  running_broker<> broker;
  gaterpc_client client(broker.frontend());
  CHECK(client.result_for("Gate", client.call("Gate", "get_services")).as<std::vector<std::string>>() ==
        std::vector<std::string>{"Gate"});
  const value info = client.result_for("Gate", client.call("Gate", "info"));
  CHECK(info["my_id"].as<std::vector<std::byte>>().size() == 16);
  CHECK(info["services"].size() == 0);
  CHECK_FALSE(client.result_for("Gate", client.call("Gate", "stats"))["version"].as<std::string>().empty());
  CHECK(client.exception_for("Gate", client.call("Gate", "nosuch")) == "AttributeError");
}

TEST_CASE("a gate-rpc client is told the methods of a gate/2 worker", "[broker]") {
  running_broker<> broker;
  raw_peer worker(broker.backend());
  descriptor about;
  about.description = "adds";
  method_descriptor add;
  add.name = "add";
  add.parameters = {{"", "int32"}, {"", "int32"}};
  add.result = "int32";
  method_descriptor log;
  log.name = "log";
  log.parameters = {{"level", "string"}, {"*fields", "any"}, {"**kwargs", "any"}};
  log.result = "any";
  about.methods = {add, log};
  message hello;
  hello.type = message_type::hello;
  hello.version_min = hello.version_max = gate2_version;
  hello.role = peer_role::worker;
  hello.service = "Calculator";
  hello.capacity = 1;
  const std::string described = encode_descriptor(about);
  hello.payload = bytes_view(described);
  worker.send(hello);
  worker.expect(message_type::welcome);

  gaterpc_client client(broker.frontend());
  const value all = client.result_for("Calculator", client.call("Calculator", "get_interfaces"));
  CHECK(all.size() == 3);
  CHECK(all.find("get_interfaces"));
  CHECK(all["add"]["signature"].as<std::string>() == "(_1: int32, _2: int32, /) -> int32");
  CHECK(all["log"]["signature"].as<std::string>() == "(level: string, *fields, **kwargs) -> any");
  CHECK(all["add"]["doc"].is_nil());
  CHECK(client.result_for("Gate", client.call("Gate", "query_service", std::string("Calculator"))).as<std::string>() ==
        "adds");
}

TEST_CASE("a peer that changes its dialect is cut and counted", "[broker]") {
  running_broker<> broker;
  const std::vector<std::pair<frames, frames>> changes{
      {{"", "MDPC01", "Gate", "id", encode(std::string("info"))}, {"MDPC02", raw_bytes({1}), "s", "body"}},
      {{"", "MDPC01", "s", "body"}, {"", "MDPW01", ready, "s"}},
      {{"MDPC02", raw_bytes({1}), "s", "body"}, {"", "MDPC01", "s", "body"}},
      {{"MDPW02", ready, "s"}, {"MDPC02", raw_bytes({1}), "s", "body"}},
  };
  for (const auto& [first, then] : changes) {
    raw_peer peer(broker.frontend());
    peer.monitor();
    peer.send_frames(first);
    peer.send_frames(then);
    CHECK_NOTHROW(peer.wait_for_end());
  }
  {
    raw_peer peer(broker.frontend());
    peer.monitor();
    peer.hello_as_client();
    peer.send_frames({"MDPC02", raw_bytes({1}), "s", "body"});
    CHECK_NOTHROW(peer.wait_for_end());
  }
  gaterpc_client client(broker.frontend());
  const value calls = client.result_for("Gate", client.call("Gate", "stats"))["calls"];
  CHECK(calls["malformed"].as<std::size_t>() == changes.size() + 1);
}

TEST_CASE("gate-rpc 0.1 is refused", "[broker]") {
  running_broker<> broker;
  raw_peer old(broker.frontend());
  old.monitor();
  old.send_frames({"", "MDPC01", "Gate", "gc-0123456789abcdef", std::string(32, 'a'), encode(std::string("f"))});
  CHECK_NOTHROW(old.wait_for_end());
  gaterpc_client client(broker.frontend());
  const value transport = client.result_for("Gate", client.call("Gate", "stats"))["transport"];
  CHECK(transport["unrecognised"].as<std::size_t>() == 1);
}

TEST_CASE("an address for one dialect refuses the others, and decides where two look alike", "[broker]") {
  broker_options options = on_wildcard_ports();
  options.frontend = {"tcp://127.0.0.1:*?dialect=mdp01"};
  running_broker<> broker(std::move(options));
  raw_peer other(broker.frontend());
  other.monitor();
  other.send_frames({"MDPC02", raw_bytes({1}), "mmi.service", "s"});
  CHECK_NOTHROW(other.wait_for_end());
  // On an address of another dialect, this would be a call of gate-rpc.
  mdp_client client(mdp01(), broker.frontend());
  client.request("mmi.service", {"id", encode(std::string("function"))});
  client.expect("mmi.service", {"404"});
}
