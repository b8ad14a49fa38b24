#include <map>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/argument_list.hpp>
#include <gate/huge_data.hpp>
#include <gate/interface.hpp>
#include <gate/limits.hpp>

#include "tests/unit/common/interface/dispatch_bench.hpp"

namespace {

using gate::argument;
using gate::argument_list;
using gate::errc;
using gate::test::dispatch_bench;

struct item {
  std::string name;
  std::vector<std::string> tags;
  MSGPACK_DEFINE_MAP(name, tags)
};

// "1, 'two', x=3", as the caller wrote it.
std::string shown(const argument_list& all) {
  std::string text;
  for (const argument& each : all) {
    if (!text.empty()) text += ", ";
    if (!each.name().empty()) (text += each.name()) += '=';
    text += to_string(each.value());
  }
  return text;
}

class Catching : public gate::Interface {
 public:
  GATE_INTERFACE_ON(gate::run_on::loop, all, rest, maybe, either, sum, tags, third, by_name, swap, count, upload)
  GATE_INTERFACE(later, items, later_items, incoming, with_call)
  GATE_INTERFACE_AS("renamed", overloaded, std::string(argument_list))
  GATE_DOC(rest, "what follows the first", first, others)
  GATE_DOC(maybe, "two that may be left out", a, b, more)
  GATE_DOC(incoming, "a stream behind all", values, items)

  std::string all(argument_list given) { return shown(given); }
  std::string rest(int first, const argument_list& others) { return std::to_string(first) + " | " + shown(others); }
  std::string maybe(int a, std::optional<int> b, argument_list more) {
    return std::to_string(a) + ' ' + (b ? std::to_string(*b) : "-") + " | " + shown(more);
  }
  // Returns a value of either type.
  gate::value either(argument_list given) {
    if (given.empty()) return gate::value();
    if (given.has_named()) return gate::value::of(given.named());
    if (given.size() == 1) return given[0].value();
    return gate::value::of(given.positional());
  }
  std::int64_t sum(argument_list numbers) {
    std::int64_t total = 0;
    for (const argument& each : numbers) total += each.as<std::int64_t>();
    return total;
  }
  std::size_t tags(int, argument_list given) { return given["item"].as<item>().tags.size(); }
  int third(int, argument_list given) { return given[1].as<int>(); }
  int by_name(argument_list given) {
    const std::optional<argument> found = given.find("retries");
    return found ? found->as<int>() : 3;
  }
  std::string swap(argument_list given) {
    argument_list turned;
    for (std::size_t i = given.positional_count(); i > 0; --i) turned.add(given[i - 1].value());
    return shown(turned);
  }
  std::size_t count(argument_list given) { return given.size(); }
  std::string upload(gate::HugeData, argument_list more) { return shown(more); }
  gate::task<gate::value> later(argument_list given) {
    co_await gate::yield();
    co_return gate::value::of(given.size());
  }
  gate::generator<gate::value> items(argument_list given) {
    for (const argument& each : given) co_yield each.value();
  }
  gate::async_generator<gate::value> later_items(argument_list given) {
    for (const argument& each : given) {
      gate::value v = each.value();
      co_yield v;
    }
  }
  gate::task<std::string> incoming(argument_list given, gate::async_generator<int> values) {
    int total = 0;
    while (auto n = co_await values.next()) total += *n;
    co_return shown(given) + " | " + std::to_string(total);
  }
  std::string with_call(gate::Call& call, argument_list given) { return std::string(call.method()) + shown(given); }
  std::string overloaded(int n) { return std::to_string(n); }
  std::string overloaded(argument_list given) { return shown(given); }
};

gate::dispatcher_options as_catching(bool strict = false) {
  gate::dispatcher_options o;
  o.service = "demo";
  o.strict = strict;
  return o;
}

class bench : public dispatch_bench<Catching> {
 public:
  explicit bench(bool strict = false) : dispatch_bench<Catching>(as_catching(strict)) {}

