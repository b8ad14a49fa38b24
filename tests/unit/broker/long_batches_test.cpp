// A batch of very many envelopes is handled in parts: other peers do not wait for its end.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/descriptor.hpp>
#include <gate/limits.hpp>
#include <gate/value.hpp>

#include "tests/unit/broker/running_broker.hpp"

using namespace gate;
using namespace gate::test;
using namespace std::chrono_literals;

namespace {

std::string request_envelope(std::uint64_t id, std::string_view service, std::uint8_t flags = 0) {
  message m;
  m.type = message_type::request;
  m.call = call_id{id};
  m.flags = flags;
  m.service = service;
  m.method = "m";
  std::string envelope;
  wire::gate2::append(envelope, m);
  return envelope;
}

// Calls `first` to `last` of a service, in one batch. One-way calls of a service without workers leave no trace.
std::string batch_of(std::uint64_t first, std::uint64_t last, std::string_view service, std::uint8_t flags = 0) {
  std::string batch;
  for (std::uint64_t id = first; id <= last; ++id) batch += request_envelope(id, service, flags);
  return batch;
}

// About this many bytes of calls that nobody gets an answer to.
std::string dense(std::size_t size_bytes) {
  const std::string one = request_envelope(1'000'000, "nobody", message_flag::one_way);
  std::string batch;
  batch.reserve(size_bytes);
  while (batch.size() + one.size() <= size_bytes) batch += one;
  return batch;
}

broker_options patient() {
  broker_options options = on_wildcard_ports();
  options.heartbeat_interval = 300s;  // the peers here send none
  options.service_grace = 0ms;
  return options;
}

value stats(raw_peer& client) {
  static std::uint64_t last = 1'000'000'000;
  client.request(++last, "gate", "stats");
  auto v = value::decode(std::string(client.expect(message_type::final)->payload.single()));
  REQUIRE(v);
  return *v;
}
std::uint64_t unread_bytes(raw_peer& client) { return stats(client)["now"]["unread_bytes"].as<std::uint64_t>(); }
std::uint64_t cut_busy(raw_peer& client) {
  const std::optional<value> count = stats(client)["transport"].find("cut_busy");
  return count ? count->as<std::uint64_t>() : 0;
}

}  // namespace

TEST_CASE("a peer is answered while another's long batch is being handled", "[broker]") {
  running_broker<> broker(patient());
  raw_peer flooder(broker.frontend()), other(broker.frontend()), worker(broker.backend());
  flooder.hello_as_client();
  other.hello_as_client();
  worker.hello_as_worker("s");
  flooder.send_frames({dense(40u << 20)});
  int answered_meanwhile = 0;
  bool began = false;
  for (std::uint64_t id = 1; !began || unread_bytes(other) != 0; ++id) {
    began = began || unread_bytes(other) != 0;
    other.request(id, "s", "m");
    worker.final(worker.expect(message_type::request)->call, "\xc0");
    other.expect(message_type::final);
    if (began) ++answered_meanwhile;
  }
  // The batch has 1.3 million envelopes. A turn handles twice 8192 of them.
  CHECK(answered_meanwhile >= 10);
}

