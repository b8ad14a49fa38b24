// Where gate-broker and a worker program take their settings from: flags, the environment, a file.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <sstream>

#include <catch2/catch.hpp>

#include "tests/support/programs.hpp"
#include "tests/support/scratch_folder.hpp"

using namespace gate::test;
using namespace std::chrono_literals;

namespace {

struct outcome {
  program_end end;
  std::string out, err;
};

// Runs a program of this build with variables such as "GATE_QUEUE_MAX=5".
outcome run(const std::string& program, arguments variables, const arguments& flags) {
  variables.push_back(GATE_TEST_PROGRAMS "/" + program);
  variables.insert(variables.end(), flags.begin(), flags.end());
  process one("/usr/bin/env", variables);
  outcome o;
  o.end = one.wait();
  o.out = one.text(process::stream::out);
  o.err = one.text(process::stream::err);
  return o;
}

constexpr const char* broker = "gate-broker";
constexpr const char* worker = "gate-test-worker";

}  // namespace

TEST_CASE("a flag goes before a variable, a variable before the file, in both programs", "[settings]") {
  const temporary_file file(
      "queue_max = 1\npeers_max = 1\nframes_max = 10\n[worker]\nthreads = 1\ncapacity = 1\nstuck_max = 1\n");
  const outcome b = run(broker, {"GATE_QUEUE_MAX=2", "GATE_PEERS_MAX=2", "GATE_LOG_LEVEL="},
                        {"--config", file.path(), "--queue-max", "3", "--print-config"});
  CHECK(b.end == program_end{0, 0});
  for (const std::string& part :
       {std::string("\nqueue_max = 3  # from --queue-max\n"), std::string("\npeers_max = 2  # from GATE_PEERS_MAX\n"),
        "\nframes_max = 10  # from " + file.path() + ":3\n", std::string("\nlog_level = \"info\"\n")}) {
    CHECK_THAT(b.out, Catch::Contains(part));
  }
  const outcome w =
      run(worker, {"GATE_THREADS=2", "GATE_CAPACITY=2"}, {"--config", file.path(), "--threads=3", "--print-config"});
  CHECK(w.end == program_end{0, 0});
  for (const std::string& part :
       {std::string("\nthreads = 3  # from --threads\n"), std::string("\ncapacity = 2  # from GATE_CAPACITY\n"),
        "\nstuck_max = 1  # from " + file.path() + ":7\n", std::string("\nstrict = false\n")}) {
    CHECK_THAT(w.out, Catch::Contains(part));
  }
}

TEST_CASE("what a program prints as its configuration is a configuration for it", "[settings]") {
  for (const char* const program : {broker, worker}) {
    const outcome printed = run(program, {"GATE_DRAIN_TIMEOUT=7s"}, {"--print-config"});
    CHECK(printed.end == program_end{0, 0});
    const temporary_file file(printed.out);
    const outcome again = run(program, {}, {"--config", file.path(), "--print-config"});
    CHECK(again.end == program_end{0, 0});
    CHECK_THAT(again.out, Catch::Contains("\ndrain_timeout = \"7s\"  # from " + file.path()));
  }
}

TEST_CASE("the example configuration that a program prints is one that it takes", "[settings]") {
  for (const char* const program : {broker, worker}) {
    const outcome printed = run(program, {"GATE_QUEUE_MAX=wrong"}, {"--print-example-config"});
    CHECK(printed.end == program_end{0, 0});
    const temporary_file file(printed.out);
    const outcome again = run(program, {}, {"--config", file.path(), "--print-config"});
    CHECK(again.end == program_end{0, 0});
    CHECK_THAT(again.out, !Catch::Contains("# from"));
  }
}

TEST_CASE("an error about a setting names the flag or the variable that it came from", "[settings]") {
  const outcome variable = run(broker, {"GATE_QUEUE_MAX=many"}, {"--check-config"});
  CHECK(variable.end == program_end{2, 0});
  CHECK(variable.err == "gate-broker: GATE_QUEUE_MAX must be a whole number from 0 to 1073741824\n");
  const outcome flag = run(broker, {}, {"--queue-age-max", "0ms", "--check-config"});
  CHECK(flag.end == program_end{2, 0});
  CHECK(flag.err == "gate-broker: --queue-age-max must be from 1ms to 24h\n");
  const outcome both = run(broker, {"GATE_FRAME_BYTES_MAX=1MiB"}, {"--check-config"});
  CHECK(both.end == program_end{2, 0});
  CHECK_THAT(both.err, Catch::StartsWith("gate-broker: GATE_FRAME_BYTES_MAX: 'frame_bytes_max' (1MiB, of "
                                         "GATE_FRAME_BYTES_MAX) must not be less than 'payload_bytes_max' (16MiB, its "
                                         "default)"));
  const outcome of_worker = run(worker, {"GATE_CAPACITY=0"}, {"--check-config"});
  CHECK(of_worker.end == program_end{2, 0});
  CHECK(of_worker.err == "gate-test-worker: GATE_CAPACITY must be from 1 to 65535\n");
  const outcome misspelt = run(worker, {}, {"--capasity", "5"});
  CHECK(misspelt.end == program_end{2, 0});
  CHECK(misspelt.err == "gate-test-worker: there is no flag '--capasity' (did you mean '--capacity'?) (see --help)\n");
}

