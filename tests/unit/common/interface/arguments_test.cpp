#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/detail/arguments.hpp>

#include "tests/unit/common/interface/dispatch_bench.hpp"

namespace {

using gate::errc;
using gate::test::dispatch_bench;

class Calculator : public gate::Interface {
 public:
  GATE_INTERFACE_ON(gate::run_on::loop, add, scale, plain, none, list)
  GATE_DOC(add, "adds two numbers", a, b)
  GATE_DOC(scale, "scales", by, what, offset)
  int add(int a, int b) const { return a + b; }
  int scale(int by, std::optional<int> what, std::optional<int> offset) {
    return by * what.value_or(1) + offset.value_or(0);
  }
  int plain(int a) { return a; }
  void none() {}
  std::size_t list(std::vector<std::string> all) { return all.size(); }
};

gate::dispatcher_options as_calculator() {
  gate::dispatcher_options o;
  o.service = "calculator";
  return o;
}

// Answers to payloads as they come from the wire.
class raw_bench : public dispatch_bench<Calculator> {
 public:
  raw_bench() : dispatch_bench<Calculator>(as_calculator()) {}

  gate::test::answer_event raw(std::string_view method, std::string payload, std::uint32_t flags = 0) {
    auto p = prepare(method);
    p.payload = std::move(payload);
    p.m.flags = flags;
    send(p);
    return out.log.back();
  }
  // Positional ones, then pairs of names and numbers.
  gate::test::answer_event named(std::string_view method, const std::vector<int>& first,
                                 const std::vector<std::pair<std::string, int>>& rest) {
    std::string payload;
    gate::append_list_header(payload, 2);
    gate::append_list_header(payload, static_cast<std::uint32_t>(first.size()));
    for (const int n : first) gate::encode_to(payload, n);
    gate::append_map_header(payload, static_cast<std::uint32_t>(rest.size()));
    for (const auto& [name, n] : rest) {
      gate::encode_to(payload, name);
      gate::encode_to(payload, n);
    }
    return raw(method, payload, gate::message_flag::named);
  }
};

}  // namespace

TEST_CASE("an argument of the wrong type is named with what was expected and what came", "[interface]") {
  raw_bench b;
  const auto e = b.answer("add", 1, std::string("two"));
  CHECK(e.status == errc::invalid_argument);
  CHECK(e.text == "calculator.add(a: int32, b: int32): argument 2 'b' must be int32, got string");
  CHECK(b.answer("plain", 1.5).text.starts_with("calculator.plain(int32): argument 1 must be int32, got "));
  CHECK(b.answer("list", 1).text == "calculator.list(list<string>): argument 1 must be list<string>, got int 1");
  CHECK(b.answer("list", std::vector<int>{1}).text ==
        "calculator.list(list<string>): argument 1[0]: must be string, got int");
  CHECK(b.answer("plain", 5'000'000'000).status == errc::invalid_argument);
  CHECK(b.answer("add", 1, 2).as<int>() == 3);
}

TEST_CASE("a wrong number of arguments is told with the signature", "[interface]") {
  raw_bench b;
  CHECK(b.answer("add", 1).text == "calculator.add(a: int32, b: int32): takes 2 arguments, got 1");
  CHECK(b.answer("add", 1, 2, 3).text == "calculator.add(a: int32, b: int32): takes 2 arguments, got 3");
  CHECK(b.answer("plain").text == "calculator.plain(int32): takes 1 argument, got 0");
  CHECK(b.answer("none", 1).text == "calculator.none(): takes 0 arguments, got 1");
}

TEST_CASE("arguments may be given by name, in any order, after positional ones", "[interface]") {
  raw_bench b;
  CHECK(b.named("add", {}, {{"b", 2}, {"a", 40}}).as<int>() == 42);
  CHECK(b.named("add", {40}, {{"b", 2}}).as<int>() == 42);
  CHECK(b.named("add", {40, 2}, {}).as<int>() == 42);
  CHECK(b.named("scale", {3}, {{"offset", 5}}).as<int>() == 8);
}

TEST_CASE("a named argument that is unknown, double or missing is told by its name", "[interface]") {
  raw_bench b;
  const std::string signature = "calculator.add(a: int32, b: int32): ";
  CHECK(b.named("add", {1}, {{"c", 2}}).text == signature + "there is no parameter 'c'");
  CHECK(b.named("add", {1}, {{"a", 2}}).text == signature + "argument 'a' is given twice");
  CHECK(b.named("add", {}, {{"b", 2}, {"b", 3}}).text == signature + "argument 'b' is given twice");
  CHECK(b.named("add", {}, {{"b", 2}}).text == signature + "argument 1 'a' is missing");
  CHECK(b.named("plain", {}, {{"a", 2}}).text ==
        "calculator.plain(int32): has no named parameters: pass its arguments by position");
}

TEST_CASE("malformed arguments are refused, whatever they look like", "[interface]") {
  raw_bench b;
  const std::string good = gate::encode_arguments(1, 2);
  CHECK(b.raw("add", good).as<int>() == 3);
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    CHECK(b.raw("add", good.substr(0, cut)).status == errc::invalid_argument);
  }
  CHECK(b.raw("add", good + "x").status == errc::invalid_argument);
  CHECK(b.raw("none", std::string("\x90\x01", 2)).status == errc::invalid_argument);
  CHECK(b.raw("add", std::string("\xc1", 1)).status == errc::invalid_argument);
  CHECK(b.raw("add", gate::encode(7)).status == errc::invalid_argument);
  CHECK(b.raw("add", std::string("\xdd\xff\xff\xff\xff", 5)).status == errc::invalid_argument);
  CHECK(b.raw("list", std::string("\x91\xdd\xff\xff\xff\xff", 6)).status == errc::invalid_argument);
  CHECK(b.raw("add", good, gate::message_flag::named).status == errc::invalid_argument);
  CHECK(b.raw("add", std::string("\x92\x90\x81\x01\x01", 5), gate::message_flag::named).status ==
        errc::invalid_argument);
}

TEST_CASE("skipping finds the end of every kind of value", "[interface]") {
  const std::vector<std::string> values{std::string("\x00", 1),
                                        std::string("\x7f", 1),
                                        std::string("\xff", 1),
                                        std::string("\xc0", 1),
                                        std::string("\xc3", 1),
                                        "\xa3"
                                        "abc",
                                        "\x93\x01\x02\x03",
                                        "\x81\xa1k\x05",
                                        gate::encode(1.5),
                                        gate::encode(1.5f),
                                        gate::encode(std::uint64_t{1} << 40),
                                        gate::encode(-70'000),
                                        gate::encode(std::string(40, 's')),
                                        gate::encode(std::string(300, 's')),
                                        gate::encode(std::string(70'000, 's')),
                                        gate::encode(gate::bytes(3)),
                                        gate::encode(gate::bytes(300)),
                                        gate::encode(gate::bytes(70'000)),
                                        gate::encode(std::vector<int>(20)),
                                        gate::encode(std::vector<int>(70'000)),
                                        gate::encode(std::chrono::system_clock::now()),
                                        std::string("\xd4\x05x", 3),
                                        std::string("\xc7\x03\x05xyz", 6)};
  for (const std::string& v : values) {
    const std::string padded = v + "!";
    const char* const end = v.data() + v.size();
    CHECK(gate::detail::skip_value(v.data(), end) == end);
    CHECK(gate::detail::skip_value(padded.data(), padded.data() + padded.size()) == padded.data() + v.size());
    CHECK(gate::detail::skip_value(v.data(), end - 1) == nullptr);
  }
}
