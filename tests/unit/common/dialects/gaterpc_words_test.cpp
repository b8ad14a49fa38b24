// Single frames that were captured from gate-rpc 0.2.12: its commands, names and bodies. Also checks that every
// captured vector has a test.
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/value.hpp>

#include "common/dialects/gaterpc.hpp"
#include "tests/support/foreign_frames.hpp"
#include "tests/support/gaterpc_vectors.hpp"

using namespace gate;
using namespace gate::wire;
using namespace gate::wire::gaterpc;
using samples::frames;
using samples::views_of;
using samples::gaterpc::vector_named;
using samples::gaterpc::vector_of_wire;
using samples::gaterpc::vectors;

namespace {

using check = std::function<void(const std::string&)>;

check is(bytes_view ours) {
  return [ours](const std::string& captured) { CHECK(captured == ours); };
}

check is(command ours) {
  return [ours](const std::string& captured) { CHECK(captured == std::string(1, static_cast<char>(ours))); };
}

check encodes(const value& expected) {
  return [expected](const std::string& captured) {
    CHECK(encode(expected) == captured);
    const auto read = value::decode(captured);
    REQUIRE(read);
    CHECK(*read == expected);
  };
}

// Names and commands between brokers: each is frame number `frame` of a captured message.
check stands_in(const std::string& name, std::size_t frame) {
  return [name, frame](const std::string& captured) { CHECK(vector_named(name).at(frame) == captured); };
}

check is_part_of(const std::string& name, std::size_t begin) {
  return [name, begin](const std::string& captured) {
    CHECK(vector_named(name).at(0).substr(begin, captured.size()) == captured);
  };
}

void is_ready(const std::string& captured) {
  const std::optional<ready> r = read_ready(captured);
  REQUIRE(r);
  CHECK(r->service == "Echo");
  CHECK(r->description == "A test service");
  CHECK(r->capacity == 32);
  CHECK(compose_ready(*r) == captured);
}

frames composed(const answer& a) {
  frame_list list;
  append_body(list, a);
  list.end_message();
  return samples::message_of(list, 0);
}

void is_result(const std::string& captured) {
  const frames body{captured};
  const views_of views(body);
  const std::optional<answer> a = read_answer(views);
  REQUIRE(a);
  CHECK(a->what == answer::kind::result);
  CHECK(a->content == "\x2a");
  CHECK(composed(*a) == body);
}

void is_failure(const std::string& captured) {
  const frames body{captured};
  const views_of views(body);
  const std::optional<answer> a = read_answer(views);
  REQUIRE(a);
  CHECK(a->what == answer::kind::failure);
  CHECK(a->thrown.type == "ValueError");
  CHECK(a->thrown.text == "ValueError('boom!')");
  CHECK(a->thrown.traceback.starts_with("Traceback (most recent call last):"));
  CHECK(composed(*a) == body);
}

// Only the broker sends this, for its own methods, and its own client reads it as bytes.
void is_a_chunk(const std::string& captured) {
  const frames body{std::string(huge_tag), captured};
  const views_of views(body);
  const std::optional<answer> a = read_answer(views);
  REQUIRE(a);
  CHECK(a->what == answer::kind::chunk);
  CHECK(a->content == captured);
}

void is_no_message(const std::string& captured) {
  const frames message{captured};
  CHECK(recognise(views_of(message)).speaks == dialect::unknown);
}

void is_the_broker(const std::string& captured) {
  const views_of reply(vector_named("gate_info.crep"));
  const std::optional<answer> a = read_answer(read_client_reply(reply)->body);
  REQUIRE(a);
  CHECK(encode((*value::decode(a->content))["my_id"]) == "\xc4\x10" + captured);
}

void is_the_client(const std::string& captured) {
  const views_of request(vector_named("echo64.wreq"));
  CHECK(read_from_broker(request)->client_id == captured);
}

void is_the_default_service(const std::string& captured) {
  const views_of request(vector_named("echo64.creq"));
  CHECK(read_client_request(request)->service == captured);
}

login default_login() {
  static const views_of message(vector_named("zap_plain.worker_ready_default_user"));
  return read_login(peer_role::worker, message);
}

void is_the_default_user(const std::string& captured) { CHECK(default_login().user == captured); }

void is_the_default_password(const std::string& captured) { CHECK(default_login().password == captured); }

const std::map<std::string, check> checks{
    {"V_STR_HELLO", encodes(value::of("hello"))},
    {"V_INT_42", encodes(value::of(42))},
    {"V_EMPTY_ARRAY", encodes(value::of(std::vector<int>()))},
    {"V_EMPTY_MAP", encodes(value::of(std::map<std::string, int>()))},
    {"V_SINGLETON_OK", is_result},
    {"V_SINGLETON_EXC", is_failure},
    {"V_READY_BODY", is_ready},
    {"V_MCAST_NOTICE", is_no_message},
    {"C_MDP_CLIENT", is(client_tag)},
    {"C_MDP_WORKER", is(worker_tag)},
    {"C_STREAM_GEN", is(generator_tag)},
    {"C_STREAM_END", is(generator_end_tag)},
    {"C_STREAM_EXC", is(exception_tag)},
    {"C_HUGE_TAG", is(huge_tag)},
    {"C_HUGE_END", is(huge_end_tag)},
    {"C_HUGE_EXC", is_a_chunk},
    {"C_CMD_READY", is(command::ready)},
    {"C_CMD_REQUEST", is(command::request)},
    {"C_CMD_REPLY", is(command::reply)},
    {"C_CMD_HEARTBEAT", is(command::heartbeat)},
    {"C_CMD_DISCONNECT", is(command::disconnect)},
    {"C_INTERNAL_SERVICE", is(internal_service)},
    {"C_DEFAULT_SERVICE", is_the_default_service},
    {"C_ZAP_PLAIN", is(plain_mechanism)},
    {"C_ZAP_DEFAULT_USER", is_the_default_user},
    {"C_ZAP_DEFAULT_PASSWORD", is_the_default_password},
    {"C_GATE_MEMBER", stands_in("gate_invite", 1)},
    {"C_GATE_NOTICE", stands_in("gate_notice_UpdateService", 2)},
    {"C_GATE_INVITE", stands_in("gate_invite", 2)},
    {"C_GATE_JOIN", stands_in("gate_join_empty", 2)},
    {"C_GATE_WHISPER", stands_in("gate_whisper_reply", 2)},
    {"C_GATE_HEARTBEAT", stands_in("gate_heartbeat", 2)},
    {"C_GATE_LEAVE", stands_in("gate_leave_on_duplicate_join", 2)},
    {"ID_golden-client", is_the_client},
    {"ID_golden-broker", is_the_broker},
    {"ID_gateA", is_part_of("multicast_notice", 0)},
    {"ID_GateCluster", is_part_of("multicast_notice", 23)},
};

}  // namespace

