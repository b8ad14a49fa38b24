// The Python client and worker of examples/python, with gate-broker and C++ peers. They know the gate-rpc dialect, and
// nothing else of this project.
#include "tests/support/python_peers.hpp"

#include <csignal>
#include <cstdint>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/client.hpp>

using namespace gate;
using namespace gate::test;
using Catch::Contains;

namespace {

using parts = std::map<std::string, std::int64_t>;

// Runs the gate command to its end.
outcome gate_call(const broker_program& broker, const arguments& words) {
  arguments all{"call", "--broker", broker.frontend()};
  all.insert(all.end(), words.begin(), words.end());
  process program("gate", all);
  return end_of(program);
}

}  // namespace

TEST_CASE("a Python worker answers C++ clients", "[python]") {
  patient_broker system;
  const python_worker worker(system.broker);
  const Client client(system.broker.frontend());
  const Service calculator = client["calculator"];

  CHECK(calculator["add"](2, 3).get<int>() == 5);
  CHECK(calculator["divide"](17, named("divisor", 5)).get<parts>() == parts{{"whole", 3}, {"rest", 2}});
  CHECK(gate_call(system.broker, {"calculator.add", "40", "b=2"}).out == "42\n");
}

TEST_CASE("a Python worker streams to C++ clients", "[python]") {
  patient_broker system;
  const python_worker worker(system.broker);
  const Client client(system.broker.frontend());

  auto primes = client["calculator"]["primes"](12).stream<int>().blocking();
  CHECK(items_of(primes) == std::vector<int>{2, 3, 5, 7, 11});
  auto none = client["calculator"]["primes"](2).stream<int>().blocking();
  CHECK_FALSE(none.next().has_value());
  CHECK(gate_call(system.broker, {"calculator.primes", "6", "--stream"}).out == "2\n3\n5\n");
}

TEST_CASE("what a Python worker raises is a C++ client's Error", "[python]") {
  patient_broker system;
  const python_worker worker(system.broker);
  const Client client(system.broker.frontend());

  const Error thrown = error_of([&] { client["calculator"]["divide"](1, 0).get<value>(); });
  CHECK(thrown.code() == errc::failed);
  CHECK(thrown.remote_type() == "ZeroDivisionError");
  CHECK_THAT(thrown.what(), Contains("by zero"));

  const std::vector<double> numbers{1, 2, 0};
  auto inverses = client["calculator"]["inverses"](numbers).stream<double>().blocking();
  CHECK(inverses.next() == 1.0);
  CHECK(inverses.next() == 0.5);
  const Error late = error_of([&] { inverses.next(); });
  CHECK(late.code() == errc::failed);
  CHECK(late.remote_type() == "ZeroDivisionError");

  const outcome shown = gate_call(system.broker, {"calculator.divide", "1", "0"});
  CHECK(shown.code != 0);
  CHECK_THAT(shown.err, Contains("ZeroDivisionError"));
}

TEST_CASE("the broker knows the methods of a Python worker, and refuses others", "[python]") {
  patient_broker system;
  const python_worker worker(system.broker);
  const Client client(system.broker.frontend());
  const Error refused = error_of([&] { client["calculator"]["subtract"](2, 1).get<int>(); });
  CHECK(refused.code() == errc::no_method);
  const outcome shown = python_call(system.broker, {"calculator", "subtract", "2", "1"});
  CHECK(shown.code == 1);
  CHECK_THAT(shown.err, Contains("AttributeError"));
}

TEST_CASE("a Python client calls a C++ worker", "[python]") {
  patient_broker system;
  const cpp_worker worker(system.broker);
  CHECK(python_call(system.broker, {"calculator", "add", "2", "3"}).out == "5.0\n");
  const outcome divided = python_call(system.broker, {"calculator", "divide", "17", "divisor=5"});
  CHECK(divided.code == 0);
  CHECK_THAT(divided.out, Contains("\"whole\": 3") && Contains("\"rest\": 2"));
}

TEST_CASE("a C++ worker streams to a Python client", "[python]") {
  patient_broker system;
  const cpp_worker worker(system.broker);
  CHECK(python_call(system.broker, {"calculator", "primes", "12"}).out == "2\n3\n5\n7\n11\n");
  const outcome empty = python_call(system.broker, {"calculator", "primes", "2"});
  CHECK(empty.code == 0);
  CHECK(empty.out.empty());
}

