// The bytes that wait for all peers together are limited: the peer with the most is cut first.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/value.hpp>

#include "tests/unit/broker/running_broker.hpp"

using namespace gate;
using namespace gate::test;
using namespace std::chrono_literals;

namespace {

value stats(raw_peer& client) {
  static std::uint64_t last = 1'000'000;
  client.request(++last, "gate", "stats");
  auto v = value::decode(std::string(client.expect(message_type::final)->payload.single()));
  REQUIRE(v);
  return *v;
}

// Reads nothing, except what the system takes off the connection.
struct deaf_peer : raw_peer {
  explicit deaf_peer(const std::string& endpoint)
      : raw_peer(endpoint, {}, 1, {}, [](zmq::socket_t& s) { s.set(zmq::sockopt::rcvbuf, 64 << 10); }) {
    hello_as_client();
  }
};

}  // namespace

TEST_CASE("when too much waits for all peers, the one for which most does is cut, and no other", "[broker]") {
  broker_options options = on_wildcard_ports();
  options.out_queue_total_bytes_max = 8u << 20;
  options.out_queue_age_max = 300s;
  options.heartbeat_interval = 300s;                                                  // the worker here sends none
  options.transport_heartbeat_interval = options.transport_heartbeat_timeout = 300s;  // nor do deaf peers answer pings
  running_broker<> broker(options);
  raw_peer worker(broker.backend()), operators(broker.frontend());
  worker.hello_as_worker("s", 60'000);
  operators.hello_as_client();
  deaf_peer modest(broker.frontend()), greedy(broker.frontend());
  constexpr std::uint64_t few = 40, many = 2000;
  const std::string result(100'000, 'r');
  const auto answer = [&](raw_peer& asks, std::uint64_t calls, const auto& enough) {
    for (std::uint64_t id = 1; id <= calls; ++id) asks.request(id, "s", "m");
    std::vector<call_id> open;
    for (std::uint64_t id = 1; id <= calls; ++id) open.push_back(worker.expect(message_type::request)->call);
    for (std::size_t i = 0; i < open.size() && !(i % 10 == 0 && enough()); ++i) worker.final(open[i], result);
  };
  const auto cut = [&] { return stats(operators)["transport"]["owed_too_much"].as<std::uint64_t>(); };
  answer(modest, few, [] { return false; });
  CHECK(cut() == 0);
  answer(greedy, many, [&] { return cut() > 0; });
  const auto connections = [&] { return stats(operators)["now"]["connections"].as<std::uint64_t>(); };
  for (int attempts = 0; attempts < 10'000 && connections() != 3; ++attempts) {
  }
  CHECK(connections() == 3);
  CHECK(cut() == 1);
  CHECK(stats(operators)["now"]["owed_bytes"].as<std::uint64_t>() <= options.out_queue_total_bytes_max);
  for (std::uint64_t i = 0; i < few; ++i)
    REQUIRE(modest.expect(message_type::final)->payload.size_bytes() == result.size());
}