  gate::test::answer_event raw(std::string_view method, std::string payload, std::uint8_t flags = 0) {
    auto p = prepare(method);
    p.payload = std::move(payload);
    p.m.flags = flags;
    send(p);
    return out.log.back();
  }
  gate::test::answer_event apply(std::string_view method, const argument_list& given) {
    return raw(method, given.encoded(), given.has_named() ? gate::message_flag::named : std::uint8_t{0});
  }
};

argument_list given(int first) {
  argument_list list;
  list.add(first);
  return list;
}

}  // namespace

TEST_CASE("a list takes all arguments, by position and by name, in their order", "[interface]") {
  bench b;
  CHECK(b.answer("all").as<std::string>().empty());
  CHECK(b.answer("all", 1, std::string("two"), 3.5).as<std::string>() == "1, \"two\", 3.5");
  argument_list list = given(1);
  list.add_named("z", 2);
  list.add_named("a", std::vector<int>{3, 4});
  CHECK(b.apply("all", list).as<std::string>() == "1, z=2, a=[3,4]");
  CHECK(b.apply("renamed", list).as<std::string>() == "1, z=2, a=[3,4]");
}

TEST_CASE("a list behind parameters takes what they do not take", "[interface]") {
  bench b;
  CHECK(b.answer("rest", 1).as<std::string>() == "1 | ");
  CHECK(b.answer("rest", 1, 2, 3).as<std::string>() == "1 | 2, 3");
  CHECK(b.answer("maybe", 1).as<std::string>() == "1 - | ");
  CHECK(b.answer("maybe", 1, 2).as<std::string>() == "1 2 | ");
  CHECK(b.answer("maybe", 1, std::optional<int>(), 3).as<std::string>() == "1 - | 3");
  argument_list list;
  list.add_named("x", 5);
  list.add_named("first", 1);
  CHECK(b.apply("rest", list).as<std::string>() == "1 | x=5");
  argument_list both = given(1);
  both.add_named("c", 3);
  both.add_named("b", 2);
  CHECK(b.apply("maybe", both).as<std::string>() == "1 2 | c=3");
}

TEST_CASE("the parameters in front of a list are still wanted, and taken once", "[interface]") {
  bench b;
  const std::string signature = "demo.rest(first: int32, *others, **kwargs): ";
  CHECK(b.answer("rest").text == signature + "takes 1 argument or more, got 0");
  CHECK(b.answer("rest", std::string("x")).text == signature + "argument 1 'first' must be int32, got string");
  argument_list list = given(1);
  list.add_named("first", 2);
  CHECK(b.apply("rest", list).text == signature + "argument 'first' is given twice");
  argument_list twice = given(1);
  twice.add_named("x", 2);
  twice.add_named("y", 2);
  twice.add_named("x", 3);
  CHECK(b.apply("rest", twice).text == signature + "argument 'x' is given twice");
  argument_list none;
  none.add_named("x", 2);
  CHECK(b.apply("rest", none).text == signature + "argument 1 'first' is missing");
}

TEST_CASE("any value goes out", "[interface]") {
  bench b;
  CHECK(b.answer("either").payload == gate::encode_nil());
  CHECK(b.answer("either", 7).payload == gate::encode(7));
  CHECK(b.answer("either", 7, std::string("x")).payload == gate::encode_arguments(7, std::string("x")));
  argument_list list;
  list.add_named("a", 1);
  CHECK(b.apply("either", list).payload == gate::encode(std::map<std::string, int>{{"a", 1}}));
}

TEST_CASE("an argument of a list that does not fit is named, with its path and the method", "[interface]") {
  bench b;
  CHECK(b.answer("sum", 1, 2, std::string("x")).text ==
        "demo.sum(*args, **kwargs): argument 3 must be int64, got string");
  CHECK(b.answer("third", 1, 2, 3).as<int>() == 3);
  CHECK(b.answer("third", 1, 2, 3.5)
            .text.starts_with("demo.third(int32, *args, **kwargs): argument 3 must be int32, got "));
  CHECK(b.answer("third", 1, 2).text == "demo.third(int32, *args, **kwargs): argument 3 is missing");
  CHECK(b.answer("third", 1, 2).status == errc::invalid_argument);
  argument_list list = given(1);
  list.add_named("item", std::map<std::string, std::vector<gate::value>>{
                             {"tags", {gate::value::of("a"), gate::value::of("b"), gate::value::of(5)}}});
  const std::string signature = "demo.tags(int32, *args, **kwargs): ";
  CHECK(b.apply("tags", list).text == signature + "argument 'item'.tags[2]: must be string, got int");
  CHECK(b.answer("tags", 1, 2).text == signature + "argument 'item' is missing");
  argument_list wrong = given(1);
  wrong.add_named("item", 5);
  CHECK(b.apply("tags", wrong).text == signature + "argument 'item' must be item, got int 5");
}

