#include "cli/context/reports.hpp"

#include <chrono>
#include <string>

#include <catch2/catch.hpp>

#include <gate/error.hpp>

#include "cli/context/duration.hpp"
#include "cli/context/outcome.hpp"
#include "cli/terminal/terminal.hpp"

using gate::errc;
using gate::Error;
using gate::origin;
using gate::cli::as_json;
using gate::cli::explain;
using gate::cli::parse_duration;
using gate::cli::show_duration;
using gate::cli::usage_error;
using namespace std::chrono_literals;

TEST_CASE("durations are read with their unit, seconds where there is none", "[cli]") {
  CHECK(parse_duration("250ms") == 250ms);
  CHECK(parse_duration("5s") == 5s);
  CHECK(parse_duration("1.5s") == 1500ms);
  CHECK(parse_duration("2min") == 2min);
  CHECK(parse_duration("1h") == 1h);
  CHECK(parse_duration("3") == 3s);
  CHECK(parse_duration("5 s") == 5s);  // as settings have it
  CHECK(parse_duration("0.1ms") == 1ms);
  for (const char* const wrong : {"", "s", "-5s", "0", "5days", "nan"}) {
    CHECK_THROWS_AS(parse_duration(wrong), usage_error);
  }
  CHECK(parse_duration("8760h") == 8760h);
  for (const std::string too_long : {"8761h", "10000h", "1e30h", "inf"}) {
    CHECK_THROWS_WITH(parse_duration(too_long), "'" + too_long + "' is too long: 365 days (8760h) at the most");
  }
}

TEST_CASE("durations are shown with two units at the most", "[cli]") {
  CHECK(show_duration(12ms) == "12 ms");
  CHECK(show_duration(59s) == "59 s");
  CHECK(show_duration(200s) == "3 min 20 s");
  CHECK(show_duration(25h + 30min) == "1 d 1 h");
}

TEST_CASE("an error is told with what to do next", "[cli]") {
  const Error no_method(errc::no_method,
                        "service 'calculator' has no method 'ad'; its methods are listed by: gate describe calculator",
                        origin::broker);
  CHECK(explain(no_method, "calculator") ==
        "no_method: service 'calculator' has no method 'ad' (try: gate describe calculator)");
  const Error thrown(errc::failed, "division by zero; really", origin::worker, "std::domain_error");
  CHECK(explain(thrown, "calculator") == "failed: std::domain_error: division by zero; really");
  const Error python(errc::failed, "ValueError('no')", origin::worker, "ValueError");
  CHECK(explain(python, "calculator") == "failed: ValueError('no')");
  const Error other(errc::failed, "ValueErrors are bad", origin::worker, "ValueError");
  CHECK(explain(other, "calculator") == "failed: ValueError: ValueErrors are bad");
  const Error qualified(errc::failed, "socket.timeout('slow')", origin::worker, "timeout");
  CHECK(explain(qualified, "calculator") == "failed: socket.timeout('slow')");
  const Error shown(errc::failed, "<HTTPError 404: 'Not Found'>", origin::worker, "HTTPError");
  CHECK(explain(shown, "calculator") == "failed: <HTTPError 404: 'Not Found'>");
  const Error empty(errc::failed, "KeyError", origin::worker, "KeyError");
  CHECK(explain(empty, "calculator") == "failed: KeyError");
  const Error ours(errc::failed, "shop::sold_out: nothing left", origin::worker, "shop::sold_out");
  CHECK(explain(ours, "calculator") == "failed: shop::sold_out: nothing left");
  const Error lost(errc::worker_lost, "it went away; the call may have been executed", origin::broker);
  CHECK(explain(lost, "x") ==
        "worker_lost: it went away; the call may have been executed (other workers: gate workers)");
  const Error stream(errc::invalid_argument, "search.find() -> string: call it as one; really", origin::worker);
  CHECK(explain(stream, "search", "add --stream") ==
        "invalid_argument: search.find() -> string: call it as one; really (add --stream)");
}

