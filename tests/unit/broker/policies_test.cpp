// Policies of services, from the options of a broker to its peers.
#include <string>

#include <catch2/catch.hpp>

#include <gate/bind_error.hpp>

#include "tests/unit/broker/running_broker.hpp"

using namespace gate;
using namespace gate::test;

TEST_CASE("a broker does not start with a balancer that does not exist, and names those that do", "[broker]") {
  const auto fault = [](const broker_options& options) -> std::string {
    gate::loop loop;
    Broker broker(options);
    try {
      broker.bind(loop);
    } catch (const bind_error& e) {
      return e.what();
    }
    return "bound";
  };
  broker_options options = on_wildcard_ports();
  options.services["prod/shop"].balancer = "lru";
  CHECK(fault(options) == "bound");
  options.services["prod/shop"].balancer = "fastest";
  CHECK(fault(options) ==
        "no balancer is called 'fastest' (of service 'prod/shop'); choose one of: least_outstanding, lru");
  options = on_wildcard_ports();
  options.service_defaults.balancer = "";
  CHECK(fault(options) == "no balancer is called '' (of service_defaults); choose one of: least_outstanding, lru");
}

TEST_CASE("a running broker holds a service to its policy", "[broker]") {
  broker_options options = on_wildcard_ports();
  options.services["echo"].balancer = "lru";
  options.services["echo"].methods["m"].requests_per_second_max = 1;
  running_broker<> broker(options);
  raw_peer worker(broker.backend());
  worker.hello_as_worker("echo");
  raw_peer client(broker.frontend());
  client.hello_as_client();
  client.request(1, "echo", "m");
  CHECK(worker.expect(message_type::request)->method == "m");
  client.request(2, "echo", "m");
  const received_message busy = client.expect(message_type::error);
  CHECK(busy->status == errc::busy);
  CHECK(std::string(busy->text).find("takes 1 requests a second") != std::string::npos);
}
