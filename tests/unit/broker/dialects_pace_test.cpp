// Streams and compressed replies of workers whose dialect has no credit, to slow callers.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/broker/foreign_fixture.hpp"

using namespace gate;
using namespace gate::test;
using namespace std::chrono_literals;

namespace {

constexpr int many = 5000;  // far beyond the window that the broker keeps for clients without credit

void stream_all(gaterpc_worker& worker, const gaterpc_worker::request& to) {
  for (int i = 0; i < many; ++i) worker.say(to, {"GateStreamGenerator", encode(i)});
  worker.say(to, {"GateStreamGenerator", "GateStreamEnd"});
}

// Makes a call, with credit for `items` at first.
void call_stream(raw_peer& client, const std::string& service, std::uint32_t items) {
  message m;
  m.type = message_type::request;
  m.call = call_id{1};
  m.flags = message_flag::wants_stream;
  m.credit_items = items;
  m.credit_bytes = 1 << 20;
  m.service = service;
  m.method = "gen";
  m.payload = bytes_view("\x90");
  client.send(m);
}

// Makes a call that takes a huge reply.
void call_huge(raw_peer& client, const std::string& service) {
  message m;
  m.type = message_type::request;
  m.call = call_id{1};
  m.accept = payload_encoding::all;
  m.service = service;
  m.method = "gen";
  m.payload = bytes_view("\x90");
  client.send(m);
}

void grant(raw_peer& client, std::uint32_t items) {
  message m;
  m.type = message_type::credit;
  m.call = call_id{1};
  m.credit_items = items;
  m.credit_bytes = 1 << 10;
  client.send(m);
}

}  // namespace

TEST_CASE("a gate-rpc worker that streams ahead loses nothing of it, and its caller gets no more than it granted",
          "[broker]") {
  running_broker<> broker;
  gaterpc_worker worker(broker.backend());
  worker.register_as("Gen", 2, {"gen"});
  raw_peer client(broker.frontend());
  client.hello_as_client();
  call_stream(client, "Gen", 10);
  stream_all(worker, worker.next());
  int granted = 10;
  for (int i = 0; i < many; ++i) {
    if (i == granted) {
      // Whatever the worker has sent by now, the next message is the reply to this: nothing came beyond the window.
      client.request(2, "Gen", "nosuch");
      CHECK(client.expect(message_type::error)->call == call_id{2});
      const int more = i < 100 ? 10 : 1000;
      granted += more;
      grant(client, static_cast<std::uint32_t>(more));
    }
    const received_message got = client.expect(message_type::part);
    REQUIRE(got->payload.single() == encode(i));
  }
  CHECK(client.expect(message_type::final)->has(message_flag::no_payload));
}

TEST_CASE("a gate-rpc client that reads late gets all of a gate-rpc worker's stream", "[broker]") {
  broker_options options = on_wildcard_ports();
  options.out_queue_age_max = 300s;
  running_broker<> broker(std::move(options));
  gaterpc_worker worker(broker.backend());
  worker.register_as("Gen", 2, {"gen", "other"});
  gaterpc_client client(broker.frontend(), 1);
  const std::string id = client.call("Gen", "gen");
  stream_all(worker, worker.next());
  // The broker has read all of it once it has read the worker's next message.
  gaterpc_client other(broker.frontend());
  const std::string last = other.call("Gen", "other");
  worker.answer(worker.next(), encode(1));
  CHECK(other.result_for("Gen", last).as<int>() == 1);
  for (int i = 0; i < many; ++i) REQUIRE(client.body_for("Gen", id) == frames{"GateStreamGenerator", encode(i)});
  CHECK(client.body_for("Gen", id) == frames{"GateStreamGenerator", "GateStreamEnd"});
}

