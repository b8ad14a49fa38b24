// What principals may do, at a running broker with a store: peers that log in under PLAIN, and peers that lie.
#include <optional>
#include <string>

#include <catch2/catch.hpp>

#include <gate/value.hpp>

#include "tests/unit/broker/guarded_broker.hpp"

using namespace gate;
using namespace gate::test;

namespace {

errc status_of(raw_peer& client) { return client.expect(message_type::error)->status; }

value result_of(raw_peer& client) {
  const received_message final = client.expect(message_type::final);
  return *value::decode(final->payload.single());
}

}  // namespace

TEST_CASE("a principal calls what its role grants, and the worker is told who calls", "[broker][security]") {
  guarded_broker b("plain");
  raw_peer worker = b.peer("w");
  worker.hello_as_worker("billing", 8);
  raw_peer alice = b.peer("alice");
  alice.hello_as_client();
  message forged;
  forged.type = message_type::request;
  forged.call = call_id{1};
  forged.service = "billing";
  forged.method = "read";
  forged.payload = bytes_view("\x90");
  forged.caller = "olga";
  alice.send(forged);
  const received_message given = worker.expect(message_type::request);
  CHECK(given->caller == "alice");
  worker.final(given->call, "\x01");
  CHECK(result_of(alice).as<int>() == 1);
  alice.request(2, "billing", "write");
  CHECK(status_of(alice) == errc::permission_denied);
  CHECK(comes_true([&] { return b.audit().find("call_refused") != std::string::npos; }));
  CHECK(b.audit().find("alice") != std::string::npos);
}

TEST_CASE("where peers log in, clients see a worker's traceback only with remote_details", "[broker][security]") {
  for (const bool allowed : {false, true}) {
    broker_options options = on_wildcard_ports();
    options.remote_details = allowed;
    guarded_broker b("plain", options);
    raw_peer worker = b.peer("w");
    worker.hello_as_worker("billing", 8);
    raw_peer alice = b.peer("alice");
    alice.hello_as_client();
    alice.request(1, "billing", "read");
    message failure;
    failure.type = message_type::error;
    failure.call = worker.expect(message_type::request)->call;
    failure.status = errc::failed;
    failure.text = "no such account";
    failure.payload = bytes_view("\xacin /srv/x.py");
    worker.send(failure);
    const received_message heard = alice.expect(message_type::error);
    CHECK(heard->text == "no such account");
    CHECK((heard->payload.size_bytes() != 0) == allowed);
  }
}

TEST_CASE("a worker that may not offer its service is told so in words", "[broker][security]") {
  guarded_broker b("plain");
  raw_peer alice = b.peer("alice");
  alice.monitor();
  message hello;
  hello.type = message_type::hello;
  hello.version_min = hello.version_max = gate2_version;
  hello.role = peer_role::worker;
  hello.service = "billing";
  hello.capacity = 1;
  alice.send(hello);
  const received_message bye = alice.expect(message_type::bye);
  CHECK(bye->status == errc::permission_denied);
  CHECK(bye->text ==
        "'alice' may not offer the service 'billing': not granted by any role; the operator grants it by "
        "offer = [\"billing\"] for 'alice' in the broker's credential store");
  alice.wait_for_end();
}

TEST_CASE("a name without a namespace is looked up in its principal's home", "[broker][security]") {
  guarded_broker b("plain");
  raw_peer worker = b.peer("pia");
  worker.hello_as_worker("billing", 8);
  raw_peer pia = b.peer("pia");
  pia.hello_as_client();
  pia.request(1, "billing", "read");
  CHECK(worker.expect(message_type::request)->service == "billing");
  raw_peer alice = b.peer("alice");
  alice.hello_as_client();
  alice.request(1, "prod/billing", "read");
  CHECK(status_of(alice) == errc::permission_denied);
  raw_peer olga = b.peer("olga");
  olga.hello_as_client();
  olga.request(1, "gate", "services");
  const value all = result_of(olga);
  bool found = false;
  for (std::size_t i = 0; i < all.size(); ++i) found = found || all[i]["name"].as<std::string>() == "prod/billing";
  CHECK(found);
}

