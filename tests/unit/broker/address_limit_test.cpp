// How many connections one address may have. Loopback connections of this machine do not count, so the tests connect
// through another address of it.
#include <memory>
#include <string>

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gate/value.hpp>

#include "common/transport/peer_address.hpp"
#include "tests/unit/broker/running_broker.hpp"

using namespace gate;
using namespace gate::test;

namespace {

// An address of this machine that is not loopback; empty when it has none.
std::string other_address() {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return {};
  std::string found;
  for (const ifaddrs* each = all; each != nullptr && found.empty(); each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET || (each->ifa_flags & IFF_LOOPBACK) != 0)
      continue;
    char text[INET_ADDRSTRLEN] = {};
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(each->ifa_addr)->sin_addr, text, sizeof text);
    found = text;
  }
  ::freeifaddrs(all);
  return found;
}

}  // namespace

TEST_CASE("connections beyond peers_per_address_max are cut and counted, and make room when they end", "[broker]") {
  const std::string address = other_address();
  if (address.empty()) {
    WARN("this machine has no address but loopback");
    return;
  }
  broker_options options = on_wildcard_ports();
  options.frontend = {"tcp://" + address + ":*", "tcp://127.0.0.1:*"};
  options.insecure = true;
  options.peers_per_address_max = 2;
  running_broker<> b(options);
  auto first = std::make_unique<raw_peer>(b.frontend());
  first->hello_as_client();
  raw_peer second(b.frontend());
  second.hello_as_client();
  raw_peer third(b.frontend());
  std::uint64_t refused = 0;
  for (int attempt = 0; attempt < 10'000 && refused == 0; ++attempt) {
    second.request(1, "gate", "stats");
    const received_message final = second.expect(message_type::final);
    refused = (*value::decode(final->payload.single()))["transport"]["address_refused"].as<std::uint64_t>();
  }
  CHECK(refused == 1);
  first.reset();
  bool admitted = false;
  for (int attempt = 0; attempt < 1000 && !admitted; ++attempt) {  // until the broker has noticed the end
    raw_peer again(b.frontend(), {}, 1000, {}, [](zmq::socket_t& s) { s.set(zmq::sockopt::rcvtimeo, 50); });
    try {
      again.hello_as_client();
      admitted = true;
    } catch (const silence&) {
    }
  }
  CHECK(admitted);
}

TEST_CASE("the address of a connection is that of its other end", "[broker]") {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&at), size) == 0);
  REQUIRE(::listen(listener, 1) == 0);
  REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size) == 0);
  const int connecting = ::socket(AF_INET, SOCK_STREAM, 0);
  REQUIRE(::connect(connecting, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
  const int accepted = ::accept(listener, nullptr, nullptr);
  CHECK(broker::peer_address(accepted) == "127.0.0.1");
  CHECK(broker::peer_address(listener).empty());
  CHECK(broker::peer_address(-1).empty());
  for (const int each : {listener, connecting, accepted}) ::close(each);
}
