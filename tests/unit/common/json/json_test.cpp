#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/json.hpp>
#include <gate/limits.hpp>
#include <gate/value.hpp>

#include "common/json/src/base64.hpp"

using gate::from_json;
using gate::json_error;
using gate::json_layout;
using gate::to_json;
using gate::value;
using gate::value_kind;

namespace {

std::string round_trip(const std::string& text) { return to_json(from_json(text)); }

template <class T> std::string shown(const T& v) { return to_json(value::of(v)); }

}  // namespace

TEST_CASE("JSON that travels as msgpack comes back as it was", "[json]") {
  const std::string text =
      GENERATE(as<std::string>(), "null", "true", "false", "0", "-1", "127", "128", "-32769", "4294967296",
               "9223372036854775807", "-9223372036854775808", "18446744073709551615", "1.0", "-0.5", "1e+300", R"("")",
               R"("text")", R"("\u0000\n\"\\")", "\"\u00e4\u20ac\"", "[]", "{}", R"([1,[2,[3,[]]],{"a":{"b":[null]}}])",
               R"({"z":1,"a":2})");
  CHECK(round_trip(text) == text);
}

TEST_CASE("what JSON has no word for comes back as it was", "[json]") {
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

TEST_CASE("numbers keep their type", "[json]") {
  CHECK(from_json("5").kind() == value_kind::integer);
  CHECK(from_json("5.0").kind() == value_kind::floating);
  CHECK(from_json("-5").as<std::int8_t>() == -5);
  CHECK(from_json("18446744073709551615").as<std::uint64_t>() == std::numeric_limits<std::uint64_t>::max());
  CHECK(from_json("18446744073709551616").kind() == value_kind::floating);
}

TEST_CASE("values of C++ are shown as JSON", "[json]") {
  CHECK(shown(gate::bytes{std::byte{0}, std::byte{255}}) == R"({"$bytes":"AP8="})");
  CHECK(shown(std::map<int, std::string>{{1, "one"}, {-2, "two"}}) == R"({"-2":"two","1":"one"})");
  CHECK(shown(std::numeric_limits<double>::infinity()) == R"({"$float":"inf"})");
  CHECK(shown(std::chrono::system_clock::time_point{}) == R"({"$timestamp":"1970-01-01T00:00:00Z"})");
  CHECK(shown(std::vector<std::vector<bool>>{{true}, {}}) == "[[true],[]]");
}

TEST_CASE("text that is not UTF-8 is shown all the same", "[json]") {
  CHECK(shown(std::string("a\xff"
                          "b")) ==
        "\"a\xef\xbf\xbd"
        "b\"");
}

TEST_CASE("what cannot travel is refused with a reason", "[json]") {
  CHECK_THROWS_AS(from_json("1e999"), json_error);
  CHECK_THROWS_AS(from_json(R"({"$bytes": "a"})"), json_error);
  CHECK_THROWS_AS(from_json(R"({"$bytes": 5})"), json_error);
  CHECK_THROWS_AS(from_json(R"({"$frob": 5})"), json_error);
  CHECK_THROWS_AS(from_json(R"({"$float": 1})"), json_error);
  CHECK_THROWS_AS(from_json(R"({"$extension": [300, "AQI="]})"), json_error);
  const std::string when = GENERATE(as<std::string>(), "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z",
                                    "2026-01-01T24:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z", "tomorrow");
  CHECK_THROWS_AS(from_json(R"({"$timestamp":")" + when + "\"}"), json_error);
}

TEST_CASE("a text that is not JSON is refused with the place of the mistake", "[json]") {
  const auto mistake_in = [](const std::string& text) {
    try {
      from_json(text);
    } catch (const json_error& e) {
      return e.byte();
    }
    return std::size_t{9999};
  };
  CHECK(mistake_in("[1, 2") == 6);
  CHECK(mistake_in("five") == 1 + 1);
  CHECK(mistake_in("") == 1);
  CHECK(mistake_in("1e999") == 0);
  CHECK(mistake_in(R"({"$bytes": 5})") == 0);
  CHECK(mistake_in("[1]") == 9999);
}

TEST_CASE("a key that comes twice, and keys that are not text, are shown", "[json]") {
  // {"a": 1, "a": 2, [1]: nil}
  const auto map =
      value::decode(std::string_view("\x83\xa1"
                                     "a\x01\xa1"
                                     "a\x02\x91\x01\xc0"));
  REQUIRE(map);
  CHECK(to_json(*map) == R"({"a":1,"a":2,"[1]":null})");
}

TEST_CASE("JSON may be nested as deeply as a receiver takes, and no deeper", "[json]") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK_NOTHROW(from_json(nested(gate::limits::value_depth_max)));
  CHECK_THROWS_AS(from_json(nested(gate::limits::value_depth_max + 1)), json_error);
  CHECK_THROWS_AS(from_json(nested(1'000'000)), json_error);
}

TEST_CASE("only what does not fit a line is indented", "[json]") {
  CHECK(to_json(from_json("[1,2]"), json_layout::readable) == "[1,2]");
  const value wide = value::of(std::vector<int>(100, 7));
  CHECK(to_json(wide).find('\n') == std::string::npos);
  CHECK(to_json(wide, json_layout::readable).starts_with("[\n  7,\n"));
}

TEST_CASE("base64 that is not well formed is refused", "[json]") {
  using gate::from_base64;
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