TEST_CASE("a program is told of an error by one line of JSON", "[cli]") {
  const Error thrown(errc::failed, "division by zero", origin::worker, "std::domain_error");
  CHECK(as_json(thrown) == R"({"error":{"status":"failed","retry":"never","origin":"worker",)"
                           R"("type":"std::domain_error","message":"division by zero"}})");
  const Error busy(errc::busy, "two\nlines \xff", origin::broker);
  CHECK(as_json(busy) == R"({"error":{"status":"busy","retry":"safe","origin":"broker",)"
                         "\"message\":\"two\\nlines \xef\xbf\xbd\"}}");
  CHECK(as_json(Error(errc::worker_lost, "gone", origin::broker)).find(R"("retry":"if_idempotent")") !=
        std::string::npos);
}

TEST_CASE("a signature reads like a declaration", "[cli]") {
  gate::cli::method_line m;
  m.name = "add";
  m.kind = "unary";
  m.parameters.resize(2);
  m.parameters[0].name = "a";
  m.parameters[0].type = m.parameters[1].type = "int32";
  m.result = "int32";
  CHECK(signature_of(m) == "add(a: int32, int32) -> int32");
  m.parameters[0].type.clear();
  CHECK(signature_of(m) == "add(a, int32) -> int32");
  m.result.clear();
  CHECK(signature_of(m) == "add(a, int32)");
  m.parameters[0].type = "int32";
  m.result = "nil";
  CHECK(signature_of(m) == "add(a: int32, int32)");
  m.kind = "stream";
  m.result = "int32";
  m.client_stream = true;
  m.parameters[1].type = "stream<list<int32>>";
  CHECK(signature_of(m) == "add(a: int32, stream<list<int32>>) -> stream<int32>");
  gate::cli::method_line log;
  log.name = "log";
  log.kind = "unary";
  log.parameters.resize(2);
  log.parameters[0].name = "*args";
  log.parameters[1].name = "**kwargs";
  log.parameters[0].type = log.parameters[1].type = "any";
  log.result = "any";
  CHECK(signature_of(log) == "log(*args, **kwargs) -> any");
  log.parameters[0].type = "int";  // of a Python worker
  CHECK(signature_of(log) == "log(*args: int, **kwargs) -> any");
}

TEST_CASE("a table's columns are as wide as their widest cell, counted in characters", "[cli]") {
  using enum gate::cli::table::align;
  gate::cli::table t({{"NAME"}, {"N", right}, {"TEXT"}});
  t.add({"\u00e4\u00f6", "100", ""});
  t.add({"longer", "5", "x"});
  CHECK(t.text(false) == "NAME      N  TEXT\n\u00e4\u00f6      100\nlonger    5  x\n");
}

TEST_CASE("a peer's name with newlines and tabs stays in its row and column", "[cli]") {
  gate::cli::table t({{"SERVICE"}, {"NAME"}});
  t.add({"real\nforged", "a\tb\r"});
  CHECK(t.text(false) ==
        "SERVICE      NAME\nreal\xef\xbf\xbd"
        "forged  a\xef\xbf\xbd"
        "b\xef\xbf\xbd\n");
  const Error thrown(errc::failed, "two\nlines", origin::worker, "a\nb");
  CHECK(explain(thrown, "") ==
        "failed: a\xef\xbf\xbd"
        "b: two\nlines");
}

TEST_CASE("what a developer wrote in several lines is shown in one", "[cli]") {
  CHECK(gate::cli::in_one_line("  adds\n\ttwo  numbers\r\n") == "adds two numbers");
  CHECK(gate::cli::in_one_line("\x1b[1m") == "\xef\xbf\xbd[1m");
}

TEST_CASE("what a peer sent cannot steer the terminal", "[cli]") {
  CHECK(gate::cli::printable("\xc2\x9b"
                             "31m \xc2\xa9 \xc2") ==
        "\xef\xbf\xbd"
        "31m \xc2\xa9 \xc2");
  CHECK(gate::cli::printable("a\u202eb\u2066c\u2028\u200f \u2014") ==
        "a\xef\xbf\xbd"
        "b\xef\xbf\xbd"
        "c\xef\xbf\xbd\xef\xbf\xbd \u2014");
  CHECK(gate::cli::printable("a\x1b[31mb\tc\n") == "a\xef\xbf\xbd[31mb\tc\n");
}
