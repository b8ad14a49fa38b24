#include <map>

#include <catch2/catch.hpp>

#include <gate/value.hpp>

#include "common/wire/descriptor_codec.hpp"
#include "tests/unit/broker/running_broker.hpp"

using namespace gate;
using namespace gate::test;
using namespace std::chrono_literals;

namespace {

using number_map = std::map<std::string, std::uint64_t>;

// Asks the internal service, as any client could.
value ask(raw_peer& client, std::string_view method, std::string_view arguments = "\x90") {
  static std::uint64_t next = 1'000'000;
  client.request(++next, "gate", method, arguments);
  const received_message answer = client.receive();
  if (answer->type == message_type::error) throw Error(answer->status, std::string(answer->text));
  const auto decoded = value::decode(answer->payload.single());
  REQUIRE(decoded);
  return *decoded;
}

// The broker's counters as a fresh client sees them.
std::uint64_t counted(const running_broker<>& broker, const std::string& group, const std::string& name) {
  raw_peer client(broker.frontend());
  client.hello_as_client();
  const value stats = ask(client, "stats");
  const auto all = stats[group].as<number_map>();
  const auto found = all.find(name);
  return found == all.end() ? 0 : found->second;
}

message hello() {
  message m;
  m.type = message_type::hello;
  m.version_min = m.version_max = gate2_version;
  m.role = peer_role::client;
  return m;
}

}  // namespace

TEST_CASE("a request travels from a client to a worker and its result back", "[broker]") {
  running_broker<> broker;
  raw_peer worker(broker.backend());
  worker.hello_as_worker("calculator");
  raw_peer client(broker.frontend());
  client.hello_as_client();

  client.request(7, "calculator", "add", "\x92\x02\x03");
  const received_message request = worker.expect(message_type::request);
  CHECK(request->service == "calculator");
  CHECK(request->method == "add");
  CHECK(request->payload.single() == "\x92\x02\x03");
  CHECK(request->caller == "anonymous");

  worker.final(request->call, "\x05");
  const received_message final = client.expect(message_type::final);
  CHECK(final->call == call_id{7});
  CHECK(final->payload.single() == "\x05");
}

TEST_CASE("either port serves either role", "[broker]") {
  running_broker<> broker;
  raw_peer worker(broker.frontend());
  worker.hello_as_worker("s");
  raw_peer client(broker.backend());
  client.hello_as_client();
  client.request(1, "s", "m");
  const received_message request = worker.expect(message_type::request);
  worker.final(request->call, "\xc0");
  CHECK(client.expect(message_type::final)->call == call_id{1});
}

TEST_CASE("one address may be both ports", "[broker]") {
  broker_options options = on_wildcard_ports();
  options.frontend = options.backend = {"ipc://@gate-test-one-port"};
  running_broker<> broker(options);
  CHECK(broker.frontend() == broker.backend());
  raw_peer worker(broker.backend());
  worker.hello_as_worker("s");
  raw_peer client(broker.frontend());
  client.hello_as_client();
  client.request(1, "s", "m");
  const received_message request = worker.expect(message_type::request);
  worker.final(request->call, "\xc0");
  CHECK(client.expect(message_type::final)->call == call_id{1});
}

TEST_CASE("large payloads pass in both directions", "[broker]") {
  running_broker<> broker;
  raw_peer worker(broker.backend());
  worker.hello_as_worker("s");
  raw_peer client(broker.frontend());
  client.hello_as_client();
  std::string large(3u << 20, 'x');
  large[5] = 'y';
  client.request(1, "s", "m", large);
  const received_message request = worker.expect(message_type::request);
  CHECK((request->payload.single() == large));
  message answer;
  answer.type = message_type::final;
  answer.call = request->call;
  answer.payload = bytes_view(large);
  std::string batch;
  wire::gate2::append(batch, answer, true);
  worker.send_frames({batch, large});
  CHECK((client.expect(message_type::final)->payload.single() == large));
}