TEST_CASE("a user that is taken out of the store loses its next call, and its registrations", "[broker][security]") {
  guarded_broker b("plain");
  raw_peer worker = b.peer("w");
  worker.monitor();
  worker.hello_as_worker("billing", 100);
  raw_peer alice = b.peer("alice");
  alice.hello_as_client();
  alice.request(1, "billing", "read");
  worker.final(worker.expect(message_type::request)->call, "\x01");
  CHECK(result_of(alice).as<int>() == 1);
  b.replace_store("[principals.olga]\npassword = $PASSWORD\noperate = true\n");
  CHECK(worker.expect(message_type::bye)->status == errc::permission_denied);
  worker.wait_for_end();
  alice.request(2, "billing", "read");
  CHECK(status_of(alice) == errc::permission_denied);
}

TEST_CASE("a namespace that changes in the store is that of connections that are up", "[broker][security]") {
  guarded_broker b("plain");
  raw_peer worker = b.peer("pia");
  worker.monitor();
  worker.hello_as_worker("billing", 100);
  raw_peer pia = b.peer("pia");
  pia.hello_as_client();
  pia.request(1, "billing", "read");
  worker.final(worker.expect(message_type::request)->call, "\x01");
  CHECK(result_of(pia).as<int>() == 1);
  std::string moved = usual_store;
  moved.replace(moved.find("\"prod\""), 6, "\"test\", \"prod\"");
  b.replace_store(moved);
  CHECK(worker.expect(message_type::bye)->status == errc::unavailable);
  worker.wait_for_end();
  raw_peer again = b.peer("pia");
  again.hello_as_worker("billing", 100);
  pia.request(2, "test/billing", "read");
  again.final(again.expect(message_type::request)->call, "\x02");
  CHECK(result_of(pia).as<int>() == 2);
  pia.request(3, "billing", "read");
  again.final(again.expect(message_type::request)->call, "\x03");
  CHECK(result_of(pia).as<int>() == 3);
}

TEST_CASE("a broken store takes nothing away", "[broker][security]") {
  guarded_broker b("plain");
  raw_peer worker = b.peer("w");
  worker.hello_as_worker("billing", 100);
  raw_peer alice = b.peer("alice");
  alice.hello_as_client();
  b.replace_store("[principals.olga\n");
  REQUIRE(comes_true([&] { return b.audit().find("store_refused") != std::string::npos; }));
  alice.request(1, "billing", "read");
  worker.final(worker.expect(message_type::request)->call, "\x01");
  CHECK(result_of(alice).as<int>() == 1);
}

TEST_CASE("operators alone see the whole broker, others what they may use", "[broker][security]") {
  guarded_broker b("plain");
  raw_peer worker = b.peer("w");
  worker.hello_as_worker("billing", 8);
  raw_peer hidden = b.peer("pia");
  hidden.hello_as_worker("billing", 8);
  raw_peer alice = b.peer("alice");
  alice.hello_as_client();
  for (const char* method : {"stats", "workers", "info"}) {
    alice.request(1, "gate", method);
    CHECK(status_of(alice) == errc::permission_denied);
  }
  alice.request(2, "gate", "ping");
  result_of(alice);
  alice.request(3, "gate", "services");
  const value mine = result_of(alice);
  for (std::size_t i = 0; i < mine.size(); ++i) CHECK(mine[i]["name"].as<std::string>() != "prod/billing");
  alice.request(4, "gate", "describe", "\x91\xacprod/billing");
  CHECK(status_of(alice) == errc::unavailable);
  raw_peer olga = b.peer("olga");
  olga.hello_as_client();
  olga.request(1, "gate", "stats");
  CHECK(result_of(olga)["refused"]["permission_denied"].as<int>() == 3);
  CHECK(comes_true([&] { return b.audit().find("operator_act") != std::string::npos; }));
  CHECK(b.audit().find("operate_refused") != std::string::npos);
}

