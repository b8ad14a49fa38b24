#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/limits.hpp>
#include <gate/protocol.hpp>

#include "tests/support/wire_samples.hpp"

using namespace gate;

TEST_CASE("metadata gives its entries in order, byte for byte", "[wire][metadata]") {
  const std::string encoded = samples::metadata();
  const metadata_view view(encoded);
  std::vector<std::pair<std::string, std::string>> entries;
  for (const auto& entry : view) entries.emplace_back(entry.key, entry.value);
  const std::vector<std::pair<std::string, std::string>> expected{
      {"tenant", "blue"}, {"", ""}, {"bytes", std::string("\0\xff\n", 3)}};
  CHECK(entries == expected);
  CHECK(view.well_formed());
  CHECK(view.find("tenant") == "blue");
  CHECK(view.find("bytes") == std::string_view("\0\xff\n", 3));
  CHECK_FALSE(view.find("absent").has_value());
}

TEST_CASE("no metadata is well-formed and has no entries", "[wire][metadata]") {
  const metadata_view none;
  CHECK(none.empty());
  CHECK(none.well_formed());
  CHECK(none.begin() == none.end());
}

TEST_CASE("of a metadata key given twice the first is found", "[wire][metadata]") {
  std::string encoded;
  append_metadata(encoded, "k", "1");
  append_metadata(encoded, "k", "2");
  CHECK(metadata_view(encoded).find("k") == "1");
}

TEST_CASE("metadata cut anywhere but between two entries is malformed, and its whole entries are still read",
          "[wire][metadata]") {
  std::string encoded;
  append_metadata(encoded, "a", "1");
  const std::size_t first = encoded.size();
  append_metadata(encoded, "bc", "23");
  for (std::size_t n = 1; n < encoded.size(); ++n) {
    const std::string part = encoded.substr(0, n);
    const metadata_view view(part);
    CHECK(view.well_formed() == (n == first));
    std::size_t entries = 0;
    for ([[maybe_unused]] const auto& entry : view) ++entries;
    CHECK(entries == (n >= first ? 1u : 0u));
  }
}

TEST_CASE("metadata that does not fit is refused and leaves what was there", "[wire][metadata]") {
  std::string encoded;
  REQUIRE(append_metadata(encoded, "a", "1"));
  const std::string before = encoded;
  CHECK_FALSE(append_metadata(encoded, std::string(256, 'k'), ""));
  CHECK_FALSE(append_metadata(encoded, "k", std::string(65'536, 'v')));
  CHECK_FALSE(append_metadata(encoded, "k", std::string(limits::metadata_bytes_max, 'v')));
  CHECK(encoded == before);
  CHECK(append_metadata(encoded, std::string(255, 'k'), std::string(300, 'v')));
  CHECK(metadata_view(encoded).find(std::string(255, 'k')) == std::string(300, 'v'));
}

TEST_CASE("metadata may fill its limit to the last byte", "[wire][metadata]") {
  std::string encoded;
  CHECK(append_metadata(encoded, "k", std::string(limits::metadata_bytes_max - 4, 'v')));
  CHECK(encoded.size() == limits::metadata_bytes_max);
  CHECK(metadata_view(encoded).well_formed());
}

TEST_CASE("the size of a payload is that of all its frames", "[wire]") {
  const std::vector<bytes_view> rest{"cd", "e"};
  const payload_view several("ab", rest);
  CHECK(several.frames() == 3);
  CHECK(several.size_bytes() == 5);
  CHECK(several[0] == "ab");
  CHECK(several[2] == "e");
  CHECK(payload_view().frames() == 0);
}

TEST_CASE("a list of names gives them in order, and refuses one too many", "[wire]") {
  std::string encoded;
  CHECK_FALSE(append_name(encoded, ""));
  CHECK_FALSE(append_name(encoded, std::string(limits::name_bytes_max + 1, 'n')));
  CHECK(name_list_view(encoded).count() == 0);
  const std::string longest(limits::name_bytes_max, 'n');
  REQUIRE(append_name(encoded, "a"));
  REQUIRE(append_name(encoded, longest));
  name_list_view rest(encoded);
  CHECK(rest.count() == 2);
  std::string_view name;
  REQUIRE(rest.take(name));
  CHECK(name == "a");
  REQUIRE(rest.take(name));
  CHECK(name == longest);
  CHECK_FALSE(rest.take(name));
  for (std::size_t n = 2; n < limits::services_per_hello_max - 1; ++n) REQUIRE(append_name(encoded, "b"));
  const std::string full = encoded;
  CHECK_FALSE(append_name(encoded, "c"));
  CHECK(encoded == full);
}

TEST_CASE("a list that does not end with a name has no count", "[wire]") {
  CHECK_FALSE(name_list_view(std::string_view("\1a\0", 3)).count());
  CHECK_FALSE(name_list_view("\1a\2b").count());
  CHECK_FALSE(name_list_view("\377").count());
}

TEST_CASE("every type of message has a name of its own", "[wire]") {
  std::vector<std::string_view> names;
  for (std::uint8_t n = 1; n <= message_type_max; ++n) names.push_back(to_string(static_cast<message_type>(n)));
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
  CHECK(to_string(message_type::returned) == "returned");
  CHECK(to_string(static_cast<message_type>(77)) == "unknown");
}