TEST_CASE("structs of a list are read strictly where the worker's options say so", "[interface]") {
  argument_list list = given(1);
  const std::map<std::string, std::vector<std::string>> misspelt{{"tags", {"a"}}, {"nmae", {}}};
  list.add_named("item", misspelt);
  CHECK(bench(false).apply("tags", list).as<int>() == 1);
  CHECK(bench(true).apply("tags", list).text == "demo.tags(int32, *args, **kwargs): argument 'item'.name: is missing");
}

TEST_CASE("an argument is found by its name, or is not there", "[interface]") {
  bench b;
  CHECK(b.answer("by_name").as<int>() == 3);
  argument_list list;
  list.add_named("retries", 5);
  CHECK(b.apply("by_name", list).as<int>() == 5);
  CHECK(b.answer("swap", 1, 2, 3).as<std::string>() == "3, 2, 1");
}

TEST_CASE("coroutines, generators and streams take a list as plain methods do", "[interface]") {
  dispatch_bench<Catching> b(dispatch_bench<Catching>::real_time{}, as_catching());
  CHECK(b.answer("later", 1, 2).as<int>() == 2);
  CHECK(b.answer("with_call", 1).as<std::string>() == "with_call1");
  for (const std::string_view method : {"items", "later_items"}) {
    b.out.log.clear();
    b.stream(method, 1, std::string("x"));
    b.await_ends(1);
    const auto items = b.out.of(gate::message_type::part);
    REQUIRE(items.size() == 2);
    CHECK(items[0].payload == gate::encode(1));
    CHECK(items[1].payload == gate::encode(std::string("x")));
  }
}

TEST_CASE("a list stands in front of the stream that the caller sends", "[interface]") {
  bench b;
  argument_list list = given(1);
  list.add_named("x", 2);
  auto p = b.prepare("incoming");
  p.payload = list.encoded();
  p.m.flags = gate::message_flag::named | gate::message_flag::client_stream;
  const gate::call_id call = b.send(p);
  b.item(call, gate::encode(40));
  b.item(call, gate::encode(2));
  b.end_of_items(call);
  b.await_ends(1);
  CHECK(b.out.log.back().as<std::string>() == "1, x=2 | 42");
}

TEST_CASE("a HugeData and a list behind it", "[interface]") {
  bench b;
  argument_list list;
  list.add(gate::bytes(3));
  list.add(5);
  CHECK(b.apply("upload", list).as<std::string>() == "5");
}

TEST_CASE("a HugeData in chunks goes to its parameter, and to no list", "[interface]") {
  bench b;
  const auto send = [&](const argument_list& list) {
    auto p = b.prepare("upload");
    p.payload = list.encoded();
    p.m.flags = gate::message_flag::client_stream;
    if (list.has_named()) p.m.flags |= gate::message_flag::named;
    p.m.content = gate::huge_content::raw;
    b.send(p);
    return b.out.log.back().text;
  };
  const std::string why = " is a HugeData, which a parameter of that type takes, and no argument_list";
  argument_list second;
  second.add(gate::bytes(3));
  second.add_huge();
  CHECK(send(second) == "demo.upload(HugeData, *args, **kwargs): argument 2" + why);
  argument_list named;
  named.add(gate::bytes(3));
  named.add_named_huge("data");
  CHECK(send(named) == "demo.upload(HugeData, *args, **kwargs): argument 'data'" + why);
}

