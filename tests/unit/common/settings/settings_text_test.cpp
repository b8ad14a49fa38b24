#include "common/settings/settings_text.hpp"

#include <array>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace gate;

namespace {

constexpr std::array<std::string_view, 2> colours{"red", "blue"};
const key_info calls{"calls_max", unit::count, 1, 9, "Calls at once. One more | waits (docs/scheduling.md)", {}};
const key_info bytes{"bytes_max", unit::size, 1, 4096, "Bytes", {}};
const key_info wait{"wait", unit::time, 10, 60'000, "Time", {}};
const key_info strict{"strict", unit::flag, 0, 0, "Strict", {}};
const key_info colour{"colour", unit::text, 1, 0, "Colour", reloadable(one_of(colours))};
const key_info list{"list", unit::texts, 0, 0, "List", with_variable("GATE_OTHER")};
const key_info unset{"unset", unit::count, 0, 5, "Unset", {.when_unset = "that of the broker"}};

const std::vector<shown_key> keys{{&calls, std::uint64_t{3}},    {&bytes, std::uint64_t{2048}},
                                  {&wait, std::uint64_t{1500}},  {&strict, true},
                                  {&colour, std::string("red")}, {&list, std::vector<std::string>{"a", "b\"c"}},
                                  {&unset, std::nullopt}};

}  // namespace

TEST_CASE("a value is written for people and for a file", "[settings]") {
  std::vector<std::string> plain, toml;
  for (const shown_key& k : keys) {
    if (!k.value) continue;
    plain.push_back(plain_text(*k.key, *k.value));
    toml.push_back(toml_text(*k.key, *k.value));
  }
  CHECK(plain == std::vector<std::string>{"3", "2KiB", "1500ms", "true", "red", "a, b\"c"});
  CHECK(toml == std::vector<std::string>{"3", "\"2KiB\"", "\"1500ms\"", "true", "\"red\"", R"(["a", "b\"c"])"});
}

TEST_CASE("a key has a flag and a variable of its name", "[settings]") {
  CHECK(flag_of(calls) == "--calls-max");
  CHECK(variable_of(calls) == "GATE_CALLS_MAX");
  CHECK(variable_of(list) == "GATE_OTHER");
}

TEST_CASE("the help has each flag with its doc, its default and what is allowed, in 80 columns", "[settings]") {
  constexpr std::array own{program_flag{"--config", "FILE",
                                        "A text that is long enough to be wrapped, since it has "
                                        "more than eighty characters in all"}};
  const std::string help = help_text({.program = "prog",
                                      .about = "does this",
                                      .arguments = "",
                                      .own = own,
                                      .keys_heading = "Settings.",
                                      .keys = keys,
                                      .footer = "\nExamples:\n  PROGRAM --config PROGRAM.toml\n"});
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 80);
  for (const char* const part :
       {"prog: does this\n", "Usage: prog [FLAG...]\n", "  --config FILE\n      A text", "\nSettings.\n",
        "  --calls-max N\n      Calls at once. One more | waits (docs/scheduling.md).\n      Default 3; 1 to 9.\n",
        "  --bytes-max SIZE\n      Bytes.\n      Default 2KiB; 1B to 4KiB.\n",
        "  --wait TIME\n      Time.\n      Default 1500ms; 10ms to 1min.\n",
        "  --strict[=true|false]\n      Strict.\n      Default true.\n",
        "  --colour TEXT\n      Colour.\n      Default red; one of red, blue. SIGHUP reads it again from the file.\n",
        "  --list TEXT\n      List.\n      Default a, b\"c. May be repeated. Variable: GATE_OTHER.\n",
        "Default that of the broker; 0 to 5.", "  prog --config prog.toml\n"}) {
    CHECK_THAT(help, Catch::Contains(part));
  }
}

TEST_CASE("the values in force are written with their docs and where they came from", "[settings]") {
  found_settings found(keys.size());
  found[1] = {std::uint64_t{2048}, setting_source::variable, "GATE_BYTES_MAX"};
  const std::string text = config_text(keys, found);
  CHECK_THAT(text, Catch::StartsWith("# Calls at once. One more | waits (docs/scheduling.md)\ncalls_max = 3\n# Bytes\n"
                                     "bytes_max = \"2KiB\"  # from GATE_BYTES_MAX\n"));
  CHECK_THAT(text, !Catch::Contains("unset"));
}

TEST_CASE("the example has each key as a comment", "[settings]") {
  const std::string text = example_text("[part]", "About.", keys);
  CHECK_THAT(text, Catch::StartsWith("# About.\n#[part]\n\n# Calls at once."));
  for (const char* const part :
       {"\n# Allowed: 1 to 9.\n#calls_max = 3\n", "\n# Strict.\n#strict = true\n",
        "\n# SIGHUP reads it again.\n#colour = \"red\"\n", "\n# If it is not set: that of the broker.\n#unset = "}) {
    CHECK_THAT(text, Catch::Contains(part));
  }
}

TEST_CASE("a table for a document links to other documents and stands between its marks", "[settings]") {
  const std::string table = markdown_table(keys);
  CHECK_THAT(table, Catch::Contains("| `calls_max` | count | `3` | 1 to 9 | Calls at once. One more \\| waits "
                                    "([scheduling](scheduling.md)) |\n"));
  CHECK_THAT(table, Catch::Contains("| `colour` | text | `\"red\"` | one of red, blue | Colour. SIGHUP reads it again "
                                    "from the file |\n"));
  CHECK_THAT(table, Catch::Contains("| `unset` | count | that of the broker | 0 to 5 | Unset |\n"));
  const std::string document = "a\n<!-- keys: x -->\nold\n<!-- end of keys -->\nb\n";
  CHECK(with_table(document, "x", "new\n") == "a\n<!-- keys: x -->\n\nnew\n\n<!-- end of keys -->\nb\n");
  CHECK_THROWS_WITH(with_table(document, "y", "new\n"), Catch::Contains("<!-- keys: y -->"));
}
