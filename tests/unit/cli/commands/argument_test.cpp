#include "cli/commands/argument.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/value.hpp>

#include "cli/context/outcome.hpp"
#include "cli/context/reports.hpp"

using gate::cli::argument;
using gate::cli::content;
using gate::cli::content_of;
using gate::cli::read_arguments;
using gate::cli::type_of;
using gate::cli::usage_error;

namespace {

// Shows the literals as JSON, files as <what:file>, and names before a colon.
std::string read(const std::vector<std::string>& typed) {
  std::string all;
  for (const argument& a : read_arguments(typed)) {
    if (!all.empty()) all += ' ';
    if (!a.name.empty()) all += a.name + ':';
    all += a.literal ? gate::to_string(*a.literal) : "<" + std::to_string(static_cast<int>(a.as)) + a.file + ">";
  }
  return all;
}

gate::cli::method_line method_with(const std::vector<std::vector<std::string>>& parameters) {
  gate::cli::method_line m;
  for (const auto& p : parameters) {
    m.parameters.emplace_back();
    m.parameters.back().name = p[0];
    m.parameters.back().type = p[1];
  }
  return m;
}

std::string type_at(const gate::cli::method_line& m, std::size_t position) { return type_of(m, {}, position); }

std::string type_of_name(const gate::cli::method_line& m, const std::string& name) {
  argument given;
  given.name = name;
  return type_of(m, given, 7);
}

}  // namespace

TEST_CASE("an argument is JSON if it is JSON, and text otherwise, with a name before it or without", "[cli]") {
  CHECK(read({}).empty());
  CHECK(read({"1", "two", "[3]", "true"}) == R"(1 "two" [3] true)");
  CHECK(read({"1", "b=2", "c=three"}) == R"(1 b:2 c:"three")");
  CHECK(read({"a="}) == R"(a:"")");
  CHECK(read({"a=b=c"}) == R"(a:"b=c")");
}

TEST_CASE("only an identifier is a name, and what has one comes last", "[cli]") {
  CHECK(read({"1=2"}) == R"("1=2")");
  CHECK(read({"=2"}) == R"("=2")");
  CHECK(read({"a b=2"}) == R"("a b=2")");
  CHECK(read({R"("a=b")"}) == R"("a=b")");
  CHECK_THROWS_AS(read({"a=1", "2"}), usage_error);
}

TEST_CASE("@ names a file, a hyphen standard input, once, and a second @ makes text of it", "[cli]") {
  CHECK(read({"@q.txt", "x=@/a b"}) == "<0q.txt> x:<0/a b>");
  CHECK(read({"-", "5"}) == "<0-> 5");
  CHECK(read({"x=-"}) == "x:<0->");
  CHECK(read({"@-"}) == "<0->");
  CHECK(read({"@./-"}) == "<0./->");
  CHECK(read({"@@x", "y=@@"}) == R"("@x" y:"@")");
  CHECK(read({R"("@x")", R"("-")"}) == R"("@x" "-")");
  CHECK(read({"@huge:a", "@bytes:b", "@text:-", "@json:c", "@other:d"}) == "<1a> <2b> <3-> <4c> <0other:d>");
  for (const std::vector<std::string>& wrong :
       {std::vector<std::string>{"-", "-"}, {"-", "x=@-"}, {"@"}, {"x=@"}, {"@text:"}}) {
    CHECK_THROWS_AS(read(wrong), usage_error);
  }
}

TEST_CASE("what begins as JSON and is none is an error, not text", "[cli]") {
  for (const char* const wrong : {"{", "[1,", "{a: 1}", " [x]", "x={\"a\"", "[1] 2"}) {
    CHECK_THROWS_AS(read({wrong}), usage_error);
  }
  CHECK_THROWS_WITH(read({"{\"a\"}"}), R"('{"a"}' begins as JSON and is none (see byte 5); as text: '"{\"a\"}"')");
  CHECK(read({R"("[x")"}) == R"("[x")");
}

TEST_CASE("what a file becomes is decided by the parameter's type", "[cli]") {
  for (const char* const text : {"string", "str", "'str'", "optional<string>", "typing.Optional[str]", "str | None"}) {
    CHECK(content_of(text) == content::text);
  }
  for (const char* const raw : {"bytes", "optional<bytes>", "bytearray"}) CHECK(content_of(raw) == content::bytes);
  CHECK(content_of("HugeData") == content::huge);
  CHECK(content_of("optional<HugeData>") == content::huge);
  for (const char* const any : {"", "any", "typing.Any", "object"}) CHECK(content_of(any) == content::unsaid);
  for (const char* const other : {"int32", "list<string>", "map<string,bytes>", "entry", "optional<int32>", "dict"}) {
    CHECK(content_of(other) == content::json);
  }
}

TEST_CASE("a parameter is found by its position or its name, also behind Python's signs", "[cli]") {
  const auto plain = method_with({{"path", "string"}, {"content", "HugeData"}});
  CHECK(type_at(plain, 1) == "HugeData");
  CHECK(type_at(plain, 2).empty());
  CHECK(type_of_name(plain, "path") == "string");
  CHECK(type_of_name(plain, "nothing").empty());
  const auto python = method_with({{"a", "int"}, {"/", ""}, {"b", "bytes"}, {"*rest", "str"}, {"**more", "float"}});
  CHECK(type_at(python, 1) == "bytes");
  CHECK(type_at(python, 2) == "str");
  CHECK(type_at(python, 9) == "str");
  CHECK(type_of_name(python, "b") == "bytes");
  CHECK(type_of_name(python, "c") == "float");
}
