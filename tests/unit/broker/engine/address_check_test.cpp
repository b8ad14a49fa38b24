#include "broker/engine/address_check.hpp"

#include <string>

#include <catch2/catch.hpp>

#include <gate/bind_error.hpp>

using namespace gate;

namespace {

broker_options options_with(const std::string& frontend, const std::string& backend) {
  broker_options o;
  o.frontend = {frontend};
  o.backend = {backend};
  o.insecure = true;
  return o;
}

}  // namespace

TEST_CASE("two addresses of which one includes the other are refused before a start", "[broker]") {
  for (const char* const other : {"tcp://*:45671", "tcp://0.0.0.0:45671", "tcp://[::]:45671"}) {
    INFO(other);
    CHECK_THROWS_AS(broker::check_addresses(options_with("tcp://127.0.0.1:45671", other)), bind_error);
    CHECK_THROWS_AS(broker::check_addresses(options_with(other, "tcp://127.0.0.1:45671")), bind_error);
  }
  CHECK_NOTHROW(broker::check_addresses(options_with("tcp://127.0.0.1:45671", "tcp://127.0.0.2:45671")));
  CHECK_NOTHROW(broker::check_addresses(options_with("tcp://127.0.0.1:*", "tcp://*:*")));
  CHECK_NOTHROW(broker::check_addresses(options_with("tcp://127.0.0.1:45671", "tcp://*:45672")));
}

TEST_CASE("an audit log that is a folder is refused before a start", "[broker]") {
  broker_options o = options_with("tcp://127.0.0.1:*", "tcp://127.0.0.1:*");
  o.audit_log = "/tmp";
  CHECK_THROWS_AS(broker::check_addresses(o), bind_error);
}