TEST_CASE("a variable that is nearly a setting is warned about, others are left alone", "[settings]") {
  for (const auto& [program, name] :
       {std::pair(broker, "GATE_HEARTBEAT_INTERVALL"), std::pair(worker, "GATE_THREAD")}) {
    const outcome o =
        run(program, {std::string(name) + "=1", "GATE_TEST_SCRIPTS=1", "GATE_SERVICE=x"}, {"--check-config"});
    CHECK(o.end == program_end{0, 0});
    CHECK_THAT(o.err, Catch::Contains(std::string(name) + " is no setting (did you mean "));
    CHECK(std::count(o.err.begin(), o.err.end(), '\n') == 1);
  }
}

TEST_CASE("the variables of a peer's login are none of the broker's", "[settings]") {
  const outcome o = run(broker, {"GATE_CREDENTIALS=/nowhere", "GATE_USER=u", "GATE_PASSWORD=p", "GATE_KEY=/nowhere"},
                        {"--check-config"});
  CHECK(o.end == program_end{0, 0});
  const outcome store = run(broker, {"GATE_BROKER_CREDENTIALS=/nowhere/users.toml"}, {"--check-config"});
  CHECK(store.end == program_end{2, 0});
  CHECK_THAT(store.err, Catch::Contains("/nowhere/users.toml"));
}

TEST_CASE("a worker takes the credentials of a flag before those of variables, and these before those of its file",
          "[settings]") {
  const temporary_file file("[worker]\ncredentials = \"/nowhere/of-file\"\n");
  const outcome of_file = run(worker, {}, {"--config", file.path(), "--check-config"});
  CHECK(of_file.end == program_end{2, 0});
  CHECK_THAT(of_file.err, Catch::Contains("/nowhere/of-file"));
  const outcome of_variable =
      run(worker, {"GATE_CREDENTIALS=/nowhere/of-variable"}, {"--config", file.path(), "--check-config"});
  CHECK_THAT(of_variable.err, Catch::Contains("/nowhere/of-variable"));
  const outcome of_user = run(worker, {"GATE_USER=u", "GATE_PASSWORD=p"}, {"--config", file.path(), "--check-config"});
  CHECK(of_user.end == program_end{0, 0});
  const outcome of_flag = run(worker, {"GATE_CREDENTIALS=/nowhere/of-variable"},
                              {"--config", file.path(), "--credentials", "/nowhere/of-flag", "--check-config"});
  CHECK_THAT(of_flag.err, Catch::Contains("/nowhere/of-flag"));
  const outcome both = run(worker, {"GATE_CREDENTIALS=/nowhere/of-variable", "GATE_USER=u"}, {"--check-config"});
  CHECK_THAT(both.err, Catch::Contains("either GATE_CREDENTIALS, or GATE_USER and GATE_PASSWORD"));
}

TEST_CASE("the help of both programs is readable on a terminal of 80 columns", "[settings]") {
  for (const char* const program : {broker, worker}) {
    const outcome o = run(program, {}, {"--help"});
    CHECK(o.end == program_end{0, 0});
    std::istringstream lines(o.out);
    for (std::string line; std::getline(lines, line);) {
      CAPTURE(line);
      CHECK(line.size() <= 80);
    }
    for (const char* const part : {"--drain-timeout TIME\n", "      Default 30s; 0ms to 24h.\n", "--config FILE",
                                   "Signals:", "one of trace, debug, info, warn, error, off", "Exit codes:"}) {
      CHECK_THAT(o.out, Catch::Contains(part));
    }
  }
}

TEST_CASE("SIGHUP names the keys of the file that need a restart", "[settings]") {
  const scratch_folder folder;
  const std::string path = folder.write("gate.toml", "queue_max = 5\n");
  broker_program running(arguments{"--config", path});
  folder.write("gate.toml", "queue_max = 6\nlog_level = \"debug\"\n");
  running.program().signal(SIGHUP);
  const std::string line = running.program().wait_for_line("read again", process::stream::err);
  CHECK_THAT(line, Catch::Contains("log_level is in force, other keys count from the next start (changed: queue_max)"));
}

TEST_CASE("a section of the file sets the queue of one service", "[settings]") {
  const temporary_file file("[service.full]\nqueue_max = 0\n");
  broker_program running(arguments{"--config", file.path()});
  const gate::Client client(running.frontend());
  // No worker has come yet, so calls wait for one: of the service that has a queue.
  const auto outcome_of = [&](const char* service) {
    return error_of([&] { client[service]["x"]().within(200ms).get<void>(); }).code();
  };
  CHECK(outcome_of("full") == gate::errc::busy);
  CHECK(outcome_of("other") == gate::errc::timed_out);
}

TEST_CASE("an error in a section of services names its line, and where a key belongs", "[settings]") {
  const temporary_file file("queue_max = 5\n[service.shop]\nqueue_max = 1\nfrontend = 'tcp://127.0.0.1:1'\n");
  const outcome o = run(broker, {}, {"--config", file.path(), "--check-config"});
  CHECK(o.end == program_end{2, 0});
  CHECK(o.err == "gate-broker: " + file.path() +
                     ":4: 'frontend' is no key of [service.shop]: it belongs at the top of the file\n");
  const temporary_file good("[service.\"prod/shop\"]\nqueue_max = 1\n");
  const outcome printed = run(broker, {}, {"--config", good.path(), "--print-config"});
  CHECK(printed.end == program_end{0, 0});
  CHECK_THAT(printed.out, Catch::Contains("\n[service.\"prod/shop\"]\n# ") && Catch::Contains("\nqueue_max = 1\n"));
}
