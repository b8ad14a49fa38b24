// gate-rpc peers that send user and password in each message, with a running broker.
#include <string>

#include <catch2/catch.hpp>

#include <gate/value.hpp>

#include "tests/unit/broker/guarded_broker.hpp"

using namespace gate;
using namespace gate::test;

namespace {

frames login_of(const std::string& user, const std::string& password) { return {"PLAIN", user, password}; }

frames joined(frames first, const frames& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

// A call of a gate-rpc client with that login, or without one.
frames call(const std::string& service, const std::string& id, const std::string& function, const frames& login) {
  return joined(joined({"", "MDPC01", service}, login), {id, encode(function), "\x90", "\x80"});
}

const frames heartbeat_word{"", "MDPW01", raw_bytes({4})};
const frames disconnect_word{"", "MDPW01", raw_bytes({5})};

// A worker that has registered with that login.
void register_worker(gaterpc_worker& worker, const std::string& service, const frames& login) {
  worker.send(joined(joined({"", "MDPW01", ready}, login), {service + ":about:8"}));
  if (worker.receive() != heartbeat_word) throw std::runtime_error("READY is answered by HEARTBEAT");
  const gaterpc_worker::request asked = worker.next();
  const std::string list =
      "\x81\xa4read\x82\xa3"
      "doc\xc0\xa9signature\xa2()";
  worker.send(joined(joined({"", "MDPW01", reply}, login), {asked.client_id, "", asked.request_id,
                                                            "\x82\xa6result" + list +
                                                                "\xa9"
                                                                "exception\xc0"}));
}

void answer(gaterpc_worker& worker, const frames& login, const gaterpc_worker::request& to, int result) {
  worker.send(joined(joined({"", "MDPW01", reply}, login), {to.client_id, "", to.request_id,
                                                            "\x82\xa6result" + encode(result) +
                                                                "\xa9"
                                                                "exception\xc0"}));
}

// The exception that a call ends in.
std::string exception_of(gaterpc_client& client, const std::string& service, const std::string& id) {
  return client.exception_for(service, id);
}

const frames by_alice = login_of("alice", "sesame");
const frames by_w = login_of("w", "sesame");

// Calls until the service is there.
int read_once(gaterpc_client& client, gaterpc_worker& worker) {
  client.send(call("billing", "id", "read", by_alice));
  answer(worker, by_w, worker.next(), 7);
  return client.result_for("billing", "id").as<int>();
}

}  // namespace

TEST_CASE("gate-rpc peers with the right logins serve and are served", "[broker][security]") {
  guarded_broker b("in-message");
  gaterpc_worker worker(b.at());
  register_worker(worker, "billing", by_w);
  gaterpc_client client(b.at());
  CHECK(read_once(client, worker) == 7);
  CHECK(read_once(client, worker) == 7);
}

TEST_CASE("messages that come while a login is checked are taken in their order", "[broker][security]") {
  guarded_broker b("in-message");
  gaterpc_worker worker(b.at());
  register_worker(worker, "billing", by_w);
  gaterpc_client client(b.at());
  for (int i = 0; i < 20; ++i) client.send(call("billing", std::to_string(i), "read", by_alice));
  for (int i = 0; i < 20; ++i) answer(worker, by_w, worker.next(), i);
  for (int i = 0; i < 20; ++i) CHECK(client.result_for("billing", std::to_string(i)).as<int>() == i);
}

TEST_CASE("a gate-rpc client with a wrong login, or none, hears an error", "[broker][security]") {
  guarded_broker b("in-message");
  for (const frames& login : {login_of("alice", "wrong"), login_of("nobody", "sesame"), login_of("", ""), frames{}}) {
    gaterpc_client client(b.at());
    client.send(call("billing", "id", "read", login));
    CHECK(exception_of(client, "billing", "id") == "AuthenticationError");
    client.wait_for_end();
  }
}

TEST_CASE("a gate-rpc worker with a wrong login, or none, hears DISCONNECT", "[broker][security]") {
  guarded_broker b("in-message");
  for (const frames& login : {login_of("w", "wrong"), frames{}}) {
    gaterpc_worker worker(b.at());
    worker.send(joined(joined({"", "MDPW01", ready}, login), {"billing:about:8"}));
    CHECK(worker.receive() == disconnect_word);
    worker.wait_for_end();
  }
}

TEST_CASE("a connection that was let in is judged by each message", "[broker][security]") {
  guarded_broker b("in-message");
  gaterpc_worker worker(b.at());
  register_worker(worker, "billing", by_w);
  gaterpc_client client(b.at());
  REQUIRE(read_once(client, worker) == 7);
  client.send(call("billing", "next", "read", login_of("alice", "wrong")));
  CHECK(exception_of(client, "billing", "next") == "AuthenticationError");
  client.wait_for_end();
}

TEST_CASE("a connection is one user's", "[broker][security]") {
  guarded_broker b("in-message");
  gaterpc_worker worker(b.at());
  register_worker(worker, "billing", by_w);
  gaterpc_client client(b.at());
  REQUIRE(read_once(client, worker) == 7);
  client.send(call("billing", "next", "read", login_of("bob", "sesame")));
  CHECK(exception_of(client, "billing", "next") == "AuthenticationError");
}

TEST_CASE("rights count for gate-rpc peers as for all", "[broker][security]") {
  guarded_broker b("in-message");
  gaterpc_worker worker(b.at());
  register_worker(worker, "billing", by_w);
  gaterpc_client client(b.at());
  REQUIRE(read_once(client, worker) == 7);
  client.send(call("billing", "next", "write", by_alice));
  CHECK(exception_of(client, "billing", "next") == "PermissionError");
  gaterpc_worker other(b.at());
  other.send(joined(joined({"", "MDPW01", ready}, by_alice), {"billing:about:8"}));
  frames heard = other.receive();
  REQUIRE(heard == heartbeat_word);  // the broker asks for its methods first
  other.next();
  CHECK(other.receive() == disconnect_word);  // after half a second without an answer
}

TEST_CASE("a password that is taken back counts for nothing from the next message on", "[broker][security]") {
  guarded_broker b("in-message");
  gaterpc_worker worker(b.at());
  register_worker(worker, "billing", by_w);
  gaterpc_client client(b.at());
  REQUIRE(read_once(client, worker) == 7);
  std::string less = usual_store;
  less.replace(less.find("[principals.alice]"), 18, "[principals.anna]");
  b.replace_store(less);
  REQUIRE(comes_true([&] { return b.audit().find("\"anna\"") != std::string::npos; }));
  client.send(call("billing", "next", "read", by_alice));
  CHECK(exception_of(client, "billing", "next") == "AuthenticationError");
}

TEST_CASE("where logins stand in messages, no other dialect is spoken", "[broker][security]") {
  guarded_broker b("in-message");
  raw_peer ours(b.at());
  ours.monitor();
  message hello;
  hello.type = message_type::hello;
  hello.version_min = hello.version_max = gate2_version;
  hello.role = peer_role::client;
  ours.send(hello);
  ours.wait_for_end();
  mdp_client guide(mdp02(), b.at());
  guide.request("billing", {"x"});
  guide.wait_for_end();
  mdp_client old(mdp01(), b.at());
  old.request("billing", {"x"});
  old.wait_for_end();
}
