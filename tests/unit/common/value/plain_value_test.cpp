#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/detail/plain_value.hpp>
#include <gate/value.hpp>

namespace gate::detail {
namespace {

template <class T> std::string packed(const T& v) {
  std::string out;
  string_sink sink(out);
  packer(sink).pack(v);
  return out;
}

template <class T> std::string plain(const T& v) {
  std::string out;
  append_plain(out, v);
  return out;
}

template <class T> void same_both_ways(const T& v) {
  const std::string encoded = plain(v);
  CHECK(encoded == packed(v));
  T back{};
  REQUIRE(read_plain(encoded, back));
  CHECK(back == v);
}

template <class T> void edges() {
  using limits = std::numeric_limits<T>;
  constexpr std::int64_t around[] = {0, 31, 32, 127, 255, 32767, 65535, 2147483647, 4294967295};
  for (const std::int64_t edge : around) {
    for (const std::int64_t near : {edge - 1, edge, edge + 1, -edge, -edge - 1, -edge - 2}) {
      if (std::in_range<T>(near)) same_both_ways(static_cast<T>(near));
    }
  }
  same_both_ways(limits::max());
  same_both_ways(limits::min());
}

// What the common way makes of the bytes: the value, or nothing.
template <class T> std::optional<T> commonly(std::string_view encoded) {
  try {
    return borrowed_value(encoded).as<T>();
  } catch (const Error&) {
    return std::nullopt;
  }
}

// What the short way reads, the common way reads too, as the same value.
template <class T> void agrees_on(std::string_view encoded) {
  T v{};
  if (!read_plain(encoded, v)) return;
  const std::optional<T> expected = commonly<T>(encoded);
  REQUIRE(expected.has_value());
  CHECK(packed(*expected) == packed(v));  // NaN included
}

}  // namespace

TEST_CASE("plain values are encoded as the packer does, and read back") {
  edges<signed char>();
  edges<short>();
  edges<int>();
  edges<long>();
  edges<long long>();
  edges<unsigned char>();
  edges<unsigned short>();
  edges<unsigned>();
  edges<unsigned long>();
  edges<unsigned long long>();
  for (const bool v : {false, true}) same_both_ways(v);
  for (const double v : {0.0, -0.0, 1.5, -1e300, std::numeric_limits<double>::infinity()}) same_both_ways(v);
  for (const std::size_t size : {0u, 1u, 31u, 32u, 255u, 256u, 65535u, 65536u}) {
    same_both_ways(std::string(size, 'x'));
    same_both_ways(std::vector<std::byte>(size, std::byte{7}));
  }
}

TEST_CASE("a number that does not fit its type, and a value of another kind, are left to the common way") {
  signed char small = 0;
  CHECK_FALSE(read_plain(plain(128), small));
  CHECK_FALSE(read_plain(plain(-129), small));
  unsigned natural = 0;
  CHECK_FALSE(read_plain(plain(-1), natural));
  std::string text;
  CHECK_FALSE(read_plain(plain(1), text));
  CHECK_FALSE(read_plain(std::string_view(), text));
  CHECK_FALSE(read_plain(plain(std::string("abc")) + "d", text));
  bool flag = false;
  CHECK_FALSE(read_plain("\xc0", flag));
}

TEST_CASE("plain reading agrees with the common way on any bytes") {
  std::mt19937 random(20261201);
  std::uniform_int_distribution<int> any(0, 255), length(0, 12);
  for (int tag = 0; tag < 256; ++tag) {
    for (int round = 0; round < 60; ++round) {
      std::string encoded(1, static_cast<char>(tag));
      for (int n = length(random); n > 0; --n) encoded.push_back(static_cast<char>(any(random)));
      // Lengths that fit now and then.
      if (round % 2 == 0 && encoded.size() > 2) encoded[1] = static_cast<char>(encoded.size() - 2);
      agrees_on<int>(encoded);
      agrees_on<long long>(encoded);
      agrees_on<unsigned char>(encoded);
      agrees_on<unsigned long long>(encoded);
      agrees_on<bool>(encoded);
      agrees_on<double>(encoded);
      agrees_on<std::string>(encoded);
      agrees_on<std::vector<std::byte>>(encoded);
    }
  }
}

}  // namespace gate::detail
