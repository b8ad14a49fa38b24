#include <cmath>
#include <cstdint>
#include <deque>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/value.hpp>

using namespace gate;
using namespace std::chrono_literals;

namespace {

struct point {
  int x = 0, y = 0;
  MSGPACK_DEFINE(x, y)
  bool operator==(const point&) const = default;
};

struct named {
  std::string name;
  std::optional<double> weight;
  std::vector<point> path;
  MSGPACK_DEFINE_MAP(name, weight, path)
  bool operator==(const named&) const = default;
};

struct fixed {
  int numbers[3] = {};
  char text[4] = {};
  unsigned char raw[2] = {};
  MSGPACK_DEFINE(numbers, text, raw)
};

enum class color : std::uint8_t { red, green };
enum plain { first, second = 300 };

template <class T> void comes_back(const T& v) {
  INFO(type_name<T>());
  CHECK(decode_as<T>(encode(v)) == v);
}

template <class To, class From> std::string refusal(const From& from) {
  try {
    (void)decode_as<To>(encode(from));
  } catch (const Error& e) {
    CHECK(e.code() == errc::invalid_argument);
    return e.what();
  }
  return "accepted";
}

std::string raw_bytes(std::initializer_list<int> list) {
  std::string s;
  for (int byte : list) s.push_back(static_cast<char>(static_cast<unsigned char>(byte)));
  return s;
}

bytes some_bytes(std::size_t n) { return bytes(n, std::byte{0xc1}); }

}  // namespace

