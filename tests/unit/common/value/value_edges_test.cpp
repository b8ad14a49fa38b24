// The ends of each type's range, and conversions that would lose something.
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/error.hpp>
#include <gate/value.hpp>

namespace {

using namespace std::chrono;
using gate::decode_as;
using gate::encode;

template <class T> bool returns(const T& v) { return decode_as<T>(encode(v)) == v; }

template <class T, class From> std::string refusal(const From& from) {
  try {
    decode_as<T>(encode(from));
  } catch (const gate::Error& e) {
    CHECK(e.code() == gate::errc::invalid_argument);
    return e.what();
  }
  return "taken";
}
template <class T> bool takes(const auto& from) { return refusal<T>(from) == "taken"; }

struct tag {
  std::string text;
  std::optional<int> weight;
  MSGPACK_DEFINE_MAP(text, weight)
};
struct item {
  std::vector<std::string> tags;
  std::map<std::string, tag> by_name;
  std::tuple<int, tag> pair;
  MSGPACK_DEFINE_MAP(tags, by_name, pair)
};
struct row {
  int id = 0;
  tag label;
  MSGPACK_DEFINE(id, label)
};

std::string nested_lists(std::size_t depth) { return std::string(depth, '\x91') + '\x01'; }
struct tree {
  std::vector<tree> kids;
  MSGPACK_DEFINE(kids)
};

using any = std::map<std::string, gate::value>;
template <class T> gate::value val(const T& v) { return gate::value::of(v); }

}  // namespace