TEST_CASE("what is kept of a worker's answers is bounded: beyond it the call ends as too slow", "[broker]") {
  broker_options options = on_wildcard_ports();
  options.out_queue_bytes_max = 1 << 16;
  running_broker<> broker(std::move(options));
  gaterpc_worker worker(broker.backend());
  worker.register_as("Gen", 2, {"gen"});
  raw_peer client(broker.frontend());
  client.hello_as_client();
  call_stream(client, "Gen", 1);
  const gaterpc_worker::request got = worker.next();
  const std::string item = encode(std::string(10'000, 'x'));
  for (int i = 0; i < 20; ++i) worker.say(got, {"GateStreamGenerator", item});
  client.expect(message_type::part);
  CHECK(client.expect(message_type::error)->status == errc::too_slow);
}

TEST_CASE("an answer in HugeData passes between gate-rpc peers as it is, and to who takes it", "[broker]") {
  running_broker<> broker;
  gaterpc_worker worker(broker.backend());
  worker.register_as("Huge", 1, {"gen", "call"});
  const auto answer = [&] {
    const gaterpc_worker::request got = worker.next();
    for (const char* chunk : {"\x1f\x8b", "anything", "", "HugeDataEND"}) {
      worker.say(got, {"GateStreamHugData", chunk});
    }
  };
  SECTION("to a gate-rpc client") {
    gaterpc_client client(broker.frontend());
    const std::string id = client.call("Huge", "gen");
    answer();
    for (const char* chunk : {"\x1f\x8b", "anything", "", "HugeDataEND"}) {
      CHECK(client.body_for("Huge", id) == frames{"GateStreamHugData", chunk});
    }
  }
  SECTION("to a gate/2 client that takes it, as far as it granted") {
    raw_peer client(broker.frontend());
    client.hello_as_client();
    call_huge(client, "Huge");
    answer();
    const received_message head = client.expect(message_type::part);
    CHECK(head->is_head());
    CHECK(head->content == huge_content::value);
    CHECK(head->encoding == payload_encoding::gzip);
    grant(client, 1);
    CHECK(client.expect(message_type::part)->payload.single() == "\x1f\x8b");
    client.request(2, "Huge", "nosuch");  // nothing came before the answer to this
    CHECK(client.expect(message_type::error)->call == call_id{2});
    grant(client, 1);
    CHECK(client.expect(message_type::part)->payload.single() == "anything");
    CHECK(client.expect(message_type::final)->has(message_flag::no_payload));
  }
  SECTION("to a gate/2 client that takes none, as an error") {
    raw_peer client(broker.frontend());
    client.hello_as_client();
    call_stream(client, "Huge", 10);
    answer();
    CHECK(client.expect(message_type::error)->status == errc::unsupported);
    call_stream(client, "Huge", 10);  // the worker gets the next call: its slot is free again
    worker.answer(worker.next(), encode(7));
    CHECK(client.expect(message_type::final)->payload.single() == encode(7));
  }
  SECTION("to a Majordomo client, who hears nothing of it") {
    mdp_client client(mdp02(), broker.frontend());
    client.request("Huge", {"body"});
    answer();
    client.request("Huge", {"body"});
    worker.answer(worker.next(), encode(std::string("next")));
    client.expect("Huge", {"next"});
  }
}

TEST_CASE("huge arguments are refused by the broker itself where a worker's dialect has no words for them",
          "[broker]") {
  running_broker<> broker;
  gaterpc_worker worker(broker.backend());
  worker.register_as("Huge", 1, {"take"});
  raw_peer client(broker.frontend());
  client.hello_as_client();
  message m;
  m.type = message_type::request;
  m.call = call_id{1};
  m.flags = message_flag::client_stream;
  m.content = huge_content::value;
  m.service = "Huge";
  m.method = "take";
  client.send(m);
  const received_message told = client.expect(message_type::error);
  CHECK(told->status == errc::unsupported);
  CHECK(told->origin == origin::broker);  // the caller learns that no worker got the call
}

TEST_CASE("a gate/2 worker's huge answer is a HugeData to a gate-rpc client", "[broker]") {
  running_broker<> broker;
  raw_peer worker(broker.backend());
  worker.hello_as_worker("Huge", 1);
  gaterpc_client client(broker.frontend());
  const std::string id = client.call("Huge", "gen");
  const received_message request = worker.expect(message_type::request);
  CHECK(request->accept == payload_encoding::gzip);
  CHECK(request->credit_bytes > 0);
  message head;
  head.type = message_type::part;
  head.call = request->call;
  head.flags = message_flag::no_payload;
  head.content = huge_content::value;
  SECTION("in its compression") {
    head.encoding = payload_encoding::gzip;
    worker.send(head);
    message chunk;
    chunk.type = message_type::part;
    chunk.call = request->call;
    for (const char* raw : {"\x1f\x8b", "HugeDataEND"}) {
      chunk.payload = bytes_view(raw);
      worker.send(chunk);
    }
    CHECK(client.body_for("Huge", id) == frames{"GateStreamHugData", "\x1f\x8b"});
    CHECK(client.body_for("Huge", id) == frames{"GateStreamHugData", "H"});
    CHECK(client.body_for("Huge", id) == frames{"GateStreamHugData", "ugeDataEND"});
    message end;
    end.type = message_type::final;
    end.call = request->call;
    end.flags = message_flag::no_payload;
    worker.send(end);
    CHECK(client.body_for("Huge", id) == frames{"GateStreamHugData", ""});
    CHECK(client.body_for("Huge", id) == frames{"GateStreamHugData", "HugeDataEND"});
  }
  SECTION("in another, which ends the call") {
    worker.send(head);
    const frames body = client.body_for("Huge", id);
    REQUIRE(body.size() == 1);
    CHECK_THAT(body[0], Catch::Contains("NotImplementedError"));
    CHECK(worker.expect(message_type::cancel)->call == request->call);
  }
}

TEST_CASE("a gate-rpc worker's reply to another worker's request is not believed", "[broker]") {
  running_broker<> broker;
  gaterpc_worker honest(broker.backend()), forger(broker.backend());
  honest.register_as("Honest", 1, {"f"});
  forger.register_as("Forger", 1, {"f"});
  gaterpc_client client(broker.frontend()), other(broker.frontend());
  const std::string id = client.call("Honest", "f");
  const gaterpc_worker::request got = honest.next();
  forger.answer(got, encode(std::string("forged")));
  const std::string behind = other.call("Forger", "f");  // its reply is read after the forged one
  forger.answer(forger.next(), encode(1));
  CHECK(other.result_for("Forger", behind).as<int>() == 1);
  honest.answer(got, encode(std::string("true")));
  CHECK(client.result_for("Honest", id).as<std::string>() == "true");
}
