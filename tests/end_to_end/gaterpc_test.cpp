// Our worker and our client with a broker of gate-rpc, which is another project: a C++ and a Python worker serve, and
// our client calls.
#include <csignal>
#include <future>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/python_peers.hpp"
#include "tests/support/scratch_folder.hpp"

using namespace gate;
using namespace gate::test;
using namespace std::chrono_literals;

namespace {

// gate-test-worker with that broker.
struct outward_worker {
  explicit outward_worker(const python_broker& broker, const std::string& service = "test", arguments more = {})
      : program("gate-test-worker", command_line(broker, service, more)) {
    program.wait_for_line("READY");
  }
  static arguments command_line(const python_broker& broker, const std::string& service, const arguments& more) {
    arguments all{"--dialect", "gate-rpc"};
    all.insert(all.end(), more.begin(), more.end());
    return worker_program::command_line(broker.backend, service, all);
  }
  process program;
};

client_options outward(const python_broker& broker) {
  client_options options(broker.frontend);
  options.dialect = broker_dialect::gate_rpc;
  options.heartbeat_interval = 200ms;
  return options;
}

// Tries until a call succeeds, after a loss.
int add_at_last(const Service& test) {
  const auto end = std::chrono::steady_clock::now() + patience;
  for (;;) {
    try {
      return test["add"](2, 3).get<int>();
    } catch (const Error& e) {
      if (std::chrono::steady_clock::now() > end) throw;
    }
  }
}

int sum_of(blocking_stream<int> items) {
  int sum = 0;
  for (const int item : items) sum += item;
  return sum;
}

void check_calls(const Service& test) {
  CHECK(test["add"](2, 3).get<int>() == 5);
  CHECK(test["add"](2, named("b", 40)).get<int>() == 42);
  CHECK(test["echo"]("hello").get<std::string>() == "hello");
  CHECK(test["echo"](std::optional<int>()).get<value>().is_nil());
  CHECK(sum_of(test["count"](1000).stream<int>().blocking()) == 499'500);
  CHECK(sum_of(test["count"](0).stream<int>().blocking()) == 0);
  std::vector<std::future<int>> answers;
  for (int i = 0; i < 500; ++i) answers.push_back(test["add"](i, 1).future<int>());
  int right = 0;
  for (int i = 0; i < 500; ++i) right += answers[static_cast<std::size_t>(i)].get() == i + 1 ? 1 : 0;
  CHECK(right == 500);
}

}  // namespace

TEST_CASE("a C++ client calls a C++ worker through a gate-rpc broker", "[gaterpc]") {
  python_broker broker;
  outward_worker worker(broker);
  Client client(outward(broker));
  check_calls(client["test"]);
  CHECK(client["Gate"]["get_services"]().get<std::vector<std::string>>() == std::vector<std::string>{"test", "Gate"});
  CHECK(start(client.where(), client.ping()).get() > 0s);

  const Error thrown = error_of([&] { client["test"]["fail"]("out_of_range").get<value>(); });
  CHECK(thrown.code() == errc::failed);
  CHECK(thrown.remote_type() == "std::out_of_range");
  CHECK_THAT(thrown.what(), Catch::Contains("no such element"));
  const Error unknown = error_of([&] { client["test"]["nosuch"]().get<value>(); });
  CHECK(unknown.remote_type() == "AttributeError");
  CHECK_THROWS_AS(sum_of(client["test"]["count_then_fail"](3).stream<int>().blocking()), Error);

  const auto interfaces = client["test"]["get_interfaces"]().get<std::map<std::string, value>>();
  CHECK(interfaces.count("add") == 1);
  CHECK(interfaces.count("get_interfaces") == 1);
}

TEST_CASE("any arguments reach a C++ worker from a gate-rpc client", "[gaterpc]") {
  const std::string caught = R"(value {"args": [1, [2]], "kwargs": {"x": "y"}})";
  const auto call = [](const std::string& frontend, const arguments& words) {
    return scripted_call(frontend, "gzip", words).out;
  };
  SECTION("through gate-broker") {
    broker_program broker;
    worker_program worker(broker, "GateRPC");
    const arguments words{"GateRPC", "catch_all", "1", "[2]", "x=\"y\""};
    CHECK(call(broker.frontend(), words) == caught + '\n');
    CHECK(call(broker.frontend(), {"GateRPC", "catch_items", "1", "x=2"}) == "item 1\nitem 2\nend\n");
    CHECK_THAT(call(broker.frontend(), {"GateRPC", "catch_rest", "1", "x=\"y\""}),
               Catch::Contains("failed TypeError") && Catch::Contains("argument 'x' must be int64, got string"));
    const std::string interfaces = call(broker.frontend(), {"GateRPC", "get_interfaces"});
    CHECK_THAT(interfaces, Catch::Contains(R"("signature": "(*args, **kwargs) -> any")"));
    CHECK_THAT(interfaces, Catch::Contains(R"("signature": "(first: int64, *others, **kwargs) -> any")"));
  }
  SECTION("through a gate-rpc broker") {
    python_broker broker;
    outward_worker worker(broker, "GateRPC");
    broker.program->wait_for_line("ready ");
    CHECK(call(broker.frontend, {"GateRPC", "catch_later", "1", "[2]", "x=\"y\""}) == caught + '\n');
    Client client(outward(broker));
    CHECK(client.method("catch_rest")(named("first", 7)).get<int>() == 7);
    CHECK(client.method("catch_all")(1, named("x", 2)).get<value>()["kwargs"]["x"].as<int>() == 2);
  }
}

TEST_CASE("a C++ client calls a Python worker through a gate-rpc broker", "[gaterpc]") {
  python_broker broker;
  process worker = scripted_worker(broker.backend, "test");
  broker.program->wait_for_line("ready ");
  Client client(outward(broker));
  check_calls(client["test"]);
  CHECK(client["test"]["pid"]().get<int>() == worker.pid());
  const Error thrown = error_of([&] { client["test"]["boom"]("oh no").get<value>(); });
  CHECK(thrown.code() == errc::failed);
  CHECK(thrown.remote_type() == "ValueError");
  CHECK(std::string(thrown.what()) == "ValueError('oh no')");
  const Error broken = error_of([&] { sum_of(client["test"]["count"](3, true).stream<int>().blocking()); });
  CHECK(broken.remote_type() == "ValueError");
  CHECK(error_of([&] { client["test"]["nosuch"]().within(200ms).get<value>(); }).code() == errc::timed_out);
  CHECK(error_of([&] { client["nosuch"]["x"]().get<value>(); }).code() == errc::unavailable);
}

TEST_CASE("worker and client outlast many of the broker's heartbeats, on both their and its initiative", "[gaterpc]") {
  python_broker broker({"--heartbeat", "0.05"});
  outward_worker worker(broker, "test", {"--heartbeat-interval", "5s"});  // so it only answers the broker's heartbeats
  Client client(outward(broker));
  client["test"]["echo"](1).get<int>();
  broker.program->wait_for_line("heartbeat", process::stream::out, 20);
  broker.program->wait_for_line("internal keepalive [b'heartbeat']", process::stream::out, 3);
  CHECK(broker.program->count_lines("banned", process::stream::out) == 0);
  CHECK(broker.program->count_lines("dropped", process::stream::out) == 0);
  CHECK(broker.program->count_lines("ready 16 test::", process::stream::out) == 1);
  CHECK(client["test"]["add"](2, 3).get<int>() == 5);
}

TEST_CASE("a worker that is told to leave ends its call, and says goodbye to a gate-rpc broker", "[gaterpc]") {
  python_broker broker;
  outward_worker worker(broker);
  Client client(outward(broker));
  auto slow = client["test"]["sleep"](300).future<int>();
  client["test"]["await"]("sleep.started", 1).get<int>();
  worker.program.signal(SIGTERM);
  CHECK(slow.get() == 300);
  broker.program->wait_for_line("disconnect");
  CHECK(worker.program.wait() == program_end{0, 0});
  CHECK(error_of([&] { client["test"]["add"](1, 2).get<int>(); }).code() == errc::unavailable);
}

TEST_CASE("worker and client come back to a gate-rpc broker that was killed and started again", "[gaterpc]") {
  python_broker broker;
  outward_worker worker(broker);
  Client client(outward(broker));
  CHECK(client["test"]["add"](2, 3).get<int>() == 5);
  broker.program->kill();
  broker.start_again();
  worker.program.wait_for_line("READY", process::stream::out, 2);
  CHECK(add_at_last(client["test"]) == 5);
}

TEST_CASE("a call whose worker was killed ends by its own budget, and another worker takes the next", "[gaterpc]") {
  python_broker broker({"--silence", "2"});
  outward_worker worker(broker);
  Client client(outward(broker));
  CHECK(client["test"]["add"](2, 3).get<int>() == 5);
  auto lost = client["test"]["hang"]().within(5s).future<value>();
  client["test"]["await"]("hang.started", 1).get<int>();
  worker.program.kill();
  CHECK(error_of([&] { lost.get(); }).code() == errc::timed_out);
  broker.program->wait_for_line("banned");
  outward_worker another(broker);
  CHECK(add_at_last(client["test"]) == 5);
}

TEST_CASE("a stream whose reader does not read ends as too slow, and the worker runs on", "[gaterpc]") {
  python_broker broker;
  outward_worker worker(broker);
  Client client(outward(broker));
  auto items = client["test"]["count_async"](5000).window(2, 1000).stream<int>().blocking();
  REQUIRE(items.next());
  client["test"]["await"]("count_async.ended", 1).get<int>();  // all was sent before this reply
  const Error slow = error_of([&] {
    while (items.next()) {
    }
  });
  CHECK(slow.code() == errc::too_slow);
}

TEST_CASE("user and password from a file admit worker and client to a gate-rpc broker that asks for them",
          "[gaterpc]") {
  python_broker broker({"--user", "alice", "--password", "secret"});
  const scratch_folder folder;
  const std::string login = folder.write("login.toml", "user = \"alice\"\npassword = \"secret\"\n");
  outward_worker worker(broker, "test", {"--credentials", login});
  client_options options = outward(broker);
  options.credentials = credentials::plain("alice", "secret");
  Client client(options);
  CHECK(client["test"]["add"](2, 3).get<int>() == 5);

  client_options without = outward(broker);
  without.connect_timeout = 500ms;
  Client stranger(without);
  const Error refused = error_of([&] { stranger["test"]["add"](2, 3).get<int>(); });
  CHECK(refused.code() == errc::unavailable);  // that broker sends no answer
  CHECK(std::string(refused.what()).find("does it ask for user and password?") != std::string::npos);
}

TEST_CASE("the command gate calls through a gate-rpc broker", "[gaterpc]") {
  python_broker broker;
  outward_worker worker(broker);
  const arguments common{"--dialect", "gate-rpc", "--broker", broker.frontend};
  const auto run = [&](arguments more) {
    more.insert(more.begin(), common.begin(), common.end());
    process command("gate", more);
    const program_end end = command.wait();
    return std::pair(end.code, command.text(process::stream::out));
  };
  CHECK(run({"call", "test.add", "2", "3"}) == std::pair(0, std::string("5\n")));
  CHECK(run({"call", "test.count", "3", "--stream"}) == std::pair(0, std::string("0\n1\n2\n")));
  const auto services = run({"services"});
  CHECK(services.first == 0);
  CHECK(services.second.starts_with("SERVICE  DESCRIPTION\nGate     the broker itself\ntest"));
  const auto methods = run({"describe", "test"});
  CHECK(methods.first == 0);
  CHECK(methods.second.find("add(a: int32, b: int32) -> int32") != std::string::npos);
  CHECK(run({"describe", "nobody"}).first == 1);
  CHECK(run({"workers", "-o", "json"}).second.find(R"({"service":"test"})") != std::string::npos);
  CHECK(run({"workers", "nobody"}) == std::pair(0, std::string("No worker of 'nobody' is connected.\n")));
  CHECK(run({"ping"}).first == 0);
}