TEST_CASE("numbers, text and bytes come back", "[wire][value]") {
  comes_back(true);
  comes_back(std::int8_t{-128});
  comes_back(std::uint8_t{255});
  comes_back(std::numeric_limits<std::int64_t>::min());
  comes_back(std::numeric_limits<std::uint64_t>::max());
  comes_back(1.5f);
  comes_back(-1e300);
  comes_back(std::string());
  comes_back(std::string("gr\xc3\xbc\xc3\x9f\0e", 9));
  comes_back(bytes());
  for (const std::size_t n : {1u, 255u, 256u, 65'536u}) comes_back(some_bytes(n));
  comes_back(std::vector<unsigned char>{0, 255});
  comes_back(std::array<std::byte, 3>{std::byte{1}, std::byte{2}});
}

TEST_CASE("a floating number stays one when it is whole", "[wire][value]") {
  CHECK(encode(2.0) == raw_bytes({0xcb, 0x40, 0, 0, 0, 0, 0, 0, 0}));
  CHECK(encode(-2.0f) == raw_bytes({0xca, 0xc0, 0, 0, 0}));
  CHECK(encode(value::of(2.0)) == encode(2.0));
  CHECK(encode(value::of(2.0f)) == encode(2.0f));
  CHECK(std::isnan(decode_as<double>(encode(std::nan("")))));
  CHECK(decode_as<double>(encode(3)) == 3.0);
}

TEST_CASE("containers of containers come back", "[wire][value]") {
  comes_back(std::vector<std::string>{"a", ""});
  comes_back(std::vector<bool>{true, false});
  comes_back(std::list<int>{1, 2});
  comes_back(std::deque<int>{1, 2});
  comes_back(std::set<std::string>{"b", "a"});
  comes_back(std::map<std::string, std::vector<std::map<int, std::string>>>{{"k", {{{1, "x"}}, {}}}});
  comes_back(std::unordered_map<std::string, int>{{"a", 1}, {"b", 2}});
  comes_back(std::array<std::string, 2>{"x", "y"});
  comes_back(std::pair<int, std::string>{1, "x"});
  comes_back(std::tuple<int, std::tuple<>, std::string>{1, {}, "x"});
  comes_back(std::vector<int>(1000, 7));
}

TEST_CASE("structs come back by position and by name", "[wire][value]") {
  comes_back(point{1, -2});
  comes_back(named{"n", 2.5, {{1, 2}, {3, 4}}});
  comes_back(named{});
  CHECK(encode(point{1, 2}) == raw_bytes({0x92, 1, 2}));
}

TEST_CASE("the absence of an optional is nil, also inside", "[wire][value]") {
  comes_back(std::optional<int>());
  comes_back(std::optional<int>(4));
  comes_back(std::vector<std::optional<std::string>>{{}, "x"});
  comes_back(std::optional<point>(point{1, 2}));
  CHECK(encode(std::optional<int>()) == encode_nil());
  CHECK(*decode_as<std::unique_ptr<int>>(encode(3)) == 3);
  CHECK(decode_as<std::unique_ptr<int>>(encode_nil()) == nullptr);
  comes_back(std::monostate{});
  CHECK_NOTHROW(decode_as<void>(encode_nil()));
  CHECK(refusal<std::monostate>(1) == "expected nil, got int 1");
}

TEST_CASE("an enumeration travels as its number", "[wire][value]") {
  comes_back(color::green);
  comes_back(second);
  comes_back(std::map<color, plain>{{color::red, first}});
  CHECK(encode(color::green) == raw_bytes({1}));
  CHECK(refusal<color>(300) == "expected color, got int 300");
}

TEST_CASE("a variant takes the first alternative that fits exactly", "[wire][value]") {
  using v = std::variant<double, std::int8_t, std::string, bytes, std::vector<int>, std::map<std::string, int>, point>;
  comes_back(v(2.0));
  comes_back(v(std::int8_t{2}));
  comes_back(v(std::string("2")));
  comes_back(v(some_bytes(2)));
  comes_back(v(std::vector<int>{1, 2}));
  comes_back(v(std::map<std::string, int>{{"a", 1}}));
  CHECK(encode(v(2.0)) == encode(2.0));
  // No integer alternative can hold 300, but a double can.
  CHECK(decode_as<v>(encode(300)).index() == 0);
  // A struct that is sent as a list looks like any list: the first alternative that fits is taken.
  CHECK(std::holds_alternative<std::vector<int>>(decode_as<v>(encode(point{1, 2}))));
}

TEST_CASE("a variant tells its alternatives by what is inside them", "[wire][value]") {
  using v = std::variant<std::vector<std::string>, std::vector<int>, std::tuple<int, std::string>, std::optional<bool>>;
  comes_back(v(std::vector<int>{1}));
  comes_back(v(std::vector<std::string>{"1"}));
  comes_back(v(std::tuple<int, std::string>{1, "x"}));
  comes_back(v(std::optional<bool>()));
  comes_back(v(std::optional<bool>(true)));
  comes_back(std::variant<std::monostate, int>());
  comes_back(std::variant<std::variant<int, bool>, std::string>("x"));
  CHECK(refusal<std::variant<int, bool>>("text") == "expected variant<int32,bool>, got string");
}

TEST_CASE("a point in time keeps its nanoseconds in the shortest form", "[wire][value]") {
  using clock = std::chrono::system_clock;
  const auto at = [](std::int64_t s, std::int64_t ns) {
    return clock::time_point(std::chrono::seconds(s) + std::chrono::nanoseconds(ns));
  };
  comes_back(at(0, 0));
  comes_back(at(1'700'000'000, 123'456'789));
  comes_back(at(1'700'000'000, 0));
  comes_back(at(-1, 1));
  comes_back(at(-1'000'000'000, 999'999'999));
  comes_back(std::chrono::time_point<clock, std::chrono::seconds>(std::chrono::seconds(20'000'000'000)));
  CHECK(encode(at(1, 0)) == raw_bytes({0xd6, 0xff, 0, 0, 0, 1}));
  CHECK(encode(at(1, 1)) == raw_bytes({0xd7, 0xff, 0, 0, 0, 4, 0, 0, 0, 1}));
  CHECK(encode(at(-1, 0)) == raw_bytes({0xc7, 12, 0xff, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255}));
}

TEST_CASE("a timestamp that no clock holds is refused", "[wire][value]") {
  using time = std::chrono::system_clock::time_point;
  const std::string too_far = raw_bytes({0xc7, 12, 0xff, 0, 0, 0, 0, 0x7f, 255, 255, 255, 255, 255, 255, 255});
  const std::string too_early = raw_bytes({0xc7, 12, 0xff, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0});
  const std::string bad_nanoseconds = raw_bytes({0xd7, 0xff, 255, 255, 255, 255, 0, 0, 0, 1});
  const std::string bad_size = raw_bytes({0xd5, 0xff, 0, 0});
  const std::string other_extension = raw_bytes({0xd6, 0x05, 0, 0, 0, 1});
  for (const auto& encoded : {too_far, too_early, bad_nanoseconds, bad_size, other_extension}) {
    CHECK_THROWS_AS(decode_as<time>(encoded), Error);
  }
  CHECK_THROWS_WITH(decode_as<time>(encode(1)), "expected timestamp, got int 1");
}

TEST_CASE("two ends that count time in different units agree", "[wire][value]") {
  comes_back(1500ms);
  comes_back(-3ns);
  comes_back(2h);
  CHECK(decode_as<std::chrono::milliseconds>(encode(2s)) == 2000ms);
  CHECK(decode_as<std::chrono::duration<double>>(encode(1500ms)).count() == Approx(1.5));
  CHECK(decode_as<std::chrono::nanoseconds>(encode(std::chrono::duration<double>(0.25))) == 250ms);
  CHECK_THROWS_AS(encode(std::chrono::hours(10'000'000)), std::range_error);
  using tiny = std::chrono::duration<std::int8_t, std::milli>;
  CHECK_THROWS_AS(decode_as<tiny>(encode(1s)), Error);
  CHECK(decode_as<tiny>(encode(100ms)).count() == 100);
}

TEST_CASE("text is not bytes, nor bytes text", "[wire][value]") {
  CHECK(refusal<std::string>(some_bytes(3)) == "expected string, got bytes");
  CHECK(refusal<bytes>(std::string("abc")) == "expected bytes, got string");
  CHECK(refusal<std::vector<unsigned char>>(std::string("abc")) == "expected bytes, got string");
}

TEST_CASE("a fixed number of elements is exact", "[wire][value]") {
  CHECK(refusal<std::array<int, 3>>(std::vector<int>{1, 2}) == "expected list<int32>, got list<int>");
  CHECK(refusal<std::array<int, 1>>(std::vector<int>{1, 2}) != "accepted");
  CHECK(refusal<std::array<std::byte, 4>>(some_bytes(3)) != "accepted");
  CHECK(refusal<std::array<char, 64>>(some_bytes(3)) != "accepted");
  CHECK(refusal<std::tuple<int, int>>(std::vector<int>{1}) == "expected tuple<int32,int32>, got list<int>");
  CHECK(refusal<std::tuple<int>>(std::vector<int>{1, 2}) != "accepted");
  CHECK(refusal<std::pair<int, int>>(std::vector<int>{1}) != "accepted");
}

TEST_CASE("a struct's arrays take exactly what fits them", "[wire][value]") {
  fixed f;
  f.numbers[2] = 9;
  f.text[0] = 'x';
  f.raw[1] = 3;
  const auto back = decode_as<fixed>(encode(std::tuple(std::vector<int>{0, 0, 9}, std::string("xyz"), some_bytes(2))));
  CHECK(back.numbers[2] == 9);
  CHECK(std::string(back.text) == "xyz");
  CHECK(back.raw[0] == 0xc1);
  using list = std::vector<int>;
  CHECK(refusal<fixed>(std::tuple(list{}, std::string("x"), some_bytes(2))) != "accepted");
  CHECK(refusal<fixed>(std::tuple(list{1, 2, 3}, std::string("four"), some_bytes(2))) != "accepted");
  CHECK(refusal<fixed>(std::tuple(list{1, 2, 3}, std::string("x"), some_bytes(1))) != "accepted");
}

TEST_CASE("a refusal names what was expected and what came", "[wire][value]") {
  CHECK(refusal<std::vector<int>>("text") == "expected list<int32>, got string");
  CHECK(refusal<std::vector<int>>(std::vector<std::string>{"a"}) == "value[0]: must be int32, got string");
  CHECK(refusal<std::string>(std::tuple(1, "x")) == "expected string, got list<any>");
  CHECK(refusal<int>(std::map<std::string, double>{{"a", 1.5}}) == "expected int32, got map<string,float>");
  CHECK(refusal<std::int8_t>(300) == "expected int8, got int 300");
  CHECK(refusal<unsigned>(-1) == "expected uint32, got int -1");
  CHECK(refusal<int>(1.0) == "expected int32, got float");
  CHECK(refusal<bool>(1) == "expected bool, got int 1");
  CHECK(refusal<point>("x") == "expected point, got string");
}
