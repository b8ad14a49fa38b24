// Messages that gate-rpc 0.2.12 itself sent, in the directions between a broker and its clients and workers. Other
// tests cover the rest: gaterpc_cluster_test.cpp messages between brokers, gaterpc_words_test.cpp single frames, and
// zap_test.cpp messages to a ZAP service.
#include "tests/support/gaterpc_vectors.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/value.hpp>

#include "common/dialects/call_name.hpp"
#include "common/dialects/gaterpc.hpp"
#include "common/dialects/src/gaterpc_peer.hpp"
#include "tests/support/foreign_frames.hpp"

using namespace gate;
using namespace gate::wire;
using namespace gate::wire::gaterpc;
using samples::foreign_harness;
using samples::frames;
using samples::views_of;
using samples::gaterpc::in_direction;
using samples::gaterpc::vector_named;
using samples::gaterpc::vector_of_wire;
using samples::gaterpc::vectors;

namespace {

bool has_vector(const std::string& name) {
  for (const vector_of_wire& v : vectors()) {
    if (v.name == name) return true;
  }
  return false;
}

// Reads each message with one function, composes the result again, and compares.
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

TEST_CASE("each captured message of gate-rpc is read, and composed to the same bytes", "[wire][gaterpc]") {
  // The views must outlive the check, so a holder keeps them.
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

TEST_CASE("each captured request calls the method that Python called", "[wire][gaterpc]") {
  const auto check = [](const std::string& service, frames_view body) {
    std::string_view why;
    const std::optional<arguments> a = read_arguments(body, why);
    if (!a) return;  // one of the two above
    CHECK(value::decode(body[0])->as<std::string>() == a->method);
    client_peer client{foreign_options{}};
    foreign_harness on_client{client, {}, {}, {}};
    frames sent{"", std::string(client_tag), service, "id"};
    sent.insert(sent.end(), body.begin(), body.end());
    const received r = on_client.hear(sent);
    REQUIRE(r.messages().size() == 2);
    CHECK(r.messages()[1].service == service);
    CHECK(r.messages()[1].method == a->method);
    const value payload = *value::decode(r.messages()[1].payload.single());
    const bool named = r.messages()[1].has(message_flag::named);
    CHECK(named == !a->named.empty());
    if (body.size() > 1) CHECK((named ? payload[0] : payload) == *value::decode(body[1]));
    if (named) CHECK(payload[1] == *value::decode(body[2]));
  };
  for (const vector_of_wire& v : in_direction("client->broker")) {
    INFO(v.name);
    const views_of sent(v.sent);
    check(v.sent[2], read_client_request(sent)->body);
  }
}

TEST_CASE("each captured login is read where it stands, and where there is none, none is read", "[wire][gaterpc]") {
  const frames default_login{vector_named("C_ZAP_DEFAULT_USER")[0], vector_named("C_ZAP_DEFAULT_PASSWORD")[0]};
  std::size_t with_login = 0;
  for (const std::string direction : {"client->broker", "worker->broker"}) {
    const peer_role from = direction == "client->broker" ? peer_role::client : peer_role::worker;
    for (const vector_of_wire& v : in_direction(direction)) {
      INFO(v.name);
      frames expected;
      if (v.name.starts_with("zap_plain.")) expected = {"alice", "secret"};
      if (v.name == "zap_plain.worker_ready_default_user") expected = default_login;
      const views_of sent(v.sent);
      const login read = read_login(from, sent);
      REQUIRE(read.given == !expected.empty());
      if (!read.given) continue;
      CHECK(frames{std::string(read.user), std::string(read.password)} == expected);
      ++with_login;
    }
  }
  CHECK(with_login == 9);
}

TEST_CASE("each captured READY registers its service, with or without a login", "[wire][gaterpc]") {
  std::size_t readies = 0;
  for (const vector_of_wire& v : in_direction("worker->broker")) {
    if (v.sent[2] != "\x01") continue;
    INFO(v.name);
    ++readies;
    worker_peer worker{foreign_options{}};
    foreign_harness on_worker{worker, {}, {}, {}};
    const received r = on_worker.hear(v.sent);
    if (v.name == "ready_bad_colon_IGNORED") {
      CHECK(r.what == received::outcome::ignored);
      CHECK(on_worker.out.messages() == 0);
      continue;
    }
    REQUIRE(r.what == received::outcome::taken);
    REQUIRE(on_worker.out.messages() > 0);
    CHECK(samples::message_of(on_worker.out, 0) == vector_named("heartbeat.broker_to_worker"));
    const received registered = worker.settle();
    REQUIRE(registered.messages().size() == 1);
    const message& hello = registered.messages()[0];
    CHECK(hello.type == message_type::hello);
    CHECK(hello.role == peer_role::worker);
    CHECK(hello.service == "GateRPC");
    CHECK(hello.capacity == 7);
    REQUIRE(registered.described);
    CHECK(registered.described->description == "gate-rpc service");
  }
  CHECK(readies == 4);
}

TEST_CASE("each captured answer is read, and its body composed to the same bytes", "[wire][gaterpc]") {
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
  CHECK(seen.size() == 8);  // every kind was seen
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

    // The views in the request are valid until the client's object reads the next message.
    const received from_client = on_client.hear(v.sent);
    REQUIRE(from_client.what == received::outcome::taken);
    REQUIRE(from_client.messages().size() == 2);
    message request = from_client.messages()[1];
    const call_id at_client = request.call;
    const call_id at_worker{7'000'000'001};
    request.call = at_worker;
    frames expected = vector_named(name + ".wreq");
    expected[3] = expected[5] = std::string(call_name(at_worker).bytes());
    CHECK(on_worker.say(request) == std::vector<frames>{expected});

    std::vector<std::string> suffixes;
    if (has_vector(name + ".wrep")) suffixes.push_back("");
    for (int i = 0; has_vector(name + ".wrep." + std::to_string(i)); ++i) suffixes.push_back("." + std::to_string(i));
    // A HugeData has one message before its chunks, and its empty chunk comes together with its end.
    std::vector<frames> told, captured;
    for (const std::string& suffix : suffixes) {
      INFO(suffix);
      frames reply = vector_named(name + ".wrep" + suffix);
      const std::size_t client_id = reply[3] == "PLAIN" ? 6 : 3;
      reply[client_id] = reply[client_id + 2] = std::string(call_name(at_worker).bytes());
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

TEST_CASE("a captured first message tells gate-rpc from Majordomo", "[wire][gaterpc]") {
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
    }
  }
}