TEST_CASE("what a C++ worker throws is raised in a Python client", "[python]") {
  patient_broker system;
  const cpp_worker worker(system.broker);
  const outcome shown = python_call(system.broker, {"calculator", "divide", "1", "0"});
  CHECK(shown.code == 1);
  CHECK(shown.out.empty());
  CHECK_THAT(shown.err, Contains("domain_error") && Contains("division by zero"));
}

TEST_CASE("a Python client and a Python worker meet at the broker", "[python]") {
  patient_broker system;
  const python_worker worker(system.broker);
  CHECK(python_call(system.broker, {"calculator", "divide", "17", "divisor=5"}).out == "{\"whole\": 3, \"rest\": 2}\n");
  const outcome failed = python_call(system.broker, {"calculator", "inverses", "[1, 2, 0]"});
  CHECK(failed.code == 1);
  CHECK(failed.out == "1.0\n0.5\n");
  CHECK_THAT(failed.err, Contains("ZeroDivisionError"));
}

TEST_CASE("a Python client hears at once that nobody serves what it calls", "[python]") {
  const temporary_file config("service_grace = 0\n");
  const broker_program broker(arguments{"--config", config.path()});
  const outcome shown = python_call(broker, {"nobody", "home"});
  CHECK(shown.code == 1);
  CHECK_THAT(shown.err, Contains("ServiceUnAvailableError"));
}

TEST_CASE("a Python worker and a C++ worker of one name share the calls", "[python]") {
  patient_broker system;
  const python_worker one(system.broker);
  const cpp_worker other(system.broker);
  const Client client(system.broker.frontend());
  CHECK(rises_to(client, "now", "workers", 3));  // the broker's own worker counts too
  std::vector<std::future<value>> calls;
  for (int i = 0; i < 200; ++i) calls.push_back(client["calculator"]["divide"](1, 0).future<value>());
  std::map<std::string, int> thrown;
  for (std::future<value>& call : calls) ++thrown[std::string(error_of([&] { call.get(); }).remote_type())];
  CHECK(thrown.size() == 2);
  CHECK(thrown["ZeroDivisionError"] > 0);
}

TEST_CASE("the call of a Python worker that is killed ends", "[python]") {
  patient_broker system;
  python_worker worker(system.broker);
  const Client client(system.broker.frontend());
  auto primes = client["calculator"]["primes"](1'000'000'000).stream<std::int64_t>().blocking();
  REQUIRE(primes.next() == 2);
  worker.program.kill();
  const Error lost = error_of([&] {
    while (primes.next()) {
    }
  });
  CHECK(lost.code() == errc::worker_lost);
}

TEST_CASE("a Python worker comes back to a broker that was restarted", "[python]") {
  patient_broker system;
  python_worker worker(system.broker);
  const Client client(system.broker.frontend());
  CHECK(client["calculator"]["add"](2, 3).get<int>() == 5);
  system.broker.program().signal(SIGTERM);
  CHECK(system.broker.program().wait() == program_end{0, 0});
  system.broker.start_again();
  worker.program.wait_for_line("serving calculator", process::stream::out, 2);
  CHECK(client["calculator"]["add"](40, 2).get<int>() == 42);
  CHECK(worker.program.running());
}

TEST_CASE("a Python worker that is stopped is not called again", "[python]") {
  const temporary_file config("service_grace = 0\n");
  const broker_program broker(arguments{"--config", config.path()});
  python_worker worker(broker);
  const Client client(broker.frontend());
  auto primes = client["calculator"]["primes"](1'000'000'000).stream<std::int64_t>().blocking();
  REQUIRE(primes.next() == 2);
  worker.program.signal(SIGTERM);
  const Error lost = error_of([&] {
    while (primes.next()) {
    }
  });
  CHECK(lost.code() == errc::worker_lost);
  const Error nobody = error_of([&] { client["calculator"]["add"](2, 3).get<int>(); });
  CHECK(nobody.code() == errc::unavailable);
}