TEST_CASE("a worker's last answers before it closes reach the client", "[broker]") {
  running_broker<> broker;
  raw_peer client(broker.frontend());
  client.hello_as_client();
  for (std::uint64_t round = 1; round <= 20; ++round) {
    CAPTURE(round);
    const std::string service = "s" + std::to_string(round);
    auto worker = std::make_unique<raw_peer>(broker.backend());
    worker->hello_as_worker(service);
    client.request(round, service, "m");
    const received_message request = worker->expect(message_type::request);
    worker->final(request->call, "\x01");
    worker->close_after_sending();
    worker.reset();
    const received_message answer = client.receive();
    CHECK(answer->type == message_type::final);
    CHECK(answer->call == call_id{round});
  }
}

TEST_CASE("a worker that vanishes ends its calls as worker_lost", "[broker]") {
  running_broker<> broker;
  raw_peer client(broker.frontend());
  client.hello_as_client();
  auto worker = std::make_unique<raw_peer>(broker.backend());
  worker->hello_as_worker("s");
  for (std::uint64_t id = 1; id <= 10; ++id) client.request(id, "s", "m");
  for (int i = 0; i < 10; ++i) worker->expect(message_type::request);
  worker.reset();
  for (int i = 0; i < 10; ++i) CHECK(client.expect(message_type::error)->status == errc::worker_lost);
}

TEST_CASE("a hello in no version that the broker speaks is answered and cut", "[broker]") {
  running_broker<> broker;
  raw_peer peer(broker.frontend());
  peer.monitor();
  message m = hello();
  m.version_min = 7;
  m.version_max = 9;
  peer.send(m);
  CHECK(peer.expect(message_type::bye)->status == errc::unsupported);
  peer.wait_for_end();
}

TEST_CASE("a second hello on a connection replaces the first", "[broker]") {
  running_broker<> broker;
  raw_peer worker(broker.backend());
  worker.hello_as_worker("former");
  worker.hello_as_worker("latter");
  raw_peer client(broker.frontend());
  client.hello_as_client();
  client.request(1, "latter", "m");
  const received_message request = worker.expect(message_type::request);
  CHECK(request->service == "latter");
}

TEST_CASE("the connection of a peer that said bye and stays is ended", "[broker]") {
  running_broker<> broker;
  raw_peer peer(broker.frontend());
  peer.monitor();
  peer.hello_as_client();
  message bye;
  bye.type = message_type::bye;
  peer.send(bye);
  CHECK_NOTHROW(peer.wait_for_end());
}

TEST_CASE("a peer that takes the routing id of one that is gone is a new peer", "[broker]") {
  running_broker<> broker;
  raw_peer client(broker.frontend());
  client.hello_as_client();
  for (std::uint64_t round = 1; round <= 5; ++round) {
    CAPTURE(round);
    auto worker = std::make_unique<raw_peer>(broker.backend(), "the-worker");
    worker->hello_as_worker("s");
    client.request(round, "s", "m");
    worker->expect(message_type::request);
    worker.reset();
    CHECK(client.expect(message_type::error)->status == errc::worker_lost);
  }
}

TEST_CASE("a first message in no known language is counted and its connection cut", "[broker]") {
  running_broker<> broker;
  const std::vector<std::vector<std::string>> strangers{
      {"hello"}, {"", "MDPX01", "echo", "x"}, {""}, {std::string(1000, '\xff')}, {"GET / HTTP/1.1\r\n\r\n"}};
  for (const auto& frames : strangers) {
    raw_peer peer(broker.frontend());
    peer.monitor();
    peer.send_frames(frames);
    peer.wait_for_end();
  }
  CHECK(counted(broker, "transport", "unrecognised") == strangers.size());
  CHECK(counted(broker, "reasons", "unknown_dialect") == strangers.size());
}

