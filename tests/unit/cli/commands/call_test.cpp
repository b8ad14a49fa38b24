#include "cli/commands/call.hpp"

#include <catch2/catch.hpp>

#include "cli/context/operator_commands.hpp"
#include "cli/context/outcome.hpp"

using gate::cli::parse_target;
using gate::cli::usage_error;

TEST_CASE("a target is a service and a method, which has no point in its name", "[cli]") {
  CHECK(parse_target("calculator.add", "GateRPC").service == "calculator");
  CHECK(parse_target("calculator.add", "GateRPC").method == "add");
  CHECK(parse_target("org.math.calculator.add", "GateRPC").service == "org.math.calculator");
  CHECK_THROWS_AS(parse_target("calculator.", "GateRPC"), usage_error);
  CHECK_THROWS_AS(parse_target(".add", "GateRPC"), usage_error);
  CHECK_THROWS_AS(parse_target("", "GateRPC"), usage_error);
}

TEST_CASE("a method without a service is one of the default service", "[cli]") {
  CHECK(parse_target("add", "GateRPC").service == "GateRPC");
  CHECK(parse_target("add", "GateRPC").method == "add");
  CHECK(parse_target("add", "prod.billing").service == "prod.billing");
}

TEST_CASE("a method that streams is called with --stream, and not at all when it takes a stream", "[cli]") {
  gate::method_report unary, stream, both;
  unary.kind = "unary";
  stream.kind = both.kind = "stream";
  both.client_stream = true;
  gate::cli::call_line line;
  CHECK(stream_hint(unary, line).empty());
  CHECK(stream_hint(stream, line) == "add --stream");
  CHECK(stream_hint(both, line) == "gate call cannot send a stream of items: write a client");
  line.save = "file";
  CHECK(stream_hint(stream, line) == "the method answers with a stream: use --stream in place of --save");
  line.save.clear();
  line.stream = true;
  CHECK(stream_hint(stream, line).empty());
  CHECK(stream_hint(both, line) == "gate call cannot send a stream of items: write a client");
}
