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
    static_cast<void>(parse_toml(text));
  } catch (const toml_bound_error& e) {
    return std::to_string(e.where().line);
  } catch (const toml_error&) {
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

TEST_CASE("each kind of TOML value is read, with its place", "[toml]") {
  const toml_value v =
      parse_toml("a = 'x'\nb = 5\nc = 1.5\nd = true\ne = [1,\n 'y']\nf = 2020-01-02\n[g.\"h.i\"]\nk = 0\n");
  CHECK(v.find("a")->text == "x");
  CHECK(v.find("b")->integer == 5);
  CHECK(v.find("c")->real == 1.5);
  CHECK(v.find("d")->boolean);
  CHECK(v.find("e")->items.at(1).text == "y");
  CHECK(v.find("e")->items.at(1).begin.line == 6);
  CHECK(v.find("f")->is(toml_kind::time));
  CHECK(v.find("f")->text == "2020-01-02");
  CHECK(v.find("g")->find("h.i")->find("k")->begin == toml_place{9, 5});
  CHECK(v.find("g")->find("h.i")->begin.line == 8);
  CHECK(v.find("h") == nullptr);
  CHECK(v.entries.front().at == toml_place{1, 1});
}

TEST_CASE("the same content is the same wherever it stands", "[toml]") {
  CHECK(same_content(parse_toml("a = 1\n[b]\nc = [true]"), parse_toml("b.c = [ true ]\n\na = 1")));
  for (const char* const other : {"a = 2", "a = 1.0", "a = '1'", "a = [1]", "b = 1", "a = 1\nb = 1", "a = true"}) {
    CAPTURE(other);
    CHECK_FALSE(same_content(parse_toml("a = 1"), parse_toml(other)));
  }
}

TEST_CASE("an entry of a table is replaced or added in its place", "[toml]") {
  toml_value v = parse_toml("b = 1");
  v.set("b", parse_toml("x = 2").entries.front().value);
  v.set("a", {});
  CHECK(same_content(v, parse_toml("b = 2\n[a]")));
}

TEST_CASE("a text and a name are written so that they can be read again", "[toml]") {
  const std::string text = "a \"b\" \\ \n\x7f ä";
  CHECK(parse_toml("x = " + toml_quoted(text)).find("x")->text == text);
  CHECK(toml_key("plain-1") == "plain-1");
  CHECK(toml_key("prod/billing") == "\"prod/billing\"");
  CHECK(toml_key("a.b") == "\"a.b\"");
  CHECK(toml_key("") == "\"\"");
}