TEST_CASE("a malformed message after the hello is answered with a bye, counted, and its sender cut", "[broker]") {
  running_broker<> broker;
  const std::vector<std::vector<std::string>> faults{{"short"},
                                                     {""},
                                                     {std::string(64, '\xff')},
                                                     {std::string("\x0c\0\0\0\x63\0\0\0\0\0\0\0\0\0\0\0", 16)},
                                                     {"a", "b", "c"}};
  for (const auto& frames : faults) {
    raw_peer peer(broker.frontend());
    peer.monitor();
    peer.hello_as_client();
    peer.send_frames(frames);
    CHECK(peer.expect(message_type::bye)->status == errc::protocol_error);
    peer.wait_for_end();
  }
  CHECK(counted(broker, "calls", "malformed") == faults.size());
  CHECK(counted(broker, "reasons", "wrong_frames") == 1);
  CHECK(counted(broker, "reasons", "malformed") == faults.size() - 1);
}

TEST_CASE("what came before a malformed envelope in a batch stands", "[broker]") {
  running_broker<> broker;
  raw_peer worker(broker.backend());
  worker.hello_as_worker("s");
  raw_peer client(broker.frontend());
  client.hello_as_client();
  message request;
  request.type = message_type::request;
  request.call = call_id{1};
  request.service = "s";
  request.method = "m";
  request.payload = bytes_view("\x90");
  std::string batch;
  wire::gate2::append(batch, request);
  client.send_frames({batch + "rubbish"});
  CHECK(worker.expect(message_type::request)->method == "m");
  CHECK(client.expect(message_type::bye)->status == errc::protocol_error);
}

