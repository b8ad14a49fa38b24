#include <map>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/value.hpp>

using namespace gate;

namespace {

// Not default-constructible: decoded by its own `as`.
struct celsius {
  explicit celsius(double d) : degrees(d) {}
  double degrees;
};

decode_error error_of(bytes_view encoded) {
  const auto decoded = value::decode(encoded);
  return decoded ? decode_error::none : decoded.error();
}

std::string nested_lists(std::size_t depth) { return std::string(depth, '\x91') + '\xc0'; }

}  // namespace

namespace msgpack {
MSGPACK_API_VERSION_NAMESPACE(MSGPACK_DEFAULT_API_NS) {
  namespace adaptor {
  template <> struct as<celsius> {
    celsius operator()(const msgpack::object& o) const { return celsius(o.as<double>()); }
  };
  }  // namespace adaptor
}
}  // namespace msgpack

TEST_CASE("arguments come back in their order and types", "[wire][value]") {
  const auto back = decode_arguments<int, std::string, bytes>(encode_arguments(7, "text", bytes(3)));
  CHECK(back == std::tuple<int, std::string, bytes>(7, "text", bytes(3)));
  CHECK(decode_arguments<>(encode_arguments()) == std::tuple<>());
  const auto warm = decode_arguments<celsius, int>(encode_arguments(36.6, 1));
  CHECK(std::get<0>(warm).degrees == 36.6);
}

TEST_CASE("arguments that do not fit are refused by number and type", "[wire][value]") {
  using two = std::tuple<int, int>;
  const auto decode_two = [](const std::string& encoded) -> two { return decode_arguments<int, int>(encoded); };
  CHECK_THROWS_WITH(decode_two(encode_arguments(1)), "expected 2 arguments, got 1");
  CHECK_THROWS_WITH(decode_two(encode_arguments(1, 2, 3)), "expected 2 arguments, got 3");
  CHECK_THROWS_WITH(decode_two(encode_arguments(1, "x")), "argument 2: expected int32, got string");
  CHECK_THROWS_WITH(decode_two(encode(5)), "the arguments are not a list");
  CHECK_THROWS_WITH(decode_two("\x92\x01"), "not a value: truncated");
}

TEST_CASE("lists and maps are composed piece by piece", "[wire][value]") {
  std::string encoded;
  append_list_header(encoded, 2);
  encode_to(encoded, std::vector<int>{1, 2});
  append_map_header(encoded, 1);
  encode_to(encoded, std::string_view("base"));
  encode_to(encoded, 10);
  const auto back = decode_as<std::tuple<std::vector<int>, std::map<std::string, int>>>(encoded);
  CHECK(std::get<0>(back) == std::vector<int>{1, 2});
  CHECK(std::get<1>(back).at("base") == 10);
}

TEST_CASE("a dynamic value is walked by position and by key", "[wire][value]") {
  const value v = value::of(std::map<std::string, std::vector<int>>{{"a", {1, 2}}, {"b", {}}});
  CHECK(v.kind() == value_kind::map);
  CHECK(v.size() == 2);
  CHECK(v["a"][1].as<int>() == 2);
  CHECK(v["b"].size() == 0);
  CHECK(v.find("a").has_value());
  CHECK_FALSE(v.find("c").has_value());
  CHECK_FALSE(v["a"].find("c").has_value());
  CHECK_THROWS_WITH(v["c"], "no key \"c\"");
  CHECK_THROWS_WITH(v["a"][2], "no element 2 in a list of 2");
  CHECK_THROWS_WITH(v[0], "expected list, got map<string,list>");
  CHECK_THROWS_WITH(v["a"]["b"], "expected map, got list<int>");
}

TEST_CASE("an element outlives the value that it was taken from", "[wire][value]") {
  value inner;
  CHECK(inner.is_nil());
  {
    const value outer = value::of(std::vector<std::string>{"one", "a text that is too long for any small buffer"});
    inner = outer[1];
  }
  CHECK(inner.as<std::string>() == "a text that is too long for any small buffer");
}

TEST_CASE("a value passes through typed code as it is", "[wire][value]") {
  const std::string encoded = encode_arguments(1, "x", std::vector<int>(100, 5));
  const auto back = decode_as<std::vector<value>>(encoded);
  REQUIRE(back.size() == 3);
  CHECK(back[1] == value::of("x"));
  CHECK_FALSE(back[1] == back[0]);
  CHECK(encode(back) == encoded);
}

TEST_CASE("values have a kind", "[wire][value]") {
  CHECK(value().kind() == value_kind::nil);
  CHECK(value::of(true).kind() == value_kind::boolean);
  CHECK(value::of(-1).kind() == value_kind::integer);
  CHECK(value::of(1.5).kind() == value_kind::floating);
  CHECK(value::of("x").kind() == value_kind::string);
  CHECK(value::of(bytes(1)).kind() == value_kind::binary);
  CHECK(value::of(std::vector<int>()).kind() == value_kind::list);
  CHECK(value::of(std::map<int, int>()).kind() == value_kind::map);
  CHECK(value::of(std::chrono::system_clock::time_point()).kind() == value_kind::timestamp);
  CHECK(value::decode(bytes_view("\xd4\x05x")).value().kind() == value_kind::extension);
}