TEST_CASE("times and durations at the ends of their range return, or are refused by name", "[value]") {
  CHECK(returns(system_clock::time_point::max()));
  CHECK(returns(system_clock::time_point::min()));
  CHECK(returns(sys_time<microseconds>::max()));
  CHECK(returns(sys_seconds::max()));
  CHECK(returns(sys_seconds::min()));
  CHECK(returns(nanoseconds::max()));
  CHECK(returns(nanoseconds::min()));
  CHECK(returns(system_clock::time_point(nanoseconds(-1))));
  CHECK(returns(sys_time<milliseconds>(milliseconds(-1500))));
  CHECK(returns(duration<std::uint8_t>(255)));
  CHECK(returns(duration<std::int64_t, std::pico>(5'000)));
  CHECK_THROWS_AS(encode(hours::max()), std::range_error);
  CHECK_THROWS_AS(encode(milliseconds::min()), std::range_error);
  CHECK_THROWS_AS(encode(sys_time<hours>::max()), std::range_error);
  CHECK_THROWS_AS(encode(duration<std::int64_t, std::pico>(5'001)), std::range_error);
  CHECK_THROWS_AS(encode(duration<std::uint64_t>::max()), std::range_error);
  CHECK_THROWS_AS(encode(duration<double>(std::nan(""))), std::range_error);
  CHECK_THROWS_AS(encode(duration<double>(std::numeric_limits<double>::infinity())), std::range_error);
  CHECK_THROWS_AS(encode(duration<double>(1e12)), std::range_error);
}

TEST_CASE("a time or duration is never cut short", "[value]") {
  CHECK(refusal<seconds>(milliseconds(1500)) ==
        "expected duration, got int 1500000000, which is no whole number of seconds");
  CHECK(decode_as<seconds>(encode(milliseconds(2000))) == seconds(2));
  CHECK(decode_as<milliseconds>(encode(hours(-3))) == hours(-3));
  CHECK_FALSE(takes<hours>(minutes(61)));
  CHECK_FALSE(takes<duration<std::int8_t>>(seconds(128)));
  CHECK_FALSE(takes<duration<unsigned>>(seconds(-1)));
  CHECK_FALSE(takes<sys_seconds>(sys_time<milliseconds>(milliseconds(-1))));
  CHECK_FALSE(takes<system_clock::time_point>(sys_seconds::max()));
  CHECK(decode_as<duration<double>>(encode(duration<double>(0.1))).count() == 0.1);
  CHECK(decode_as<duration<double>>(encode(milliseconds(1500))).count() == 1.5);
  CHECK(decode_as<milliseconds>(encode(duration<double>(0.25))) == milliseconds(250));
}

TEST_CASE("a number is taken exactly or refused", "[value]") {
  CHECK(takes<float>(0.5));
  CHECK(refusal<float>(0.1) == "expected float32, got float, which a float32 does not hold exactly");
  CHECK_FALSE(takes<float>(1e300));
  CHECK_FALSE(takes<float>(std::numeric_limits<double>::denorm_min()));
  CHECK(takes<float>(std::numeric_limits<double>::infinity()));
  CHECK(std::isnan(decode_as<float>(encode(std::nan("")))));
  CHECK(std::signbit(decode_as<float>(encode(-0.0))));
  CHECK(takes<double>(0.1f));
  CHECK(takes<double>(std::int64_t{1} << 53));
  CHECK_FALSE(takes<double>((std::int64_t{1} << 53) + 1));
  CHECK_FALSE(takes<double>(std::numeric_limits<std::uint64_t>::max()));
  CHECK_FALSE(takes<double>(std::numeric_limits<std::int64_t>::max()));
  CHECK(takes<double>(std::numeric_limits<std::int64_t>::min()));
  CHECK(takes<float>(1 << 24));
  CHECK_FALSE(takes<float>((1 << 24) + 1));
  CHECK_FALSE(takes<int>(1.0));
  CHECK_FALSE(takes<std::int32_t>(std::int64_t{1} << 31));
  CHECK_FALSE(takes<std::int8_t>(-129));
  CHECK_FALSE(takes<unsigned>(-1));
  CHECK_FALSE(takes<std::int64_t>(std::numeric_limits<std::uint64_t>::max()));
  CHECK_FALSE(takes<bool>(1));
  CHECK_FALSE(takes<int>(true));
  CHECK_FALSE(takes<char>(300));
  using either = std::variant<float, double>;
  CHECK(std::get<double>(decode_as<either>(encode(0.5))) == 0.5);
  CHECK(std::get<float>(decode_as<either>(encode(0.5f))) == 0.5f);
}

TEST_CASE("an optional that holds nil is not encoded: it would arrive empty", "[value]") {
  using twice = std::optional<std::optional<int>>;
  CHECK(returns(twice()));
  CHECK(returns(twice(1)));
  CHECK_THROWS_AS(encode(twice(std::optional<int>())), std::range_error);
  CHECK_THROWS_AS(encode(std::optional<gate::value>(gate::value())), std::range_error);
  CHECK_THROWS_AS(encode(std::make_shared<std::monostate>()), std::range_error);
}

TEST_CASE("what does not fit inside a value is named by its path", "[value]") {
  const any wrong_tag{{"tags", val(std::tuple("a", "b", 3))}};
  CHECK(refusal<item>(wrong_tag) == "value.tags[2]: must be string, got int");
  const any deep{{"by_name", val(std::map<std::string, any>{{"x", {{"weight", val(std::string("heavy"))}}}})}};
  CHECK(refusal<item>(deep) == "value.by_name['x'].weight: must be optional<int32>, got string");
  const any in_tuple{{"pair", val(std::tuple(1, any{{"text", val(7)}}))}};
  CHECK(refusal<item>(in_tuple) == "value.pair[1].text: must be string, got int");
  CHECK(refusal<row>(std::tuple(1, 2)) == "value[1]: must be tag, got int");
  CHECK(refusal<std::vector<std::int8_t>>(std::vector<int>{1, 300}) == "value[1]: must be int8, got 300");
  CHECK(refusal<std::vector<seconds>>(std::vector<milliseconds>{milliseconds(1)}) ==
        "value[0]: must be duration, got int, which is no whole number of seconds");
  CHECK(refusal<item>(3) == "expected item, got int 3");
}

TEST_CASE("a field that is unknown or missing is an error when structs are read strictly", "[value]") {
  const any misspelt{{"txet", val(std::string("a"))}, {"weight", val(1)}};
  CHECK(takes<tag>(misspelt));
  const any whole{{"text", val(std::string("a"))}};
  const gate::detail::strict_reading strict(true);
  CHECK(refusal<tag>(misspelt) == "value.text: is missing");
  const any one_more{{"text", val(std::string("a"))}, {"colour", val(1)}};
  CHECK(refusal<tag>(one_more) == "value.colour: there is no such field, only text, weight");
  CHECK(takes<tag>(whole));
  CHECK(refusal<std::vector<tag>>(std::vector<any>{whole, one_more}) ==
        "value[1].colour: there is no such field, only text, weight");
  CHECK_FALSE(takes<row>(std::tuple(1, whole, 3)));
  CHECK_FALSE(takes<row>(std::tuple(1)));
  CHECK(takes<row>(std::tuple(1, whole)));
}

TEST_CASE("a value nested 128 deep goes through every reader", "[value]") {
  const std::string deepest = nested_lists(gate::limits::value_depth_max);
  const auto read = gate::value::decode(deepest);
  REQUIRE(read.has_value());
  CHECK(gate::encode(*read) == deepest);
  CHECK_FALSE(to_string(*read, 1000).empty());
  CHECK(*read == *read);
  CHECK_THROWS_AS(decode_as<gate::value>(nested_lists(gate::limits::value_depth_max + 1)), gate::Error);
  // A list in a list: a tree with MSGPACK_DEFINE uses two levels for each generation.
  std::string trees(gate::limits::value_depth_max - 1, '\x91');
  trees += '\x90';
  CHECK_NOTHROW(decode_as<tree>(trees));
  CHECK_THROWS_AS(decode_as<tree>("\x91" + trees), gate::Error);
}