TEST_CASE("an answer that comes for a client that left does not reach the next one of its routing id",
          "[broker][security]") {
  guarded_broker b("plain");
  raw_peer worker = b.peer("w");
  worker.hello_as_worker("billing", 8);
  call_id lost{};
  {
    raw_peer alice = b.peer("alice", "chosen");
    alice.hello_as_client();
    alice.request(1, "billing", "read");
    lost = worker.expect(message_type::request)->call;
  }
  worker.expect(message_type::cancel);
  raw_peer bob = b.peer("bob", "chosen");
  bob.hello_as_client();
  worker.final(lost, "\x07");
  bob.request(9, "billing", "read");
  const received_message given = worker.expect(message_type::request);
  worker.final(given->call, "\x08");
  CHECK(result_of(bob).as<int>() == 8);
}

TEST_CASE("a second connection under a routing id that is in use is not listened to", "[broker][security]") {
  guarded_broker b("plain");
  raw_peer worker = b.peer("w");
  worker.hello_as_worker("billing", 8);
  raw_peer alice = b.peer("alice", "chosen");
  alice.hello_as_client();
  raw_peer bob = b.peer("bob", "chosen");
  message hello;
  hello.type = message_type::hello;
  hello.version_min = hello.version_max = gate2_version;
  hello.role = peer_role::client;
  bob.send(hello);
  bob.request(1, "billing", "read");
  for (int i = 0; i < 3; ++i) bob.request(2, "billing", "read");
  alice.request(5, "billing", "read");
  const received_message given = worker.expect(message_type::request);
  CHECK(given->caller == "alice");
  worker.final(given->call, "\x05");
  CHECK(result_of(alice).as<int>() == 5);
}

TEST_CASE("requests beyond a principal's rate are busy, with the time to wait", "[broker][security]") {
  broker_options options = on_wildcard_ports();
  options.requests_per_second_max = 1;
  guarded_broker b("plain", options);
  raw_peer alice = b.peer("alice");
  alice.hello_as_client();
  alice.request(1, "gate", "ping");
  result_of(alice);
  alice.request(2, "gate", "ping");
  const received_message refused = alice.expect(message_type::error);
  CHECK(refused->status == errc::busy);
  CHECK(refused->text.starts_with("the principal sends too many requests a second; call again in "));
  raw_peer bob = b.peer("bob");
  bob.hello_as_client();
  bob.request(1, "gate", "ping");
  result_of(bob);
  CHECK(comes_true([&] { return b.audit().find("limit_reached") != std::string::npos; }));
}

TEST_CASE("what the broker answers itself counts for the rate in the other dialects as well", "[broker][security]") {
  broker_options options = on_wildcard_ports();
  options.requests_per_second_max = 1;
  running_broker<> b(options);
  gaterpc_client client(b.frontend());
  CHECK(client.result_for("Gate", client.call("Gate", "get_services"))[0].as<std::string>() == "Gate");
  CHECK(client.exception_for("Gate", client.call("Gate", "info")) == "BusyWorkerError");
}

TEST_CASE("namespaces are apart without a store, too", "[broker]") {
  running_broker<> b;
  raw_peer worker(b.backend());
  worker.hello_as_worker("prod/billing", 8);
  raw_peer client(b.frontend());
  client.hello_as_client();
  client.request(1, "prod/billing", "read");
  worker.expect(message_type::request);
  client.request(2, "gate", "describe", "\x91\xacprod/billing");
  CHECK(result_of(client)["name"].as<std::string>() == "prod/billing");
}

TEST_CASE("in the other dialects a name may have a namespace as well", "[broker]") {
  one_port b;
  gaterpc_worker python(b.at);
  python.register_as("prod/billing", 2, {"read"});
  mdp_worker guide(mdp02(), b.at);
  guide.register_as("test/billing");
  wait_for_mmi(b.at, "prod/billing", "200");
  wait_for_mmi(b.at, "test/billing", "200");
  wait_for_mmi(b.at, "billing", "404");
  gaterpc_client client(b.at);
  const std::string id = client.call("prod/billing", "read");
  python.answer(python.next(), encode(7));
  CHECK(client.result_for("prod/billing", id).as<int>() == 7);
  const std::string list = client.call("Gate", "get_services");
  const value names = client.result_for("Gate", list);
  CHECK(names[0].as<std::string>() == "prod/billing");
}
