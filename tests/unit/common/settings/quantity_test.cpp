#include "common/settings/quantity.hpp"

#include <limits>

#include <catch2/catch.hpp>

using gate::format_quantity;
using gate::parse_quantity;
using gate::quantity;

TEST_CASE("a duration is a number and a unit, in milliseconds", "[quantity]") {
  CHECK(parse_quantity("250ms", quantity::time) == 250u);
  CHECK(parse_quantity("1.5s", quantity::time) == 1500u);
  CHECK(parse_quantity("2 min", quantity::time) == 120'000u);
  CHECK(parse_quantity("1h", quantity::time) == 3'600'000u);
  for (const char* const none : {"", "5", "s", "-1s", "1d", "5 parsecs", "nanms", "1s "}) {
    CAPTURE(none);
    CHECK_FALSE(parse_quantity(none, quantity::time));
  }
}

TEST_CASE("a size is a number and a unit, in bytes", "[quantity]") {
  CHECK(parse_quantity("64MiB", quantity::size) == 64u << 20);
  CHECK(parse_quantity("0.5KiB", quantity::size) == 512u);
  CHECK(parse_quantity("2GB", quantity::size) == 2'000'000'000u);
  CHECK(parse_quantity("8589934592GiB", quantity::size) == std::uint64_t{1} << 63);
  CHECK(parse_quantity("8EiB", quantity::size) == std::uint64_t{1} << 63);
  CHECK(parse_quantity("2TB", quantity::size) == 2'000'000'000'000);
  CHECK(parse_quantity("7B", quantity::size) == 7u);
  CHECK_FALSE(parse_quantity("5s", quantity::size));
}

TEST_CASE("a quantity is shown in the largest unit that leaves a whole number", "[quantity]") {
  CHECK(format_quantity(0, quantity::time) == "0ms");
  CHECK(format_quantity(1500, quantity::time) == "1500ms");
  CHECK(format_quantity(7'200'000, quantity::time) == "2h");
  CHECK(format_quantity(64u << 20, quantity::size) == "64MiB");
  CHECK(format_quantity(1'000'000, quantity::size) == "1000000B");
  CHECK(format_quantity(0, quantity::size) == "0B");
}

TEST_CASE("a number without a unit is read in the unit that is named for it", "[quantity]") {
  CHECK(parse_quantity("3", quantity::time, "s") == 3000u);
  CHECK(parse_quantity("1.5", quantity::time, "s") == 1500u);
  CHECK(parse_quantity("3", quantity::size, "B") == 3u);
  CHECK_FALSE(parse_quantity("", quantity::time, "s"));
  CHECK_FALSE(parse_quantity("3 ", quantity::time, "s"));
}

TEST_CASE("a quantity that does not fit into 64 bits is the largest one that does", "[quantity]") {
  for (const char* const large : {"17179869184GiB", "1e300B", "infB", "inf B"}) {
    CHECK(parse_quantity(large, quantity::size) == std::numeric_limits<std::uint64_t>::max());
  }
  CHECK(parse_quantity("17179869183GiB", quantity::size) == std::uint64_t{17'179'869'183} << 30);
}

TEST_CASE("more than nothing is never rounded to nothing", "[quantity]") {
  CHECK(parse_quantity("0.1ms", quantity::time) == 1u);
  CHECK(parse_quantity("0.4B", quantity::size) == 1u);
  CHECK(parse_quantity("0ms", quantity::time) == 0u);
  CHECK(parse_quantity("1.001s", quantity::time) == 1001u);
  CHECK(parse_quantity("2m", quantity::time) == 120'000u);
}
