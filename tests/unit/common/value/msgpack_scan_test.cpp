#include "common/value/msgpack_scan.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/limits.hpp>
#include <gate/value.hpp>

using namespace gate;
using namespace gate::wire::msgpack_scan;

TEST_CASE("the end of a value is found, whatever it holds", "[wire]") {
  std::string raw = encode_arguments(1, "two", 3.0, std::vector<int>{4, 5});
  const std::string first = raw;
  raw += "\x07rest";
  bytes_view rest = raw;
  CHECK(take_value(rest) == bytes_view(first));
  CHECK(take_value(rest) == bytes_view("\x07"));
  CHECK(rest == "rest");
  bytes_view truncated = bytes_view(first).substr(0, first.size() - 1);
  const bytes_view before = truncated;
  CHECK_FALSE(take_value(truncated));
  CHECK(truncated == before);
  bytes_view nothing;
  CHECK_FALSE(take_value(nothing));
}

TEST_CASE("headers of lists and maps are taken in each of their lengths", "[wire]") {
  const auto list = [](const std::string& raw) {
    bytes_view view = raw;
    return take_list(view);
  };
  CHECK(list("\x93") == 3u);
  CHECK(list(std::string("\xdc\x01\x02", 3)) == 258u);
  CHECK(list(std::string("\xdd\0\x01\0\0", 5)) == 65536u);
  CHECK_FALSE(list("\xdc\x01"));
  CHECK_FALSE(list("\x83"));
  bytes_view map = "\x81";
  CHECK(take_map(map) == 1u);
  CHECK(map.empty());
}

TEST_CASE("texts and bytes are told apart in each of their lengths", "[wire]") {
  for (const std::size_t size : {0u, 31u, 32u, 255u, 256u, 65'535u, 65'536u}) {
    const std::string content(size, 'x');
    const std::string text = encode(content);
    CHECK(text_of(text) == bytes_view(content));
    CHECK_FALSE(binary_of(text));
    const std::string raw = encode(bytes(std::vector<std::byte>(size)));
    REQUIRE(binary_of(raw));
    CHECK(binary_of(raw)->size() == size);
    CHECK_FALSE(text_of(raw));
  }
}

TEST_CASE("Python's reader is stricter than ours", "[wire]") {
  const auto both = [](const std::string& raw) {
    return std::pair(one_value(raw, reader::ours), one_value(raw, reader::python));
  };
  CHECK(both("\xa2\xc3\xa9") == std::pair(true, true));
  CHECK(both("\xa1\xff") == std::pair(true, false));
  CHECK(both("\x81\x91\x01\x02") == std::pair(true, false));
  CHECK(both("\x81\x01\x91\x02") == std::pair(true, true));
  CHECK(both("\x81\x01\x81\x01\x02") == std::pair(true, true));
  std::string million("\xdd\0\x10\0\x01", 5);
  million.append((1u << 20) + 1, '\x01');
  CHECK(both(million) == std::pair(true, false));
  const std::string deepest = std::string(limits::value_depth_max, '\x91') + '\x01';
  CHECK(both(deepest) == std::pair(true, true));
  CHECK(both('\x91' + deepest) == std::pair(false, false));
  // Each value in a list or a map may be nested this deep.
  CHECK(one_list('\x91' + deepest));
  CHECK_FALSE(one_list("\x91\x91" + deepest));
  CHECK(one_named_map("\x81\xa1k" + deepest));
  CHECK_FALSE(one_named_map("\x81\xa1k\x91" + deepest));
}

TEST_CASE("UTF-8 is what the standard says it is", "[wire]") {
  for (const char* good :
       {"", "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"}) {
    CHECK(valid_utf8(good));
  }
  for (const char* bad : {"\x80", "\xc3", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
                          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xc3\x28", "\xe2\x28\xa1"}) {
    CHECK_FALSE(valid_utf8(bad));
  }
}