TEST_CASE("a message of too many frames ends its sender, and others are served on", "[broker]") {
  running_broker<> broker;
  raw_peer flooder(broker.frontend());
  flooder.monitor();
  flooder.hello_as_client();
  flooder.send_frames(std::vector<std::string>(10'000, "f"));
  CHECK(flooder.expect(message_type::bye)->status == errc::protocol_error);
  flooder.wait_for_end();
  raw_peer stranger(broker.frontend());
  stranger.monitor();
  stranger.send_frames(std::vector<std::string>(10'000, "f"));
  stranger.wait_for_end();
  CHECK(counted(broker, "transport", "too_many_frames") == 2);
  CHECK(counted(broker, "reasons", "too_many_frames") == 1);
  CHECK(counted(broker, "reasons", "unknown_dialect") == 1);
}

TEST_CASE("a frame beyond the limit ends its sender's connection", "[broker]") {
  broker_options options = on_wildcard_ports();
  options.frame_bytes_max = options.payload_bytes_max = 10'000;
  running_broker<> broker(options);
  raw_peer peer(broker.frontend());
  peer.monitor();
  peer.hello_as_client();
  peer.send_frames({std::string(10'001, 'x')});
  peer.wait_for_end();
}

TEST_CASE("a connection that says nothing is cut at hello_timeout", "[broker]") {
  broker_options options = on_wildcard_ports();
  options.hello_timeout = 1s;  // enough for the asking peer's hello, on a busy machine too
  running_broker<> broker(options);
  raw_peer client(broker.frontend());
  client.hello_as_client();
  raw_peer silent(broker.frontend());
  silent.wait_for_end();
  CHECK(ask(client, "stats")["transport"]["silent"].as<std::uint64_t>() == 1);
  CHECK(ask(client, "stats")["reasons"]["nothing_said"].as<std::uint64_t>() == 1);
}

TEST_CASE("a peer that stops reading is cut, its memory freed, and others are served on", "[broker]") {
  broker_options options = on_wildcard_ports();
  options.out_queue_bytes_max = 1u << 20;
  options.heartbeat_interval = 300s;  // the worker here sends none
  running_broker<> broker(options);
  raw_peer worker(broker.backend());
  worker.hello_as_worker("s", 60'000);
  constexpr std::uint64_t calls = 2000;
  raw_peer deaf(broker.frontend(), {}, 1);
  deaf.hello_as_client();
  for (std::uint64_t id = 1; id <= calls; ++id) deaf.request(id, "s", "m");
  std::vector<call_id> open;
  for (std::uint64_t id = 1; id <= calls; ++id) open.push_back(worker.expect(message_type::request)->call);
  // The buffers of the system and of libzmq take some megabytes before messages wait in the broker.
  const std::string result(100'000, 'r');
  std::size_t answered = 0;
  while (answered < open.size() && (answered % 20 != 0 || counted(broker, "transport", "too_slow") == 0)) {
    worker.final(open[answered++], result);
  }
  CHECK(answered < open.size());
  // The broker ends its connection too: only the worker's and the asking client's are left.
  std::uint64_t connections = 0;
  for (int attempts = 0; attempts < 10'000 && connections != 2; ++attempts) {
    connections = counted(broker, "now", "connections");
  }
  CHECK(connections == 2);
}

TEST_CASE("the internal service tells about the broker", "[broker]") {
  running_broker<> broker;
  raw_peer worker(broker.backend());
  worker.hello_as_worker("calculator");
  raw_peer client(broker.frontend());
  client.hello_as_client();

  CHECK(ask(client, "ping").is_nil());

  const value services = ask(client, "services");
  std::vector<std::string> names;
  for (std::size_t i = 0; i < services.size(); ++i) names.push_back(services[i]["name"].as<std::string>());
  CHECK(names.size() == 2);
  CHECK(std::find(names.begin(), names.end(), "calculator") != names.end());
  CHECK(std::find(names.begin(), names.end(), "gate") != names.end());

  const value workers = ask(client, "workers");
  CHECK(workers.size() >= 1);

  const value described = ask(client, "describe", "\x91\xa4gate");
  CHECK(described["described"].as<bool>());
  CHECK(described["methods"].size() >= 6);
  CHECK_THROWS_AS(ask(client, "describe", "\x91\xa4none"), Error);

  const value stats = ask(client, "stats");
  CHECK(stats["now"]["clients"].as<std::uint64_t>() == 1);
  CHECK(stats["calls"]["accepted"].as<std::uint64_t>() >= 5);
  CHECK(stats["limits"]["queue_max"].as<std::uint64_t>() == limits::queue_max);

  const value info = ask(client, "info");
  CHECK(info["frontend"].as<std::vector<std::string>>() == std::vector<std::string>{broker.frontend()});
  CHECK_THROWS_AS(ask(client, "nonsense"), Error);
}

TEST_CASE("a long description of a service is that of the worker that serves it now", "[broker]") {
  running_broker<> broker;
  raw_peer worker(broker.backend());
  raw_peer client(broker.frontend());
  client.hello_as_client();
  const std::string ask_for("\x91\xa5paint");
  const auto join = [&](std::size_t methods) {
    descriptor about;
    about.description = "paints";
    for (std::size_t i = 0; i < methods; ++i) {
      method_descriptor& m = about.methods.emplace_back();
      m.name = "m" + std::to_string(i);
      m.doc = std::string(100, 'd');
    }
    const std::string described = encode_descriptor(about);
    message m = hello();
    m.role = peer_role::worker;
    m.service = "paint";
    m.capacity = 1;
    m.payload = bytes_view(described);
    worker.send(m);
    worker.expect(message_type::welcome);
  };
  for (const std::size_t methods : {500u, 1000u, 1u}) {
    join(methods);
    const value first = ask(client, "describe", ask_for);
    CHECK(first["methods"].size() == methods);
    CHECK(first["description"].as<std::string>() == "paints");
    CHECK(ask(client, "describe", ask_for) == first);
  }
}

namespace {

class extended_broker : public Broker {
 public:
  using Broker::Broker;

 private:
  GATE_INTERFACE(twice)
  GATE_INTERFACE(count)
  int twice(int x) const { return 2 * x; }
  async_generator<int> count(int below) {
    for (int i = 0; i < below; ++i) co_yield i;
  }
};

}  // namespace

TEST_CASE("methods of a broker's own answer under the internal service", "[broker]") {
  running_broker<extended_broker> broker;
  raw_peer client(broker.frontend());
  client.hello_as_client();
  CHECK(ask(client, "twice", "\x91\x15").as<int>() == 42);
  CHECK(ask(client, "ping").is_nil());

  message stream;
  stream.type = message_type::request;
  stream.call = call_id{5};
  stream.flags = message_flag::wants_stream;
  stream.service = "gate";
  stream.method = "count";
  stream.payload = bytes_view("\x91\x03");
  stream.credit_items = 2;
  stream.credit_bytes = 1000;
  client.send(stream);
  CHECK(client.expect(message_type::part)->payload.single() == std::string_view("\0", 1));
  CHECK(client.expect(message_type::part)->payload.single() == "\x01");
  message credit;
  credit.type = message_type::credit;
  credit.call = call_id{5};
  credit.credit_items = 5;
  credit.credit_bytes = 1000;
  client.send(credit);
  CHECK(client.expect(message_type::part)->payload.single() == "\x02");
  client.expect(message_type::final);
}

TEST_CASE("a draining broker lets calls in flight end, says bye and leaves", "[broker]") {
  running_broker<> broker;
  raw_peer worker(broker.backend());
  worker.hello_as_worker("s");
  raw_peer client(broker.frontend());
  client.hello_as_client();
  client.request(1, "s", "m");
  const received_message request = worker.expect(message_type::request);
  broker.drain();
  client.expect(message_type::drain);
  worker.expect(message_type::drain);
  client.request(2, "s", "m");
  CHECK(client.expect(message_type::error)->status == errc::unavailable);
  worker.final(request->call, "\x01");
  CHECK(client.expect(message_type::final)->call == call_id{1});
  CHECK(client.expect(message_type::bye)->status == errc::ok);
  CHECK(worker.expect(message_type::bye)->status == errc::ok);
  broker.wait();
}

TEST_CASE("a draining broker waits for those who are slow to read their answers", "[broker]") {
  running_broker<> broker;
  raw_peer worker(broker.backend());
  worker.hello_as_worker("s", 100);
  raw_peer slow(broker.frontend(), {}, 1);
  slow.hello_as_client();
  constexpr std::uint64_t calls = 40;
  for (std::uint64_t id = 1; id <= calls; ++id) slow.request(id, "s", "m");
  const std::string large(1u << 20, 'x');
  for (std::uint64_t id = 1; id <= calls; ++id) worker.final(worker.expect(message_type::request)->call, large);
  raw_peer other(broker.frontend());
  other.hello_as_client();
  while (ask(other, "stats")["now"]["in_flight"].as<std::uint64_t>() > 1) {  // the question itself counts as one
  }
  broker.drain();
  other.expect(message_type::drain);
  for (std::uint64_t id = 1; id <= calls; ++id) CHECK(slow.expect(message_type::final)->call == call_id{id});
  slow.expect(message_type::drain);
  CHECK(slow.expect(message_type::bye)->status == errc::ok);
  broker.wait();
}

TEST_CASE("a drain that takes too long ends what is left", "[broker]") {
  broker_options options = on_wildcard_ports();
  options.drain_timeout = 20ms;
  running_broker<> broker(options);
  raw_peer worker(broker.backend());
  worker.hello_as_worker("s");
  raw_peer client(broker.frontend());
  client.hello_as_client();
  client.request(1, "s", "m");
  worker.expect(message_type::request);
  broker.drain();
  client.expect(message_type::drain);
  CHECK(client.expect(message_type::error)->status == errc::worker_lost);  // the worker may have executed it
  client.expect(message_type::bye);
  broker.wait();
}

TEST_CASE("an address in use is refused with its name and the reason", "[broker]") {
  running_broker<> first;
  broker_options options = on_wildcard_ports();
  options.backend = {first.backend()};
  loop here;
  Broker second(options);
  CHECK_THROWS_WITH(second.bind(here), "cannot bind backend " + first.backend() +
                                           ": Address already in use: another program has it, perhaps a broker; stop "
                                           "that one, or bind another address");
}
