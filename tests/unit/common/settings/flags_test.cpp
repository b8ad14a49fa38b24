#include "common/settings/flags.hpp"

#include <array>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace gate;

namespace {

const key_info queue{"queue_max", unit::count, 0, 9, "Calls", {}};
const key_info strict{"strict", unit::flag, 0, 0, "Strict", {}};
const key_info addresses{"frontend", unit::texts, 0, 0, "Addresses", {}};
const std::array<const key_info*, 3> keys{&queue, &strict, &addresses};
constexpr std::array own{program_flag{"--config", "FILE", "File"}, program_flag{"--check-config", "", "Check"},
                         program_flag{"--help", "", "Help"}};

read_flags parse(const std::vector<std::string>& words, bool takes_arguments = true) {
  return parse_flags(words, keys, own, takes_arguments);
}

using pairs = std::vector<std::pair<std::string, std::string>>;

}  // namespace

TEST_CASE("a flag has its value behind it, or behind an equals sign", "[flags]") {
  CHECK(parse({"--queue-max", "5"}).keys == pairs{{"queue_max", "5"}});
  CHECK(parse({"--queue-max=5"}).keys == pairs{{"queue_max", "5"}});
  CHECK(parse({"--queue-max="}).keys == pairs{{"queue_max", ""}});
  CHECK(parse({"--queue-max", "-1"}).keys == pairs{{"queue_max", "-1"}});
  CHECK(parse({"--frontend", "a", "--frontend=b=c"}).keys == pairs{{"frontend", "a"}, {"frontend", "b=c"}});
}

TEST_CASE("a flag for true or false needs no value", "[flags]") {
  CHECK(parse({"--strict"}).keys == pairs{{"strict", "true"}});
  CHECK(parse({"--strict", "false"}).keys == pairs{{"strict", "false"}});
  CHECK(parse({"--strict", "true"}).keys == pairs{{"strict", "true"}});
  CHECK(parse({"--strict=no"}).keys == pairs{{"strict", "no"}});
  const read_flags beside = parse({"--strict", "file"});
  CHECK(beside.keys == pairs{{"strict", "true"}});
  CHECK(beside.arguments == std::vector<std::string>{"file"});
}

TEST_CASE("flags of the program are apart from those of its keys", "[flags]") {
  const read_flags said = parse({"--config", "a.toml", "x", "--check-config", "-h", "--", "--queue-max", "-"});
  CHECK(said.value_of("--config") == "a.toml");
  CHECK(said.has("--check-config"));
  CHECK(said.has("--help"));
  CHECK_FALSE(said.has("--version"));
  CHECK(said.keys.empty());
  CHECK(said.arguments == std::vector<std::string>{"x", "--queue-max", "-"});
}

TEST_CASE("a command line that is no good is refused in one sentence", "[flags]") {
  CHECK_THROWS_WITH(parse({"--qeue-max", "5"}), "there is no flag '--qeue-max' (did you mean '--queue-max'?)");
  CHECK_THROWS_WITH(parse({"--zzzzzzzzz"}), "there is no flag '--zzzzzzzzz'");
  CHECK_THROWS_WITH(parse({"--chekc-config"}), "there is no flag '--chekc-config' (did you mean '--check-config'?)");
  CHECK_THROWS_WITH(parse({"-x"}), Catch::Contains("there is no flag '-x'"));
  CHECK_THROWS_WITH(parse({"--queue-max"}), "--queue-max needs a value");
  CHECK_THROWS_WITH(parse({"--config", "--check-config"}), "--config needs a value");
  CHECK_THROWS_WITH(parse({"--check-config=1"}), "--check-config takes no value");
  CHECK_THROWS_WITH(parse({"--queue-max", "5", "--queue-max", "6"}), "--queue-max is given twice");
  CHECK_THROWS_WITH(parse({"--config", "a", "--config", "b"}), "--config is given twice");
  CHECK_NOTHROW(parse({"--check-config", "--check-config"}));
  CHECK_THROWS_WITH(parse({"file"}, false), "'file' is one argument too many");
}
