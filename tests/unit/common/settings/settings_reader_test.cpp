#include "common/settings/settings_reader.hpp"

#include <cstdlib>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace gate;
using namespace std::chrono_literals;

namespace {

struct options {
  std::size_t calls_max = 10;
  std::uint32_t small = 3;
  std::size_t bytes_max = 1024;
  std::chrono::milliseconds wait = 5s, pause = 1s;
  bool strict = false;
  std::string name = "x", colour = "red", address;
  std::vector<std::string> list{"a"};
  std::optional<std::size_t> unset;
};

template <auto Member> constexpr field<options> at = field_of<options, Member>();
constexpr std::array<std::string_view, 2> colours{"red", "blue"};
std::string fault_of_address(std::string_view text) {
  return text.starts_with("tcp:") ? "" : "'" + std::string(text) + "' is no address";
}

const key<options> keys[] = {
    {"calls_max", at<&options::calls_max>, unit::count, 1, 100, "Calls"},
    {"small", at<&options::small>, unit::count, 0, 9, "Small"},
    {"bytes_max", at<&options::bytes_max>, unit::size, 1, 1u << 20, "Bytes"},
    {"wait", at<&options::wait>, unit::time, 10, 60'000, "Wait", {.reloadable = true}},
    {"pause", at<&options::pause>, unit::time, 0, 60'000, "Pause"},
    {"strict", at<&options::strict>, unit::flag, 0, 0, "Strict"},
    {"name", at<&options::name>, unit::text, 1, 4, "Name"},
    {"colour", at<&options::colour>, unit::text, 1, 0, "Colour", one_of(colours)},
    {"address", at<&options::address>, unit::text, 0, 0, "Address", checked_by(fault_of_address)},
    {"list", at<&options::list>, unit::texts, 1, 0, "List", checked_by([](std::string_view text) {
       return text.empty() ? std::string("an empty text is no address") : std::string();
     })},
    {"unset", at<&options::unset>, unit::count, 0, 100, "Unset", with_variable("GATE_OTHER_NAME")},
};
constexpr std::array rules{ordered_keys{"wait", "pause", "must not be shorter than", ": there is a reason"}};
const key_table<options> table{keys, rules};

using pairs = std::vector<std::pair<std::string, std::string>>;
using variables = std::map<std::string, std::string, std::less<>>;

found_settings read_into(options& to, std::string_view file, const variables& v = {}, const pairs& flags = {}) {
  given_settings given;
  given.variables = v;
  given.flags = flags;
  if (!file.empty()) given.read_text(file, "x.toml");
  return read_settings(table, {.file = given.file, .table = &given.content, .title = {}, .others = {}}, given, to);
}

options read(std::string_view file, const variables& v = {}, const pairs& flags = {}) {
  options o;
  read_into(o, file, v, flags);
  return o;
}

std::string error_of(std::string_view file, const variables& v = {}, const pairs& flags = {}) {
  try {
    read(file, v, flags);
  } catch (const settings_error& e) {
    return e.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("each kind of key is read from a file, a variable and a flag", "[settings]") {
  const options from_file = read(
      "calls_max = 2\nsmall = 4\nbytes_max = '2KiB'\nwait = '2s'\npause = 30\nstrict = true\nname = 'abc'\n"
      "colour = 'blue'\naddress = 'tcp:1'\nlist = ['b', 'c']\nunset = 5");
  const options from_variables = read("", {{"GATE_CALLS_MAX", "2"},
                                           {"GATE_SMALL", "4"},
                                           {"GATE_BYTES_MAX", "2KiB"},
                                           {"GATE_WAIT", "2s"},
                                           {"GATE_PAUSE", "30"},
                                           {"GATE_STRICT", "true"},
                                           {"GATE_NAME", "abc"},
                                           {"GATE_COLOUR", "blue"},
                                           {"GATE_ADDRESS", "tcp:1"},
                                           {"GATE_LIST", "b,c"},
                                           {"GATE_OTHER_NAME", "5"}});
  const options from_flags = read("", {},
                                  {{"calls_max", "2"},
                                   {"small", "4"},
                                   {"bytes_max", "2KiB"},
                                   {"wait", "2s"},
                                   {"pause", "30"},
                                   {"strict", "true"},
                                   {"name", "abc"},
                                   {"colour", "blue"},
                                   {"address", "tcp:1"},
                                   {"list", "b"},
                                   {"list", "c"},
                                   {"unset", "5"}});
  for (const options& o : {from_file, from_variables, from_flags}) {
    CHECK(o.calls_max == 2);
    CHECK(o.small == 4);
    CHECK(o.bytes_max == 2048);
    CHECK(o.wait == 2s);
    CHECK(o.pause == 30ms);
    CHECK(o.strict);
    CHECK(o.name == "abc");
    CHECK(o.colour == "blue");
    CHECK(o.address == "tcp:1");
    CHECK(o.list == std::vector<std::string>{"b", "c"});
    CHECK(o.unset == 5u);
  }
  CHECK_FALSE(read("").unset.has_value());
}

TEST_CASE("a flag goes before a variable, a variable before the file, the file before the default", "[settings]") {
  options o;
  const found_settings found =
      read_into(o, "calls_max = 2\nsmall = 2\n\nname = 'b'",
                {{"GATE_CALLS_MAX", "3"}, {"GATE_SMALL", "3"}, {"GATE_COLOUR", ""}}, {{"calls_max", "4"}});
  CHECK(o.calls_max == 4);
  CHECK(o.small == 3);
  CHECK(o.name == "b");
  CHECK(o.colour == "red");  // an empty variable counts as not set
  CHECK(found.at(0)->place == "--calls-max");
  CHECK(found.at(1)->place == "GATE_SMALL");
  CHECK(found.at(6)->place == "x.toml:4");
  CHECK_FALSE(found.at(7).has_value());
}

TEST_CASE("an error names the flag, the variable, or the file and the line", "[settings]") {
  CHECK(error_of("\ncalls_max = 0") == "x.toml:2: 'calls_max' must be from 1 to 100");
  CHECK(error_of("", {{"GATE_CALLS_MAX", "101"}}) == "GATE_CALLS_MAX must be from 1 to 100");
  CHECK(error_of("", {}, {{"calls_max", "many"}}) == "--calls-max must be a whole number from 1 to 100");
  CHECK(error_of("", {{"GATE_OTHER_NAME", "-1"}}) == "GATE_OTHER_NAME must be a whole number from 0 to 100");
  CHECK(error_of("", {{"GATE_BYTES_MAX", "5s"}}) ==
        "GATE_BYTES_MAX must be a size such as \"64MiB\", or a whole number of bytes, from 1B to 1MiB");
  CHECK(error_of("", {}, {{"wait", "1ms"}}) == "--wait must be from 10ms to 1min");
  CHECK(error_of("", {}, {{"wait", "5 parsecs"}}) ==
        "--wait must be a duration such as \"5s\" or \"200ms\", or a whole number of milliseconds, from 10ms to 1min");
  CHECK(error_of("", {{"GATE_STRICT", "yes"}}) == "GATE_STRICT must be true or false");
  CHECK(error_of("strict = 1") == "x.toml:1: 'strict' must be true or false");
  CHECK(error_of("", {}, {{"name", ""}}) == "--name must not be empty");
  CHECK(error_of("name = 'abcde'") == "x.toml:1: 'name' must be no longer than 4 bytes");
  CHECK(error_of("name = 5") == "x.toml:1: 'name' must be a text");
  CHECK(error_of("name = [1]") == "x.toml:1: 'name' must be a text");
  CHECK(error_of("colour = 5") == "x.toml:1: 'colour' must be red or blue");
  CHECK(error_of("", {}, {{"colour", "green"}}) == "--colour must be red or blue");
  CHECK(error_of("name = \"\\u0000\"") == "x.toml:1: 'name' must not contain a NUL character");
  CHECK(error_of("address = 'udp:1'") == "x.toml:1: 'udp:1' is no address");
  CHECK(error_of("", {{"GATE_ADDRESS", "udp:1"}}) == "GATE_ADDRESS: 'udp:1' is no address");
  CHECK(error_of("list = []") == "x.toml:1: 'list' must have at least one address");
  CHECK(error_of("list = ['a',\n5]") == "x.toml:2: 'list' must be a list of texts");
  CHECK(error_of("list = 5") == "x.toml:1: 'list' must be a text or a list of texts");
  CHECK(error_of("", {{"GATE_LIST", "a,,b"}}) == "GATE_LIST: an empty text is no address");
  CHECK(error_of("calls_max = 1.5") == "x.toml:1: 'calls_max' must be a whole number from 1 to 100");
  CHECK(error_of("[calls_max]") == "x.toml:1: 'calls_max' must be a whole number from 1 to 100");
}

TEST_CASE("the first unknown key of a file is named with its line and a guess", "[settings]") {
  CHECK(error_of("small = 1\n\nzzz = 1\ncals_max = 1") == "x.toml:3: unknown key 'zzz'");
  CHECK(error_of("small = 1\ncals_max = 1") == "x.toml:2: unknown key 'cals_max' (did you mean 'calls_max'?)");
  given_settings given;
  given.read_text("[part]\nzzz = 1\nother.x = 1\n", "x.toml");
  options o;
  const toml_value* const part = given.content.find("part");
  const auto read_part = [&](std::function<std::string(const toml_entry&)> unknown) {
    read_settings(table, {.file = "x.toml", .table = part, .title = "[part]", .others = {"other"}, .unknown = unknown},
                  given, o);
  };
  CHECK_THROWS_WITH(read_part({}), "x.toml:2: unknown key 'zzz' in [part]");
  CHECK_THROWS_WITH(read_part([](const toml_entry& e) { return e.name + " belongs elsewhere"; }),
                    "x.toml:2: zzz belongs elsewhere");
}

TEST_CASE("text that is no TOML is an error with its line, and what cannot be read one with its name", "[settings]") {
  given_settings given;
  CHECK_THROWS_WITH(given.read_file("/nowhere/x.toml"), "/nowhere/x.toml: cannot be read: No such file or directory");
  try {
    given.read_text("a = 1\na = = 2", "x.toml");
    FAIL("accepted");
  } catch (const settings_error& e) {
    CHECK(std::string(e.what()).starts_with("x.toml:2: "));
  }
}

TEST_CASE("two keys that contradict each other are told with both values and who set them", "[settings]") {
  const std::string end = ": there is a reason";
  CHECK(error_of("wait = '500ms'") ==
        "x.toml:1: 'wait' (500ms) must not be shorter than 'pause' (1s, its default)" + end);
  CHECK(error_of("wait = '2s'\n\npause = '3s'") == "x.toml:3: 'wait' (2s) must not be shorter than 'pause' (3s)" + end);
  CHECK(error_of("pause = '3s'\n\nwait = '2s'").starts_with("x.toml:3: "));
  CHECK(error_of("pause = '3s'", {{"GATE_WAIT", "2s"}}) ==
        "GATE_WAIT: 'wait' (2s, of GATE_WAIT) must not be shorter than 'pause' (3s)" + end);
  CHECK(error_of("wait = '2s'", {{"GATE_WAIT", "4s"}}, {{"pause", "5s"}}) ==
        "--pause: 'wait' (4s, of GATE_WAIT) must not be shorter than 'pause' (5s, of --pause)" + end);
  CHECK(error_of("pause = '3s'", {}, {{"wait", "3s"}}) == "accepted");
}

TEST_CASE("an error changes none of the options", "[settings]") {
  options o;
  CHECK_THROWS_AS(read_into(o, "calls_max = 5", {}, {{"small", "77"}}), settings_error);
  CHECK_THROWS_AS(read_into(o, "calls_max = 5\nwait = '10ms'"), settings_error);
  CHECK(o.calls_max == 10);
  CHECK(o.wait == 5s);
}

TEST_CASE("a variable that is nearly a setting is reported, and others are somebody else's", "[settings]") {
  given_settings given;
  given.variables = {{"GATE_CALS_MAX", "1"}, {"GATE_USER", "u"}, {"GATE_CALLS_MAX", "1"}, {"GATE_TEST_SCRIPTS", "1"}};
  CHECK(misspelt_variables(table.infos(), given) ==
        std::vector<std::string>{"GATE_CALS_MAX is no setting (did you mean 'GATE_CALLS_MAX'?)"});
}

TEST_CASE("of the environment only the values of keys are copied", "[settings]") {
  ::setenv("GATE_CALLS_MAX", "7", 1);
  ::setenv("GATE_PASSWORD", "secret", 1);
  const variables found = gate_variables(table.infos());
  ::unsetenv("GATE_CALLS_MAX");
  ::unsetenv("GATE_PASSWORD");
  CHECK(found.at("GATE_CALLS_MAX") == "7");
  CHECK(found.at("GATE_PASSWORD").empty());
}

TEST_CASE("keys that have changed and need a restart are named, but not those that SIGHUP sets", "[settings]") {
  const options before, after = read("calls_max = 5\nwait = '9s'\nname = 'b'");
  CHECK(changed_text(changed_until_restart(table, before, after)) == " (changed: calls_max, name)");
  CHECK(changed_text(changed_until_restart(table, before, before)).empty());
}
