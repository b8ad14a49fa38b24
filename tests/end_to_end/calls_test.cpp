// Calls and their answers, through a real broker and a real worker process.
#include <future>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/loop.hpp>
#include <gate/task.hpp>
#include <gate/task_group.hpp>

#include "tests/support/programs.hpp"

using namespace gate;
using namespace gate::test;
using namespace std::chrono_literals;

namespace {

struct call_report {
  std::string service, method, caller, tenant, traceparent, key;
  bool idempotent = false, has_deadline = false;
  std::int64_t remaining_ms = 0, pid = 0;
  std::uint32_t attempt = 0;
  MSGPACK_DEFINE_MAP(service, method, caller, tenant, traceparent, key, idempotent, has_deadline, remaining_ms, pid,
                     attempt)
};

// From a loop of the test's own.
task<int> add_on_own_loop(std::string endpoint) {
  loop& here = co_await this_loop();
  Client client(here, client_options(endpoint));
  const int sum = co_await client["test"]["add"](2, 3).as<int>();
  auto add = client["test"].method<int(int, int)>("add");
  const int more = co_await add(sum, 10);
  co_return more;
}

task<void> echo_many(Service test, int from, int count, int& right) {
  for (int i = from; i < from + count; ++i) {
    const int answer = co_await test["echo"](i).as<int>();
    if (answer == i) ++right;
  }
}

task<int> echo_from_many_coroutines(std::string endpoint, int coroutines, int calls_each) {
  loop& here = co_await this_loop();
  const env mine = co_await current_env();
  Client client(here, client_options(endpoint));
  int right = 0;
  task_group group(mine);
  for (int i = 0; i < coroutines; ++i) group.spawn(echo_many(client["test"], i * calls_each, calls_each, right));
  co_await group.join();
  co_return right;
}

}  // namespace

TEST_CASE("plain and coroutine methods answer", "[calls]") {
  test_system system;
  CHECK(system.test["add"](2, 3).get<int>() == 5);
  CHECK(system.test["echo"]("hello").get<std::string>() == "hello");
  CHECK(system.test["pid"]().get<int>() == system.worker.program().pid());

  loop own;
  CHECK(own.run(add_on_own_loop(system.broker.frontend())) == 15);
}

TEST_CASE("futures of many calls all come true, each with its own answer", "[calls]") {
  test_system system;
  std::vector<std::future<int>> answers;
  for (int i = 0; i < 2000; ++i) answers.push_back(system.test["add"](i, 1).future<int>());
  int right = 0;
  for (int i = 0; i < 2000; ++i) right += answers[static_cast<std::size_t>(i)].get() == i + 1 ? 1 : 0;
  CHECK(right == 2000);
}

