#include "cli/context/json.hpp"

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/limits.hpp>
#include <gate/value.hpp>

#include "cli/context/base64.hpp"

using gate::value;
using gate::value_kind;
using gate::cli::json;
using gate::cli::json_error;
using gate::cli::read_argument;
using gate::cli::to_json;
using gate::cli::to_text;
using gate::cli::to_value;

namespace {

std::string round_trip(const std::string& text) { return to_text(to_json(to_value(json::parse(text))), false); }

template <class T> std::string shown(const T& v) { return to_text(to_json(value::of(v)), false); }

}  // namespace

TEST_CASE("JSON that travels as msgpack comes back as it was", "[cli]") {
  const std::string text =
      GENERATE(as<std::string>(), "null", "true", "false", "0", "-1", "127", "128", "-32769", "4294967296",
               "9223372036854775807", "-9223372036854775808", "18446744073709551615", "1.0", "-0.5", "1e+300", R"("")",
               R"("text")", R"("\u0000\n\"\\")", "\"\u00e4\u20ac\"", "[]", "{}", R"([1,[2,[3,[]]],{"a":{"b":[null]}}])",
               R"({"z":1,"a":2})");
  CHECK(round_trip(text) == text);
}

TEST_CASE("what JSON has no word for comes back as it was", "[cli]") {
  const std::string text =
      GENERATE(as<std::string>(), R"({"$bytes":""})", R"({"$bytes":"aGVsbG8="})", R"({"$bytes":"//79AA=="})",
               R"({"$timestamp":"2026-11-20T11:28:12Z"})", R"({"$timestamp":"1969-12-31T23:59:59.5Z"})",
               R"({"$timestamp":"2262-01-01T00:00:00Z"})", R"({"$timestamp":"2026-02-28T00:00:00.000000001Z"})",
               R"({"$float":"nan"})", R"({"$float":"inf"})", R"({"$float":"-inf"})", R"({"$extension":[5,"AQI="]})",
               R"([{"$bytes":"AA=="},{"k":{"$float":"nan"}}])");
  if (text.find("2262") == std::string::npos) {
    CHECK(round_trip(text) == text);
  } else {
    CHECK_THROWS_AS(round_trip(text), json_error);
  }
}

TEST_CASE("numbers keep their type", "[cli]") {
  CHECK(to_value(json::parse("5")).kind() == value_kind::integer);
  CHECK(to_value(json::parse("5.0")).kind() == value_kind::floating);
  CHECK(to_value(json::parse("-5")).as<std::int8_t>() == -5);
  CHECK(to_value(json::parse("18446744073709551615")).as<std::uint64_t>() == std::numeric_limits<std::uint64_t>::max());
  CHECK(to_value(json::parse("18446744073709551616")).kind() == value_kind::floating);
}

TEST_CASE("values of C++ are shown as JSON", "[cli]") {
  CHECK(shown(gate::bytes{std::byte{0}, std::byte{255}}) == R"({"$bytes":"AP8="})");
  CHECK(shown(std::map<int, std::string>{{1, "one"}, {-2, "two"}}) == R"({"-2":"two","1":"one"})");
  CHECK(shown(std::numeric_limits<double>::infinity()) == R"({"$float":"inf"})");
  CHECK(shown(std::chrono::system_clock::time_point{}) == R"({"$timestamp":"1970-01-01T00:00:00Z"})");
  CHECK(shown(std::vector<std::vector<bool>>{{true}, {}}) == "[[true],[]]");
}

TEST_CASE("text that is not UTF-8 is shown all the same", "[cli]") {
  CHECK(shown(std::string("a\xff"
                          "b")) ==
        "\"a\xef\xbf\xbd"
        "b\"");
}

TEST_CASE("an argument is JSON if it reads as JSON, else text", "[cli]") {
  CHECK(read_argument("5").as<int>() == 5);
  CHECK(read_argument("-5").as<int>() == -5);
  CHECK(read_argument("\"5\"").as<std::string>() == "5");
  CHECK(read_argument("five").as<std::string>() == "five");
  CHECK(read_argument("[1, 2]").as<std::vector<int>>() == std::vector{1, 2});
  CHECK_THROWS_AS(read_argument("[1, 2"), json_error);
  CHECK(read_argument("true").kind() == value_kind::boolean);
  CHECK(read_argument("null").is_nil());
  CHECK(read_argument("").as<std::string>().empty());
  CHECK_THROWS_AS(read_argument("{a: 1}"), json_error);
}

TEST_CASE("what cannot travel is refused with a reason", "[cli]") {
  CHECK_THROWS_AS(read_argument("1e999"), json_error);
  CHECK_THROWS_AS(read_argument(R"({"$bytes": "a"})"), json_error);
  CHECK_THROWS_AS(read_argument(R"({"$bytes": 5})"), json_error);
  CHECK_THROWS_AS(read_argument(R"({"$frob": 5})"), json_error);
  CHECK_THROWS_AS(read_argument(R"({"$float": 1})"), json_error);
  CHECK_THROWS_AS(read_argument(R"({"$extension": [300, "AQI="]})"), json_error);
  const std::string when = GENERATE(as<std::string>(), "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z",
                                    "2026-01-01T24:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z", "tomorrow");
  json timestamp = json::object();
  timestamp["$timestamp"] = when;
  CHECK_THROWS_AS(to_value(timestamp), json_error);
}

TEST_CASE("JSON may be nested as deeply as a receiver takes, and no deeper", "[cli]") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK_NOTHROW(read_argument(nested(gate::limits::value_depth_max)));
  CHECK_THROWS_AS(read_argument(nested(gate::limits::value_depth_max + 1)), json_error);
  CHECK_THROWS_AS(read_argument(nested(1'000'000)), json_error);
}

TEST_CASE("only what does not fit a line is indented", "[cli]") {
  CHECK(to_text(json::parse("[1,2]"), true) == "[1,2]");
  const json wide = std::vector<int>(100, 7);
  CHECK(to_text(wide, false).find('\n') == std::string::npos);
  CHECK(to_text(wide, true).find('\n') != std::string::npos);
}

TEST_CASE("base64 that is not well formed is refused", "[cli]") {
  using gate::cli::from_base64;
  CHECK(from_base64("") == std::string());
  CHECK(from_base64("Zg==") == std::string("f"));
  CHECK(from_base64("Zm8=") == std::string("fo"));
  CHECK(from_base64("Zm9v") == std::string("foo"));
  CHECK_FALSE(from_base64("Zg="));
  CHECK_FALSE(from_base64("Zg"));
  CHECK_FALSE(from_base64("Z==="));
  CHECK_FALSE(from_base64("Zh=="));  // bits that belong to no byte
  CHECK_FALSE(from_base64("Zm9v\n"));
  CHECK_FALSE(from_base64("Z=9v"));
  CHECK_FALSE(from_base64("===="));
}
