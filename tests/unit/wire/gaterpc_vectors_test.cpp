// What gate-rpc 0.2.12 itself put on the wire, in the directions that a broker of its clients and workers has.
#include "tests/support/gaterpc_vectors.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "common/src/wire/call_name.hpp"
#include "common/src/wire/gaterpc.hpp"
#include "common/src/wire/gaterpc_peer.hpp"
#include "tests/support/foreign_frames.hpp"

using namespace gate;
using namespace gate::wire;
using namespace gate::wire::gaterpc;
using samples::foreign_harness;
using samples::frames;
using samples::views_of;
using samples::gaterpc::vector_named;
using samples::gaterpc::vector_of_wire;
using samples::gaterpc::vectors;

namespace {

std::vector<vector_of_wire> in_direction(const std::string& direction) {
  std::vector<vector_of_wire> some;
  for (const vector_of_wire& v : vectors()) {
    if (v.direction == direction) some.push_back(v);
  }
  return some;
}

bool has_vector(const std::string& name) {
  for (const vector_of_wire& v : vectors()) {
    if (v.name == name) return true;
  }
  return false;
}

// Reads with one function, composes what came of it, and compares.
template <class Read> void check_direction(const std::string& direction, std::size_t count, Read read) {
  const std::vector<vector_of_wire> some = in_direction(direction);
  CHECK(some.size() == count);
  for (const vector_of_wire& v : some) {
    INFO(v.name);
    const auto m = read(views_of(v.sent));
    REQUIRE(m);
    frame_list composed;
    append(composed, *m);
    CHECK(samples::messages_of(composed) == std::vector<frames>{v.sent});
  }
}

}  // namespace

TEST_CASE("each captured message of gate-rpc is read, and composed to the same octets", "[wire][gaterpc]") {
  // The views must outlive the check: read through a holder of them.
  std::vector<bytes_view> held;
  const auto with = [&](auto read) {
    return [&held, read](frames_view sent) {
      held.assign(sent.begin(), sent.end());
      return read(frames_view(held));
    };
  };
  SECTION("from client to broker") { check_direction("client->broker", 32, with(read_client_request)); }
  SECTION("from broker to client") { check_direction("broker->client", 39, with(read_client_reply)); }
  SECTION("from worker to broker") { check_direction("worker->broker", 33, with(read_from_worker)); }
  SECTION("from broker to worker") { check_direction("broker->worker", 16, with(read_from_broker)); }
}

TEST_CASE("each captured request has a function and arguments, but for those that Python drops", "[wire][gaterpc]") {
  const std::set<std::string> wrong{"request_too_many_frames", "request_args_not_array"};
  std::size_t with_names = 0;
  for (const std::string direction : {"client->broker", "broker->worker"}) {
    for (const vector_of_wire& v : in_direction(direction)) {
      INFO(v.name);
      const views_of sent(v.sent);
      frames_view body;
      if (direction == "client->broker") {
        body = read_client_request(sent)->body;
      } else {
        const std::optional<worker_message> m = read_from_broker(sent);
        if (m->what != command::request) continue;
        body = m->body;
      }
      std::string_view why;
      const std::optional<arguments> a = read_arguments(body, why);
      CHECK(a.has_value() == (wrong.count(v.name) == 0));
      CHECK(why.empty() == a.has_value());
      if (!a) continue;
      if (body.size() > 1) CHECK(a->positional == body[1]);
      if (!a->named.empty()) ++with_names;
    }
  }
  CHECK(with_names == 3);
}

TEST_CASE("each captured answer is read, and its body composed to the same octets", "[wire][gaterpc]") {
  std::map<answer::kind, int> seen;
  for (const std::string direction : {"worker->broker", "broker->client"}) {
    for (const vector_of_wire& v : in_direction(direction)) {
      INFO(v.name);
      const views_of sent(v.sent);
      frames_view body;
      if (direction == "broker->client") {
        body = read_client_reply(sent)->body;
      } else {
        const std::optional<worker_message> m = read_from_worker(sent);
        if (m->what != command::reply) continue;
        body = m->body;
      }
      const std::optional<answer> a = read_answer(body);
      REQUIRE(a);
      ++seen[a->what];
      frame_list composed;
      append_body(composed, *a);
      composed.end_message();
      CHECK(samples::message_of(composed, 0) == frames(body.begin(), body.end()));
    }
  }
  CHECK(seen.size() == 8);  // every kind was there
}

