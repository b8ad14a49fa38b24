#include "broker/internal_service/stats.hpp"

#include <fstream>
#include <set>
#include <string>

#include <catch2/catch.hpp>

using namespace gate::broker;

TEST_CASE("the page about operation lists exactly the counters that there are", "[broker]") {
  std::ifstream file(GATE_TEST_DOCS "/operations.md");
  REQUIRE(file);
  std::set<std::string> listed, wanted;
  std::string section;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("### `")) section = line.substr(5, line.find('`', 5) - 5);
    if (line.starts_with("#") && !line.starts_with("### `")) section.clear();
    if (line.starts_with("| `") && !section.empty()) CHECK(listed.insert(section + ": " + line).second);
  }
  for (const stats_section& s : describe_stats()) {
    for (const stats_row& row : s.rows) {
      wanted.insert(std::string(s.name) + ": | `" + std::string(row.name) + "` | " + std::string(row.help) + " |");
    }
  }
  CHECK(listed == wanted);
}