TEST_CASE("malformed arguments never reach a list", "[interface]") {
  bench b;
  const std::string good = gate::encode_arguments(1, std::string("two"), std::vector<int>{3});
  CHECK(b.raw("count", good).as<int>() == 3);
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    CHECK(b.raw("count", good.substr(0, cut)).status == errc::invalid_argument);
  }
  CHECK(b.raw("count", good + "x").status == errc::invalid_argument);
  CHECK(b.raw("count", std::string("\x91\xc1", 2)).status == errc::invalid_argument);
  CHECK(b.raw("count", std::string("\xdd\xff\xff\xff\xff", 5)).status == errc::invalid_argument);
  CHECK(b.raw("count", std::string("\x92\x90\x81\x01\x01", 5), gate::message_flag::named).status ==
        errc::invalid_argument);
}

TEST_CASE("a list has so many arguments and no more", "[interface]") {
  bench b;
  argument_list list;
  for (std::size_t i = 0; i < gate::limits::arguments_max; ++i) list.add(1);
  CHECK(b.apply("count", list).as<std::size_t>() == gate::limits::arguments_max);
  CHECK(b.apply("sum", list).as<std::size_t>() == gate::limits::arguments_max);
  list.add_named("one_more", 1);
  CHECK(b.apply("count", list).text ==
        "demo.count(*args, **kwargs): takes 65535 arguments more than its parameters at the most");
}

TEST_CASE("an argument that is nested 128 deep is taken, and a deeper one told", "[interface]") {
  bench b;
  const auto nested = [](std::size_t depth) { return std::string(depth - 1, '\x91') + '\x90'; };
  const std::string deepest = nested(gate::limits::value_depth_max);
  CHECK(b.raw("either", '\x91' + deepest).payload == deepest);
  const auto e = b.raw("either", '\x91' + nested(gate::limits::value_depth_max + 1));
  CHECK(e.status == errc::invalid_argument);
  CHECK(e.text == "demo.either(*args, **kwargs): argument 1 is not a value: nested too deep");
}

TEST_CASE("a list is described as Python's two parameters", "[interface]") {
  const auto described = [](std::string_view name) {
    for (const gate::method_descriptor& m : Catching().describe()) {
      if (m.name != name) continue;
      std::string text;
      for (const gate::parameter_info& p : m.parameters) text += p.name + ':' + p.type + ' ';
      return text + "-> " + m.result;
    }
    return std::string();
  };
  CHECK(described("all") == "*args:any **kwargs:any -> string");
  CHECK(described("rest") == "first:int32 *others:any **kwargs:any -> string");
  CHECK(described("either") == "*args:any **kwargs:any -> any");
  CHECK(described("later") == "*args:any **kwargs:any -> any");
  CHECK(described("items") == "*args:any **kwargs:any -> any");
  CHECK(described("incoming") == "*values:any **kwargs:any items:stream<int32> -> string");
  CHECK(described("upload") == ":HugeData *args:any **kwargs:any -> string");
}

TEST_CASE("what is gathered can be read, and what is read can be passed on", "[interface]") {
  argument_list list;
  CHECK(list.empty());
  list.add_named("b", 2);
  list.add(std::string("one"));
  CHECK(list.size() == 2);
  CHECK(list.positional_count() == 1);
  CHECK(list.named_count() == 1);
  CHECK(list[0].as<std::string_view>() == "one");
  CHECK(list[1].name() == "b");
  CHECK(list["b"].as<int>() == 2);
  CHECK(list.contains("b"));
  CHECK_FALSE(list.contains("one"));
  CHECK_THROWS_WITH(list[2], "argument 3 is missing");
  CHECK_THROWS_WITH(list["c"], "argument 'c' is missing");
  CHECK_THROWS_WITH(list[0].as<int>(), "argument 1 must be int32, got string");
  const argument_list copy = list;
  CHECK(copy.encoded() == list.encoded());
  CHECK(copy[1].as<int>() == 2);
}

TEST_CASE("what cannot be encoded is not added", "[interface]") {
  argument_list list;
  const std::string before = list.encoded();
  CHECK_THROWS(list.add(std::chrono::hours::max()));
  CHECK_THROWS(list.add_named("a", std::chrono::hours::max()));
  CHECK(list.encoded() == before);
}