TEST_CASE("bytes that are not one value are refused, and why", "[wire][value]") {
  CHECK(error_of("") == decode_error::truncated);
  CHECK(error_of("\x92\x01") == decode_error::truncated);
  CHECK(error_of("\xa5"
                 "abc") == decode_error::truncated);
  CHECK(error_of("\xc1") == decode_error::malformed);
  CHECK(error_of("\x91\xc1") == decode_error::malformed);
  CHECK(error_of("\x01\x02") == decode_error::trailing_bytes);
  CHECK(to_string(decode_error::too_deep) == "nested too deep");
}

TEST_CASE("a value may nest to the limit and no deeper", "[wire][value]") {
  CHECK(error_of(nested_lists(limits::value_depth_max)) == decode_error::none);
  CHECK(error_of(nested_lists(limits::value_depth_max + 1)) == decode_error::too_deep);
  CHECK(error_of(nested_lists(1'000'000)) == decode_error::too_deep);
  std::string maps;
  for (std::size_t i = 0; i <= limits::value_depth_max; ++i) maps += "\x81\x01";
  CHECK(error_of(maps + '\xc0') == decode_error::too_deep);
}

TEST_CASE("a value costs no more than its bytes, whatever it claims", "[wire][value]") {
  CHECK(error_of("\xdd\xff\xff\xff\xff") == decode_error::too_many);
  CHECK(error_of("\xdf\xff\xff\xff\xff") == decode_error::too_many);
  CHECK(error_of("\xc6\xff\xff\xff\xff") == decode_error::truncated);
  CHECK(error_of("\xdb\xff\xff\xff\xff") == decode_error::truncated);
  // Each list alone could be as long as it says; together they have too few bytes.
  std::string cascade;
  for (int i = 0; i < 60; ++i) cascade += std::string("\xdd\x00\x00\x40\x00", 5);
  cascade.resize(0x4000 + 400, '\xc0');
  CHECK(error_of(cascade) == decode_error::too_many);
}

TEST_CASE("every truncation of a value is refused", "[wire][value]") {
  const std::string encoded = encode(std::map<std::string, std::vector<std::variant<double, std::string, bytes>>>{
      {"k", {1.5, "text", bytes(300)}}, {"l", {std::string(70'000, 'x')}}});
  for (std::size_t n = 0; n < encoded.size(); n += n < 400 ? 1 : 997) {
    const std::string exact = encoded.substr(0, n);
    CHECK_FALSE(value::decode(exact).has_value());
  }
  CHECK(value::decode(encoded).has_value());
}

TEST_CASE("bytes at random are decoded or refused, and what decodes encodes to what decodes the same",
          "[wire][value]") {
  const std::string seed = encode(std::map<std::string, std::variant<int, double, bytes, std::vector<std::string>>>{
      {"a", 1}, {"b", 2.5}, {"c", bytes(5)}, {"d", std::vector<std::string>{"x", "yy"}}});
  std::mt19937 random(77);
  std::size_t decoded = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string encoded = seed;
    for (std::size_t n = 1 + random() % 4; n > 0; --n) {
      encoded[random() % encoded.size()] = static_cast<char>(static_cast<unsigned char>(random() & 0xff));
    }
    const auto v = value::decode(encoded);
    if (!v) continue;
    ++decoded;
    const auto again = value::decode(encode(*v));
    REQUIRE(again.has_value());
    REQUIRE(encode(*again) == encode(*v));
    (void)to_string(*v);
  }
  CHECK(decoded > 1000);
}

TEST_CASE("a value prints compactly and within a bound", "[wire][value]") {
  const value v = value::of(std::map<std::string, std::variant<int, double, std::string, bytes, std::vector<bool>>>{
      {"a", -1}, {"b", 2.5}, {"c", "q\"\n"}, {"d", bytes(3)}, {"e", std::vector<bool>{true}}});
  CHECK(to_string(v) == R"({"a":-1,"b":2.5,"c":"q\"\u000a","d":bytes(3),"e":[true]})");
  CHECK(to_string(value()) == "null");
  CHECK(to_string(value::of(std::chrono::system_clock::time_point(std::chrono::milliseconds(1500)))) ==
        "1+500000000ns");
  CHECK(to_string(v, 10) == R"({"a":-1,"b...)");
  CHECK(to_string(value::of(std::vector<int>(100'000, 1))).size() < 270);
}

TEST_CASE("text and bytes can be borrowed from what they were decoded from", "[wire][value]") {
  const std::string encoded = encode(std::vector<std::string>{"one", "two"});
  const borrowed_value v(encoded);
  const auto texts = v.as<std::vector<std::string_view>>();
  CHECK(texts[1] == "two");
  CHECK(texts[1].data() > encoded.data());
  CHECK(texts[1].data() < encoded.data() + encoded.size());
}

TEST_CASE("what cannot be taken back by a receiver is not made a value", "[wire][value]") {
  value v;
  for (std::size_t i = 0; i < limits::value_depth_max; ++i) v = value::of(std::vector<value>{v});
  CHECK_THROWS_WITH(value::of(std::vector<value>{v}), "not a value: nested too deep");
}