TEST_CASE("a hundred coroutines share a client, and nobody gets another's answer", "[calls]") {
  test_system system;
  loop own;
  CHECK(own.run(echo_from_many_coroutines(system.broker.frontend(), 100, 100)) == 10'000);
}

TEST_CASE("two clients with the same numbers for their calls get each its own answers", "[calls]") {
  test_system system;
  Client other(system.broker.frontend());
  std::vector<std::future<std::string>> mine, theirs;
  for (int i = 0; i < 500; ++i) {
    mine.push_back(system.test["echo"]("mine " + std::to_string(i)).future<std::string>());
    theirs.push_back(other["test"]["echo"]("theirs " + std::to_string(i)).future<std::string>());
  }
  int right = 0;
  for (std::size_t i = 0; i < 500; ++i) {
    right += mine[i].get() == "mine " + std::to_string(i) ? 1 : 0;
    right += theirs[i].get() == "theirs " + std::to_string(i) ? 1 : 0;
  }
  CHECK(right == 1000);
}

TEST_CASE("values of every shape come back as they were", "[calls]") {
  test_system system;
  using nested = std::map<std::string, std::vector<std::optional<double>>>;
  const nested given{{"a", {1.5, std::nullopt}}, {"", {}}};
  CHECK(system.test["echo"](given).get<nested>() == given);
  const bytes raw{std::byte{0}, std::byte{255}, std::byte{10}};
  CHECK(system.test["echo"](raw).get<bytes>() == raw);
  CHECK(system.test["echo"](std::optional<int>()).get<value>().is_nil());
}

TEST_CASE("arguments are found by their names, in any order", "[calls]") {
  test_system system;
  CHECK(system.test["add"](named("b", 1), named("a", 41)).get<int>() == 42);
  CHECK(system.test["add"](40, named("b", 2)).get<int>() == 42);
  const Error unknown = error_of([&] { system.test["add"](1, named("c", 2)).get<int>(); });
  CHECK(unknown.code() == errc::invalid_argument);
  CHECK_THAT(unknown.what(), Catch::Contains("'c'") && Catch::Contains("a: int32"));
}

TEST_CASE("metadata, budget and trace context reach the method, and its own metadata comes back", "[calls]") {
  test_system system;
  const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const Reply reply = start(system.client.where(), system.test["whoami"]()
                                                       .within(20s)
                                                       .idempotent()
                                                       .with_metadata("tenant", "blue")
                                                       .with_trace(trace)
                                                       .with_idempotency_key("k1")
                                                       .reply())
                          .get();
  const auto report = reply.as<call_report>();
  CHECK(report.service == "test");
  CHECK(report.method == "whoami");
  CHECK(report.tenant == "blue");
  CHECK(report.traceparent == trace);
  CHECK(report.key == "k1");
  CHECK(report.idempotent);
  CHECK(report.attempt == 0);
  CHECK(report.has_deadline);
  CHECK(report.remaining_ms > 0);
  CHECK(report.remaining_ms <= 20'000);
  CHECK(reply.metadata("served-by") == "test worker");

  const auto plain = system.test["whoami"]().get<call_report>();
  CHECK_FALSE(plain.has_deadline);
  CHECK_FALSE(plain.idempotent);
  CHECK(plain.tenant.empty());
}

TEST_CASE("a result of megabytes arrives whole, and one beyond the limit is refused as too large", "[calls]") {
  test_system system({}, {"--huge-value-bytes-max", "16777216"});
  client_options options(system.broker.frontend());
  options.huge_value_bytes_max = 16u << 20;
  const Client client(std::move(options));
  const Service test = client["test"];
  const auto big = test["big"](std::size_t{12} << 20).get<std::string>();
  CHECK(big.size() == std::size_t{12} << 20);
  CHECK(big.find_first_not_of('x') == std::string::npos);

  const Error result = error_of([&] { test["big"](std::size_t{20} << 20).get<std::string>(); });
  CHECK(result.code() == errc::too_large);
  const Error argument = error_of([&] { test["echo"](std::string(std::size_t{20} << 20, 'x')).get<value>(); });
  CHECK(argument.code() == errc::too_large);
  CHECK(test["add"](1, 1).get<int>() == 2);
}

TEST_CASE("a one-way call is executed, and nobody waits for it", "[calls]") {
  test_system system;
  start(system.client.where(), system.test["note"]("one").one_way()).get();
  CHECK(system.test["await"]("note.one", 1).get<int>() == 1);
  // The broker records the outcome, here an error.
  start(system.client.where(), system.test["fail"]("quietly").one_way()).get();
  CHECK(rises_to(system.client, "ended", "failed", 1));
}

TEST_CASE("a method that throws gives its caller the code, the text and the type", "[calls][errors]") {
  test_system system;
  const Error failed = error_of([&] { system.test["fail"]("thus").get<void>(); });
  CHECK(failed.code() == errc::failed);
  CHECK(failed.where() == origin::worker);
  CHECK(failed.remote_type() == "std::runtime_error");
  CHECK(std::string(failed.what()) == "it failed: thus");

  CHECK(error_of([&] { system.test["fail"]("out_of_range").get<void>(); }).remote_type() == "std::out_of_range");

  const Error chosen = error_of([&] { system.test["fail"]("busy").get<void>(); });
  CHECK(chosen.code() == errc::busy);
  CHECK(chosen.where() == origin::worker);
  CHECK(std::string(chosen.what()) == "come back later");

  CHECK(error_of([&] { system.test["fail"]("int").get<void>(); }).code() == errc::failed);
  CHECK(system.test["add"](1, 1).get<int>() == 2);
}

TEST_CASE("wrong arguments are refused with what was expected, before the method runs", "[calls][errors]") {
  test_system system;
  const Error type = error_of([&] { system.test["add"](1, "two").get<int>(); });
  CHECK(type.code() == errc::invalid_argument);
  CHECK_THAT(type.what(), Catch::Contains("int32") && Catch::Contains("string") && Catch::Contains("add"));
  CHECK(error_of([&] { system.test["add"](1).get<int>(); }).code() == errc::invalid_argument);
  CHECK(error_of([&] { system.test["add"](1, 2, 3).get<int>(); }).code() == errc::invalid_argument);
  CHECK(error_of([&] { system.test["add"](1, std::int64_t{1} << 40).get<int>(); }).code() == errc::invalid_argument);

  // The caller itself finds a result of the wrong type.
  const Error result = error_of([&] { system.test["echo"]("text").get<int>(); });
  CHECK(result.code() == errc::invalid_argument);
  CHECK(result.where() == origin::local);
}

TEST_CASE("a method that does not exist is refused at once", "[calls][errors]") {
  test_system system;
  const Error e = error_of([&] { system.test["substract"](3, 2).get<int>(); });
  CHECK(e.code() == errc::no_method);
  CHECK(e.where() == origin::broker);
}

TEST_CASE("a service that does not exist is unavailable, once the grace after the start is over", "[calls][errors]") {
  const temporary_file config("service_grace = 0\n");
  test_system system({"--config", config.path()});
  const Error e = error_of([&] { system.client["nobody"]["add"](3, 2).get<int>(); });
  CHECK(e.code() == errc::unavailable);
  CHECK(e.where() == origin::broker);
  CHECK(e.retry() == retry_class::safe);
}

TEST_CASE("a call to a service that has not come yet waits for it after the broker's start", "[calls]") {
  const temporary_file config("service_grace = \"10min\"\nqueue_age_max = \"10min\"\n");
  broker_program broker(arguments{"--config", config.path()});
  Client client(broker.frontend());
  std::future<int> early = client["late"]["add"](40, 2).future<int>();
  CHECK(rises_to(client, "now", "queued", 1));
  worker_program worker(broker, "late");
  CHECK(early.get() == 42);
}

TEST_CASE("the broker lists services, workers and methods", "[calls]") {
  test_system system;
  const auto gate_service = system.client["gate"];
  const auto services = gate_service["services"]().get<std::vector<std::map<std::string, value>>>();
  std::vector<std::string> names;
  for (const auto& each : services) names.push_back(each.at("name").as<std::string>());
  CHECK_THAT(names, Catch::VectorContains(std::string("test")));

  const auto workers = gate_service["workers"]().get<std::vector<std::map<std::string, value>>>();
  const auto mine = std::find_if(workers.begin(), workers.end(), [](const auto& each) {
    return each.at("service").template as<std::string>() == "test";
  });
  REQUIRE(mine != workers.end());
  CHECK(mine->at("pid").as<int>() == system.worker.program().pid());

  const auto described = gate_service["describe"]("test").get<std::map<std::string, value>>();
  const auto methods = described.at("methods").as<std::vector<std::map<std::string, value>>>();
  const auto add = std::find_if(methods.begin(), methods.end(),
                                [](const auto& each) { return each.at("name").template as<std::string>() == "add"; });
  REQUIRE(add != methods.end());
  CHECK(add->at("doc").as<std::string>() == "adds two numbers");
  CHECK(add->at("result").as<std::string>() == "int32");
  CHECK(add->at("parameters")[1]["name"].as<std::string>() == "b");

  loop own;
  CHECK(start(system.client.where(), system.client.ping()).get() > 0ns);
}

TEST_CASE("a method that catches all arguments gives any value", "[calls]") {
  test_system system;
  using all = std::pair<std::vector<value>, std::map<std::string, value>>;
  const auto caught = [&](const char* method, const argument_list& list) {
    const auto answer = system.test[method].apply(list).get<value>();
    return all(answer["args"].as<std::vector<value>>(), answer["kwargs"].as<std::map<std::string, value>>());
  };
  argument_list list;
  list.add(1);
  list.add("two");
  list.add_named("x", 3.5);
  for (const char* method : {"catch_all", "catch_later"}) {
    CHECK(caught(method, list) == all({value::of(1), value::of("two")}, {{"x", value::of(3.5)}}));
  }
  CHECK(system.test["catch_all"](1, named("x", 2)).get<value>()["kwargs"]["x"].as<int>() == 2);
  CHECK(system.test["catch_rest"](named("first", 7)).get<int>() == 7);
  const Error wrong = error_of([&] { system.test["catch_rest"](1, 2, named("x", "y")).get<value>(); });
  CHECK(wrong.code() == errc::invalid_argument);
  CHECK(std::string(wrong.what()) ==
        "test.catch_rest(first: int64, *others, **kwargs): argument 'x' must be int64, got string");
  auto items = system.test["catch_items"](1, named("x", "y")).stream<value>().blocking();
  CHECK(items.next()->as<int>() == 1);
  CHECK(items.next()->as<std::string>() == "y");
  CHECK_FALSE(items.next());

  // A HugeData in front of the other arguments, in chunks.
  HugeData data = HugeData::from_memory(std::string(3'000'000, 'x'));
  const auto huge = system.test["catch_huge"](std::move(data), 5).get<std::pair<std::size_t, value>>();
  CHECK(huge.first == 3'000'000);
  CHECK(huge.second["args"][0].as<int>() == 5);
  // Arguments that are large together are sent in chunks too.
  argument_list large;
  large.add(std::string(3'000'000, 'y'));
  large.add_named("x", 1);
  CHECK(system.test["catch_all"].apply(large).get<value>()["args"][0].size() == 3'000'000);
}

TEST_CASE("a call that names no service reaches the default service", "[calls]") {
  broker_program broker;
  worker_program unnamed(broker, "GateRPC");
  worker_program other(broker, "other");
  const Client client(broker.frontend());
  CHECK(client.method("pid")().get<int>() == unnamed.program().pid());
  CHECK(start(client.where(), client.method<int(int, int)>("add")(2, 3)).get() == 5);
  CHECK(client[default_service]["pid"]().get<int>() == unnamed.program().pid());
  client_options options(broker.frontend());
  options.service = "other";
  CHECK(Client(options).method("pid")().get<int>() == other.program().pid());
}