TEST_CASE("captured exchanges go from client to worker and back through the broker's two sides", "[wire][gaterpc]") {
  std::size_t exchanges = 0;
  for (const vector_of_wire& v : vectors()) {
    if (!v.name.ends_with(".creq")) continue;
    const std::string name = v.name.substr(0, v.name.size() - 5);
    if (!has_vector(name + ".wreq")) continue;
    INFO(name);
    ++exchanges;
    client_peer client{foreign_options{}};
    worker_peer worker{foreign_options{}};
    foreign_harness on_client{client, {}, {}, {}};
    foreign_harness on_worker{worker, {}, {}, {}};
    on_worker.hear(vector_named("worker_ready"));
    worker.settle();

    // The views in the request live as long as the client hears nothing more.
    const received from_client = on_client.hear(v.sent);
    REQUIRE(from_client.what == received::outcome::taken);
    REQUIRE(from_client.messages().size() == 2);
    message request = from_client.messages()[1];
    const call_id at_client = request.call;
    const call_id at_worker{7'000'000'001};
    request.call = at_worker;
    frames expected = vector_named(name + ".wreq");
    expected[3] = expected[5] = std::string(call_name(at_worker).octets());
    CHECK(on_worker.say(request) == std::vector<frames>{expected});

    std::vector<std::string> suffixes;
    if (has_vector(name + ".wrep")) suffixes.push_back("");
    for (int i = 0; has_vector(name + ".wrep." + std::to_string(i)); ++i) suffixes.push_back("." + std::to_string(i));
    // A HugeData begins with a message more than it has chunks, and its empty chunk comes with its end.
    std::vector<frames> told, captured;
    for (const std::string& suffix : suffixes) {
      INFO(suffix);
      frames reply = vector_named(name + ".wrep" + suffix);
      const std::size_t client_id = reply[3] == "PLAIN" ? 6 : 3;
      reply[client_id] = reply[client_id + 2] = std::string(call_name(at_worker).octets());
      const received from_worker = on_worker.hear(reply);
      REQUIRE(from_worker.what == received::outcome::taken);
      CHECK(from_worker.credentials.given == (client_id == 6));
      for (message answer : from_worker.messages()) {
        CHECK(answer.call == at_worker);
        answer.call = at_client;
        for (frames& said : on_client.say(answer)) told.push_back(std::move(said));
      }
      captured.push_back(vector_named(name + ".crep" + suffix));
    }
    CHECK(told == captured);
    const bool answered = name != "method_not_found_SECURE";
    CHECK(suffixes.empty() == !answered);
    CHECK(client.open_calls() == (answered ? 0 : 1));
  }
  CHECK(exchanges == 14);
}

TEST_CASE("the captured constants of gate-rpc are ours", "[wire][gaterpc]") {
  const std::map<std::string, bytes_view> ours{
      {"C_MDP_CLIENT", client_tag},    {"C_MDP_WORKER", worker_tag},
      {"C_STREAM_GEN", generator_tag}, {"C_STREAM_END", generator_end_tag},
      {"C_STREAM_EXC", exception_tag}, {"C_HUGE_TAG", huge_tag},
      {"C_HUGE_END", huge_end_tag},    {"C_INTERNAL_SERVICE", internal_service},
      {"C_ZAP_PLAIN", plain_mechanism}};
  for (const auto& [name, value] : ours) {
    INFO(name);
    CHECK(vector_named(name) == frames{std::string(value)});
  }
  const std::map<std::string, command> commands{{"C_CMD_READY", command::ready},
                                                {"C_CMD_REQUEST", command::request},
                                                {"C_CMD_REPLY", command::reply},
                                                {"C_CMD_HEARTBEAT", command::heartbeat},
                                                {"C_CMD_DISCONNECT", command::disconnect}};
  for (const auto& [name, value] : commands) {
    CHECK(vector_named(name) == frames{std::string(1, static_cast<char>(value))});
  }
  const std::optional<ready> r = read_ready(vector_named("V_READY_BODY")[0]);
  REQUIRE(r);
  CHECK(r->service == "Echo");
  CHECK(r->description == "A test service");
  CHECK(r->capacity == 32);
  CHECK(compose_ready(*r) == vector_named("V_READY_BODY")[0]);
}

TEST_CASE("the captured list of a worker's methods is read", "[wire][gaterpc]") {
  const views_of reply(vector_named("worker_get_interfaces.wrep"));
  const std::optional<answer> a = read_answer(read_from_worker(reply)->body);
  REQUIRE(a);
  const std::optional<std::vector<method_descriptor>> methods = read_interfaces(a->content);
  REQUIRE(methods);
  CHECK(methods->size() == 10);
  std::map<std::string, method_descriptor> by_name;
  for (const method_descriptor& m : *methods) by_name[m.name] = m;
  REQUIRE(by_name.count("get_interfaces") == 1);
  REQUIRE(by_name.count("args") == 1);
  REQUIRE(by_name["args"].parameters.size() == 2);
  CHECK(by_name["args"].parameters[0].name == "*a");
  CHECK(by_name["args"].parameters[1].name == "**k");
}

TEST_CASE("a captured first message tells gate-rpc from Majordomo, and a gate from both", "[wire][gaterpc]") {
  for (const vector_of_wire& v : vectors()) {
    INFO(v.name);
    const recognised who = recognise(views_of(v.sent));
    if (v.direction == "client->broker") {
      const bool fits = v.name != "request_too_many_frames" && v.name != "request_args_not_array";
      CHECK(who.speaks == (fits ? dialect::gaterpc : dialect::mdp01));
      CHECK(who.role == peer_role::client);
    } else if (v.direction == "worker->broker") {
      const bool ready = v.sent[2] == "\x01" && v.name != "ready_bad_colon_IGNORED";
      CHECK(who.speaks == (ready ? dialect::gaterpc : dialect::mdp01));
      CHECK(who.role == peer_role::worker);
    } else if (v.direction == "gate->gate" || v.direction == "gate->multicast group") {
      CHECK(who.speaks == dialect::unknown);
    }
  }
}
