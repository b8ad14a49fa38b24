// Peers that get large messages in pieces: peers that do not answer marks, and peers that leave between two pieces.
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/value.hpp>

#include "common/protocol/gate2_own.hpp"
#include "tests/unit/broker/running_broker.hpp"

using namespace gate;
using namespace gate::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t large_bytes = 900'000;

broker_options patient() {
  broker_options options = on_wildcard_ports();
  options.heartbeat_interval = 300s;  // the peers here send none
  return options;
}

// Says hello as a peer that knows pieces and marks.
void hello(raw_peer& peer, peer_role role, std::string_view service = {}) {
  message m;
  m.type = message_type::hello;
  m.version_min = m.version_max = gate2_version;
  m.role = role;
  m.service = service;
  m.capacity = role == peer_role::worker ? 16 : 0;
  m.capabilities = capability::streams | wire::gate2::capability_pieces;
  peer.send(m);
  const received_message welcome = peer.expect(message_type::welcome);
  REQUIRE((welcome->capabilities & wire::gate2::capability_pieces) != 0);
}

// The first half of an envelope, as a piece.
void send_half(raw_peer& peer, const message& m) {
  std::string envelope;
  wire::gate2::append(envelope, m);
  message piece;
  piece.type = wire::gate2::type_piece;
  piece.payload = bytes_view(envelope).substr(0, envelope.size() / 2);
  peer.send(piece);
}

// And the second one.
void send_rest(raw_peer& peer, const message& m) {
  std::string envelope;
  wire::gate2::append(envelope, m);
  message piece;
  piece.type = wire::gate2::type_piece;
  piece.flags = message_flag::end_of_parts;
  piece.payload = bytes_view(envelope).substr(envelope.size() / 2);
  peer.send(piece);
}

// Waits until the broker has read all that the peer sent.
void wait_until_read(raw_peer& peer) {
  message mark;
  mark.type = wire::gate2::type_mark;
  mark.offset = 1;
  peer.send(mark);
  peer.expect(wire::gate2::type_marked);
}

// A group of the broker's counters, as a fresh client sees it.
std::map<std::string, std::uint64_t> counted(const running_broker<>& broker, const std::string& group) {
  raw_peer client(broker.frontend());
  client.hello_as_client();
  client.request(1, "gate", "stats");
  const auto all = value::decode(client.expect(message_type::final)->payload.single());
  REQUIRE(all);
  return (*all)[group].as<std::map<std::string, std::uint64_t>>();
}

}  // namespace

TEST_CASE("a peer that takes everything, and never says that it read it, is cut after out_queue_age_max and counted",
          "[broker]") {
  broker_options options = patient();
  options.out_queue_age_max = 500ms;
  running_broker<> broker(options);
  raw_peer worker(broker.backend());
  worker.hello_as_worker("s");
  raw_peer deaf(broker.frontend());
  hello(deaf, peer_role::client);
  deaf.monitor();
  deaf.request(1, "s", "m");
  worker.final(worker.expect(message_type::request)->call, std::string(large_bytes, 'r'));
  const auto began = std::chrono::steady_clock::now();
  deaf.wait_for_end();
  CHECK(std::chrono::steady_clock::now() - began >= options.out_queue_age_max);
  auto transport = counted(broker, "transport");
  CHECK(transport["too_slow"] == 1);
  CHECK(transport["too_slow_age"] == 1);
  CHECK(transport["too_slow_bytes"] == 0);
  CHECK(transport["silent_peers"] == 0);
  // Other peers are still served, and no bytes are kept for this one.
  CHECK(counted(broker, "now")["owed_bytes"] < large_bytes);
}

TEST_CASE("a client that leaves between two pieces of a request leaves nothing behind", "[broker]") {
  running_broker<> broker(patient());
  raw_peer worker(broker.backend());
  worker.hello_as_worker("s");
  const std::string large(large_bytes, 'x');
  {
    raw_peer client(broker.frontend());
    hello(client, peer_role::client);
    message request;
    request.type = message_type::request;
    request.call = call_id{1};
    request.service = "s";
    request.method = "m";
    request.payload = bytes_view(large);
    send_half(client, request);
    wait_until_read(client);
  }
  raw_peer other(broker.frontend());
  other.hello_as_client();
  other.request(5, "s", "whole");
  const received_message request = worker.expect(message_type::request);
  CHECK(request->method == "whole");
  worker.final(request->call, "\xc0");
  CHECK(other.expect(message_type::final)->call == call_id{5});
  auto core = counted(broker, "calls");
  CHECK(core["malformed"] == 0);
  CHECK(core["accepted"] == 2);  // the whole one, and the one that asks
}