TEST_CASE("the captured constants of gate-rpc are ours", "[wire][gaterpc]") {
  for (const auto& [name, holds] : checks) {
    INFO(name);
    REQUIRE(vector_named(name).size() == 1);
    holds(vector_named(name)[0]);
  }
}

TEST_CASE("each captured vector is checked by a test: by its direction, or a single frame by its name",
          "[wire][gaterpc]") {
  // A test reads all messages of each of these directions, and counts them.
  const std::set<std::string> directions{
      "client->broker", "broker->client",        "worker->broker", "broker->worker",  // gaterpc_vectors_test.cpp
      "gate->gate",     "gate->multicast group",                                      // gaterpc_cluster_test.cpp
      "broker->zap",    "zap->broker",                                                // zap_test.cpp
  };
  std::set<std::string> names;
  for (const vector_of_wire& v : vectors()) {
    INFO(v.name);
    CHECK(names.insert(v.name).second);
    const bool is_single = v.direction == "scalar";
    const std::size_t by_name = checks.count(v.name) + samples::gaterpc::zap_words.count(v.name);
    CHECK(by_name == (is_single ? 1u : 0u));
    CHECK(directions.count(v.direction) == (is_single ? 0u : 1u));
  }
  CHECK(names.size() == 188);
}

TEST_CASE("a method's signature is one that Python's parser takes", "[wire]") {
  const auto signature = [](std::vector<parameter_info> parameters, std::string result = "nil") {
    method_descriptor m;
    m.parameters = std::move(parameters);
    m.result = std::move(result);
    return signature_of(m);
  };
  CHECK(signature({}) == "() -> None");
  CHECK(signature({{"a", "int32"}, {"b", "map<string,list<int32>>"}}, "any") ==
        "(a: int32, b: map[string,list[int32]]) -> any");
  CHECK(signature({{"a", "optional<int32>"}, {"b", "int32"}, {"c", "optional<int32>"}}) ==
        "(a: optional[int32], b: int32, c: optional[int32] = None) -> None");
  CHECK(signature({{"*args", "any"}, {"**kwargs", "any"}}, "any") == "(*args, **kwargs) -> any");
  CHECK(signature({{"", "int32"}, {"*args", "any"}, {"**kwargs", "any"}}) == "(_1: int32, /, *args, **kwargs) -> None");
  CHECK(signature({{"*args", "any"}, {"**kwargs", "any"}, {"items", "stream<int32>"}}) ==
        "(items: stream[int32], *args, **kwargs) -> None");
  CHECK(signature({{"a", "tuple<>"}, {"b", "unsigned 'long'"}}) == "(a: tuple, b: 'unsigned \\'long\\'') -> None");
  CHECK(signature({{"a", ""}}, "") == "(a)");
}

TEST_CASE("what is said of methods is read as it was", "[wire]") {
  method_descriptor log, add;
  log.name = "log";
  log.doc = "writes";
  log.parameters = {{"level", "string"}, {"*args", "any"}, {"**kwargs", "any"}};
  log.result = "any";
  add.name = "add";
  add.parameters = {{"", "int32"}, {"", "optional<int32>"}};
  add.result = "int32";
  const auto methods = read_interfaces(interfaces_of({log, add}));
  REQUIRE(methods);
  REQUIRE(methods->size() == 3);
  CHECK((*methods)[0].doc == "writes");
  REQUIRE((*methods)[0].parameters.size() == 3);
  CHECK((*methods)[0].parameters[1].name == "*args");
  CHECK((*methods)[0].result == "any");
  REQUIRE((*methods)[1].parameters.size() == 2);
  CHECK((*methods)[1].parameters[0].name.empty());
  CHECK((*methods)[1].parameters[0].type == "int32");
  CHECK((*methods)[1].parameters[1].type == "optional[int32]");
  CHECK((*methods)[2].name == "get_interfaces");
}

TEST_CASE("a result that is nested 128 deep is read, and a deeper one is not", "[wire]") {
  const auto answer_with = [](const std::string& result) {
    std::string body;
    append_map_header(body, 2);
    encode_to(body, std::string_view("result"));
    body += result;
    encode_to(body, std::string_view("exception"));
    return body + encode_nil();
  };
  std::string deepest(limits::value_depth_max - 1, '\x91');
  deepest += '\x90';
  const frames good{answer_with(deepest)}, bad{answer_with('\x91' + deepest)};
  const std::optional<answer> read = read_answer(views_of(good));
  REQUIRE(read);
  CHECK(read->content == deepest);
  CHECK_FALSE(read_answer(views_of(bad)));
}
