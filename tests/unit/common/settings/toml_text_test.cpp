#include "common/settings/toml_text.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "tests/support/scratch_folder.hpp"

using namespace gate;

namespace {

std::string repeated(std::string_view part, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += part;
  return text;
}

// Returns "3" if the text is refused for its depth in line 3, else "accepted" or "malformed".
std::string refused_in(const std::string& text) {
  try {
    static_cast<void>(parse_toml(text, "x.toml"));
  } catch (const toml_bound_error& e) {
    return std::to_string(e.source().begin.line);
  } catch (const toml::parse_error&) {
    return "malformed";
  }
  return "accepted";
}

}  // namespace

TEST_CASE("a text that nests too deeply is refused with its line, before it is parsed", "[toml]") {
  const std::string dotted = repeated("a.", 50'000) + "a";
  CHECK(refused_in(dotted + " = 1") == "1");
  CHECK(refused_in("b = 1\n" + dotted + " = 1") == "2");
  CHECK(refused_in("b = 1\n\n[" + dotted + "]") == "3");
  CHECK(refused_in("b = 1\r\n\r\n[[" + dotted + "]]") == "3");
  CHECK(refused_in(repeated("'a' . ", 50'000) + "a = 1") == "1");
  CHECK(refused_in(repeated(R"("a"."b\".c".)", 50'000) + "a = 1") == "1");
  CHECK(refused_in("x = {" + dotted + " = 1}") == "1");
  CHECK(refused_in("x = " + repeated("[", 100'000)) == "1");
  CHECK(refused_in("x = " + repeated("{a=", 100'000)) == "1");
  CHECK(refused_in("x = " + repeated("[\n", 100'000)) == "65");
  CHECK(refused_in("x = " + repeated("{a.b.c.d.e.f.g.h=", 9)) == "1");
  CHECK(refused_in("x" + std::string(100'000, '.')) == "1");
}

TEST_CASE("neither a string nor a comment hides a key that nests too deeply", "[toml]") {
  const std::string deep = repeated("a.", 50'000) + "a = 1";
  CHECK(refused_in("x = \"\\\\\"\n" + deep) == "2");
  CHECK(refused_in("x = 'a\\'\n" + deep) == "2");
  CHECK(refused_in("x = {y = \"\"\"a\"\"\"\", " + deep + "}") == "1");
  CHECK(refused_in("x = {y = \"\"\"a\"\"\"\"\", " + deep + "}") == "1");
  CHECK(refused_in("x = {y = '''a''''', " + deep + "}") == "1");
  CHECK(refused_in("x = {y = \"\", " + deep + "}") == "1");
  CHECK(refused_in("x = \"\"\"\n\\\"\"\"\n\"\"\"\n" + deep) == "4");
  CHECK(refused_in("# \"\"\"\n" + deep) == "2");
  CHECK(refused_in("x = 1 # '\n" + deep) == "2");
  CHECK(refused_in("\xef\xbb\xbf" + deep) == "1");
}

TEST_CASE("dots and brackets in strings, comments and numbers are not nesting", "[toml]") {
  const std::string dots(100'000, '.'), brackets(100'000, '[');
  CHECK(refused_in("x = \"" + dots + brackets + "\"") == "accepted");
  CHECK(refused_in("x = '" + dots + brackets + "'") == "accepted");
  CHECK(refused_in("x = \"\"\"\n\"" + dots + "\n" + brackets + "\"\"\"") == "accepted");
  CHECK(refused_in("x = '''\n'" + dots + "\n" + brackets + "'''") == "accepted");
  CHECK(refused_in("# " + dots + brackets + "\nx = 1") == "accepted");
  CHECK(refused_in("x = [" + repeated("1.5, ", 10'000) + "]") == "accepted");
  CHECK(refused_in("x = [" + repeated("{a.b = 1.5},\n", 10'000) + "]") == "accepted");
  CHECK(refused_in(repeated("[[a.b.c]]\nx.y = 1.5\n", 1'000)) == "accepted");
  CHECK(refused_in(repeated("a.", 60) + "a = 1") == "accepted");
  CHECK(refused_in("x = " + repeated("[", 60) + repeated("]", 60)) == "accepted");
}

TEST_CASE("a TOML file is read up to 16 MiB", "[toml]") {
  const test::scratch_folder folder;
  CHECK_THROWS_AS(read_toml_file(folder.file("none")), toml_file_error);
  CHECK_THROWS_AS(read_toml_file(folder.file(".")), toml_file_error);
  CHECK_THROWS_WITH(read_toml_file("/dev/zero"), "/dev/zero: is larger than 16 MiB");
  CHECK(read_toml_file("/dev/null").empty());
  const std::string path = folder.file("a.toml");
  std::ofstream(path) << std::string(100'000, '#') << "\nx = 1";
  CHECK(read_toml_file(path).size() == 100'006);
  CHECK(refused_in(std::string(toml_bytes_max + 1, ' ')) == "1");
}
