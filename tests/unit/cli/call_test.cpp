#include "cli/call.hpp"

#include <string>
#include <tuple>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/value.hpp>

#include "cli/outcome.hpp"
#include "cli/reports.hpp"

using gate::value;
using gate::cli::gather;
using gate::cli::parse_target;
using gate::cli::usage_error;

namespace {

std::string no_input() { return "unexpected"; }

std::string sent(const std::vector<std::string>& arguments) {
  return gate::to_string(gate::decode_as<value>(gather(arguments, no_input).encoded()));
}

}  // namespace

TEST_CASE("a target is a service and a method, which has no point in its name", "[cli]") {
  CHECK(parse_target("calculator.add").service == "calculator");
  CHECK(parse_target("calculator.add").method == "add");
  CHECK(parse_target("org.math.calculator.add").service == "org.math.calculator");
  CHECK_THROWS_AS(parse_target("calculator"), usage_error);
  CHECK_THROWS_AS(parse_target("calculator."), usage_error);
  CHECK_THROWS_AS(parse_target(".add"), usage_error);
  CHECK_THROWS_AS(parse_target(""), usage_error);
}

TEST_CASE("arguments are sent in their order, those with names in a map", "[cli]") {
  CHECK(sent({}) == "[]");
  CHECK(sent({"1", "two", "[3]"}) == R"([1,"two",[3]])");
  CHECK(sent({"1", "b=2", "c=three"}) == R"([[1],{"b":2,"c":"three"}])");
  CHECK(sent({"a="}) == R"([[],{"a":""}])");
  CHECK(sent({"a=b=c"}) == R"([[],{"a":"b=c"}])");
}

TEST_CASE("only an identifier is a name", "[cli]") {
  CHECK(sent({"1=2"}) == R"(["1=2"])");
  CHECK(sent({"=2"}) == R"(["=2"])");
  CHECK(sent({"a b=2"}) == R"(["a b=2"])");
  CHECK(sent({R"("a=b")"}) == R"(["a=b"])");
  CHECK_THROWS_AS(sent({"a=1", "2"}), usage_error);
}

TEST_CASE("a method that streams is called with --stream, and not at all when it takes a stream", "[cli]") {
  gate::cli::method_line unary, stream, both;
  unary.kind = "unary";
  stream.kind = both.kind = "stream";
  both.client_stream = true;
  gate::cli::call_line line;
  CHECK(stream_hint(unary, line).empty());
  CHECK(stream_hint(stream, line) == "add --stream");
  CHECK(stream_hint(both, line) == "gate call cannot send a stream of items: write a client");
  line.save = "file";
  CHECK(stream_hint(stream, line) == "--stream in place of --save");
  line.save.clear();
  line.stream = true;
  CHECK(stream_hint(stream, line).empty());
  CHECK(stream_hint(both, line) == "gate call cannot send a stream of items: write a client");
}

TEST_CASE("a hyphen stands for standard input, once", "[cli]") {
  const auto input = [] { return std::string("{\"a\": 1}\n"); };
  CHECK(gate::to_string(gate::decode_as<value>(gather({"-", "5"}, input).encoded())) == R"([{"a":1},5])");
  CHECK(gate::to_string(gate::decode_as<value>(gather({"x=-"}, input).encoded())) == R"([[],{"x":{"a":1}}])");
  CHECK_THROWS_AS(gather({"-", "-"}, input), usage_error);
}