TEST_CASE(
    "requests of all clients in pieces are bounded together: beyond it the largest is busy, and what belongs to "
    "calls is kept",
    "[broker]") {
  broker_options options = patient();
  options.queue_total_bytes_max = 0;
  options.payload_bytes_max = 1'000'000;
  options.frame_bytes_max = 1u << 20;
  constexpr std::uint64_t fit = 9;  // this many halves fit into four times frame_bytes_max
  running_broker<> broker(options);
  raw_peer worker(broker.backend());
  hello(worker, peer_role::worker, "s");
  const std::string large(large_bytes, 'x'), larger(large_bytes + 50'000, 'x');
  message request;
  request.type = message_type::request;
  request.service = "s";
  request.method = "m";
  std::vector<std::unique_ptr<raw_peer>> clients;
  const auto begin = [&](const std::string& payload) {
    clients.push_back(std::make_unique<raw_peer>(broker.frontend()));
    hello(*clients.back(), peer_role::client);
    request.call = call_id{clients.size()};
    request.payload = bytes_view(payload);
    send_half(*clients.back(), request);
    wait_until_read(*clients.back());
  };
  const auto end = [&](std::uint64_t call, const std::string& payload) {
    request.call = call_id{call};
    request.payload = bytes_view(payload);
    send_rest(*clients[call - 1], request);
  };
  const auto result = [&](call_id call) {
    message m;
    m.type = message_type::final;
    m.call = call;
    m.payload = bytes_view(large);
    return m;
  };
  begin(larger);
  for (std::uint64_t n = 1; n < fit; ++n) begin(large);

  // An item of another client's stream, and the results of workers, are kept and do not count.
  raw_peer streaming(broker.frontend());
  hello(streaming, peer_role::client);
  message stream = request;
  stream.call = call_id{100};
  stream.flags = message_flag::client_stream;
  stream.payload = bytes_view("\x90");
  streaming.send(stream);
  const call_id given = worker.expect(message_type::request)->call;
  message credit;
  credit.type = message_type::credit;
  credit.call = given;
  credit.credit_items = 1;
  credit.credit_bytes = 2 * large_bytes;
  worker.send(credit);
  streaming.expect(message_type::credit);
  message item;
  item.type = message_type::part;
  item.call = stream.call;
  item.payload = bytes_view(large);
  send_half(streaming, item);
  wait_until_read(streaming);
  send_half(worker, result(given));
  wait_until_read(worker);
  end(fit, large);
  wait_until_read(*clients[fit - 1]);  // it was taken: no error came before the answer
  begin(large);
  begin(large);  // one too many: the broker drops the largest

  send_rest(streaming, item);
  wait_until_read(streaming);
  send_rest(worker, result(given));
  streaming.expect(wire::gate2::type_piece);  // of the result

  end(1, larger);
  const received_message refused = clients[0]->expect(message_type::error);
  CHECK(refused->status == errc::busy);
  CHECK(refused->call == call_id{1});
  CHECK(refused->text ==
        "requests of more than 4194304 bytes were on their way to the broker at once "
        "(queue_total_bytes_max, at least 4 times frame_bytes_max); call again later");
  // The same client is still served.
  end(fit + 2, large);
  wait_until_read(*clients[fit + 1]);
  send_half(*clients[0], request);
  wait_until_read(*clients[0]);
  auto transport = counted(broker, "transport");
  CHECK(transport["cut_protocol_error"] == 0);
}

TEST_CASE("a worker that leaves between two pieces of a result ends the call once, as worker_lost", "[broker]") {
  running_broker<> broker(patient());
  auto worker = std::make_unique<raw_peer>(broker.backend());
  hello(*worker, peer_role::worker, "s");
  raw_peer client(broker.frontend());
  client.hello_as_client();
  client.request(1, "s", "m");
  const std::string large(large_bytes, 'x');
  message result;
  result.type = message_type::final;
  result.call = worker->expect(message_type::request)->call;
  result.payload = bytes_view(large);
  send_half(*worker, result);
  wait_until_read(*worker);
  worker.reset();
  const received_message error = client.expect(message_type::error);
  CHECK(error->call == call_id{1});
  CHECK(error->status == errc::worker_lost);
  client.request(2, "gate", "stats");
  CHECK(client.expect(message_type::final)->call == call_id{2});  // and no more of the first
}

TEST_CASE("a request of which a piece had left when its worker went reaches another one whole", "[broker]") {
  running_broker<> broker(patient());
  auto worker = std::make_unique<raw_peer>(broker.backend());
  hello(*worker, peer_role::worker, "s");
  raw_peer client(broker.frontend());
  client.hello_as_client();
  const std::string large(large_bytes, 'x');
  client.request(1, "s", "m", large);
  worker->expect(wire::gate2::type_piece);
  worker.reset();
  raw_peer second(broker.backend());
  second.hello_as_worker("s");
  const received_message request = second.expect(message_type::request);
  CHECK(request->payload.size_bytes() == large.size());
  second.final(request->call, "\xc0");
  CHECK(client.expect(message_type::final)->call == call_id{1});
}

TEST_CASE("a client that leaves between two pieces of its result frees its worker, and others are served on",
          "[broker]") {
  running_broker<> broker(patient());
  raw_peer worker(broker.backend());
  worker.hello_as_worker("s", 1);
  auto client = std::make_unique<raw_peer>(broker.frontend());
  hello(*client, peer_role::client);
  client->request(1, "s", "m");
  worker.final(worker.expect(message_type::request)->call, std::string(large_bytes, 'r'));
  client->expect(wire::gate2::type_piece);
  client.reset();
  raw_peer other(broker.frontend());
  other.hello_as_client();
  other.request(1, "s", "m");
  worker.final(worker.expect(message_type::request)->call, "\xc0");
  other.expect(message_type::final);
  std::uint64_t owed = large_bytes;
  for (int attempts = 0; attempts < 10'000 && owed >= large_bytes / 2; ++attempts) {
    owed = counted(broker, "now")["owed_bytes"];
  }
  CHECK(owed < large_bytes / 2);
}