TEST_CASE("what a peer sends behind a long batch is handled after it, in order", "[broker]") {
  running_broker<> broker(patient());
  raw_peer client(broker.frontend()), worker(broker.backend());
  client.hello_as_client();
  worker.hello_as_worker("s", 60'000);
  client.send_frames({batch_of(1, 5000, "s") + dense(8u << 20) + request_envelope(5001, "s")});
  client.send_frames({batch_of(5002, 6000, "s")});
  message last;
  last.type = message_type::request;
  last.call = call_id{6001};
  last.service = "s";
  last.method = "m";
  const std::string payload(limits::external_payload_bytes_min, 'p');
  last.payload = bytes_view(payload);
  std::string batch = batch_of(6002, 7000, "s");
  wire::gate2::append(batch, last, true);
  client.send_frames({batch, payload});
  std::vector<call_id> calls;
  std::size_t longest = 0;
  while (calls.size() < 7000) {
    const received_message m = worker.expect(message_type::request);
    calls.push_back(m->call);
    longest = std::max(longest, m->payload.size_bytes());
    worker.final(m->call, "\xc0");
  }
  CHECK(longest == payload.size());
  std::vector<std::uint64_t> answered;
  for (int n = 0; n < 7000; ++n) {
    answered.push_back(static_cast<std::uint64_t>(client.expect(message_type::final)->call));
  }
  std::vector<std::uint64_t> sent;
  for (std::uint64_t id = 1; id <= 6000; ++id) sent.push_back(id);
  for (std::uint64_t id = 6002; id <= 7000; ++id) sent.push_back(id);
  sent.push_back(6001);
  CHECK(answered == sent);
}

TEST_CASE("of a peer that goes within a long batch, all that it sent is handled", "[broker]") {
  running_broker<> broker(patient());
  raw_peer worker(broker.backend()), operators(broker.frontend());
  operators.hello_as_client();
  worker.hello_as_worker("s", 60'000);
  {
    raw_peer client(broker.frontend());
    client.hello_as_client();
    client.close_after_sending();
    client.send_frames({dense(16u << 20) + request_envelope(1, "s", message_flag::one_way)});
    client.send_frames({request_envelope(2, "s", message_flag::one_way)});
  }
  for (int n = 0; n < 2; ++n) worker.final(worker.expect(message_type::request)->call, "\xc0");
  while (stats(operators)["now"]["clients"].as<std::uint64_t>() != 1) {
  }
  CHECK(unread_bytes(operators) == 0);
}

TEST_CASE("a connection under the routing id of one that went within a long batch is a new peer", "[broker]") {
  running_broker<> broker(patient());
  raw_peer worker(broker.backend()), operators(broker.frontend());
  operators.hello_as_client();
  worker.hello_as_worker("s", 60'000);
  {
    raw_peer client(broker.frontend(), "same");
    client.hello_as_client();
    client.close_after_sending();
    client.send_frames({dense(24u << 20) + request_envelope(1, "s", message_flag::one_way)});
  }
  // libzmq takes no second connection with that routing id while the first exists, so the successor tries again.
  const auto impatient = [](zmq::socket_t& s) { s.set(zmq::sockopt::rcvtimeo, 2000); };
  std::optional<raw_peer> successor;
  for (bool welcome = false; !welcome;) {
    successor.emplace(broker.frontend(), "same", 1000, plain_login{}, impatient);
    try {
      successor->hello_as_client();
      welcome = true;
    } catch (const silence&) {
    }
  }
  successor->request(7, "s", "m");
  for (int n = 0; n < 2; ++n) worker.final(worker.expect(message_type::request)->call, "\xc0");
  CHECK(successor->expect(message_type::final)->call == call_id{7});
}

TEST_CASE("a fault in a long batch, or behind it, cuts its sender after what came before was handled", "[broker]") {
  const std::string garbage("\xff\xff\xff\xff garbage");
  const std::string good = dense(4u << 20) + request_envelope(1, "s", message_flag::one_way);
  const std::vector<std::vector<std::vector<std::string>>> cases{
      {{good + garbage}}, {{good}, {garbage}}, {{good}, {good, "stray"}}, {{good}, {"three", "frames", "too many"}}};
  for (const auto& messages : cases) {
    running_broker<> broker(patient());
    raw_peer worker(broker.backend()), client(broker.frontend());
    worker.hello_as_worker("s", 60'000);
    client.hello_as_client();
    for (const auto& frames : messages) client.send_frames(frames);
    client.send_frames({request_envelope(2, "s", message_flag::one_way)});
    const received_message bye = client.expect(message_type::bye);
    CHECK(bye->status == errc::protocol_error);
    CHECK(worker.expect(message_type::request)->call != call_id{});
  }
}

// A hello may be repeated, and its descriptor takes long to read.
TEST_CASE("a peer for which too much waits to be handled is cut, and no other", "[broker]") {
  broker_options options = patient();
  options.frame_bytes_max = options.payload_bytes_max = 6u << 20;
  running_broker<> broker(options);
  const auto few_ahead = [](zmq::socket_t& s) {
    s.set(zmq::sockopt::sndhwm, 1);
    s.set(zmq::sockopt::sndtimeo, 100);
  };
  raw_peer flooder(broker.frontend(), {}, 1000, {}, few_ahead), other(broker.frontend());
  flooder.hello_as_client();
  other.hello_as_client();
  const std::string batch = dense(options.frame_bytes_max);
  while (cut_busy(other) == 0) flooder.send_frames({batch});
  CHECK(cut_busy(other) == 1);
  while (unread_bytes(other) != 0) {
  }
}

TEST_CASE("calls of the broker's own methods take their turns", "[broker]") {
  running_broker<> broker(patient());
  raw_peer asks(broker.frontend()), other(broker.frontend());
  asks.hello_as_client();
  other.hello_as_client();
  constexpr std::uint64_t many = 4000;
  std::string batch;
  for (std::uint64_t id = 1; id <= many; ++id) {
    message m;
    m.type = message_type::request;
    m.call = call_id{id};
    m.service = "gate";
    m.method = "stats";
    m.payload = bytes_view("\x90");
    wire::gate2::append(batch, m);
  }
  asks.send_frames({batch});
  for (std::uint64_t n = 0; n < many; ++n) asks.expect(message_type::final);
  CHECK(stats(other)["ended"]["ok"].as<std::uint64_t>() >= many);
}
