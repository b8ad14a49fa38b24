// Programs that throw odd things, start programs and fork, and what happens then.
#include <csignal>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/programs.hpp"
#include "tests/support/sanitized.hpp"

using namespace gate;
using namespace gate::test;
using namespace std::chrono_literals;

namespace {

struct rough_system {
  broker_program broker;
  process worker{"gate-test-rough-worker", {"--broker", broker.backend(), "--print-ready"}};
  rough_system() { worker.wait_for_line("READY"); }
};

// Returns what gate-test-odd-client prints.
std::string told_by_odd_client(const std::vector<std::string>& words) {
  process odd("gate-test-odd-client", words);
  const program_end end = odd.wait();
  INFO(odd.text(process::stream::err));
  CHECK(end == program_end{0, 0});
  return odd.text(process::stream::out);
}

}  // namespace

TEST_CASE("whatever the methods of a worker throw, it goes on", "[rough]") {
  rough_system system;
  Client client(system.broker.frontend());
  const Service rough = client["rough"];
  const int pid = rough["pid"]().get<int>();
  for (const std::string kind : {"null", "bytes", "int", "struct", "memory", "long", "status", "nested"}) {
    for (const std::string method : {"plain", "here", "later"}) {
      INFO(method << " " << kind);
      const Error e = error_of([&] { rough[method](kind).get<int>(); });
      CHECK(e.code() == (kind == "status" ? errc::internal : errc::failed));
    }
  }
#ifndef GATE_TEST_SANITIZERS  // a forced unwinding is caught by a reference to nothing
  for (int i = 0; i < 5; ++i) CHECK(error_of([&] { rough["end_thread"]().get(); }).code() == errc::failed);
#endif
  CHECK(error_of([&] { rough["argument"](1).get<int>(); }).code() == errc::failed);
  CHECK(rough["pid"]().get<int>() == pid);
  system.worker.signal(SIGTERM);
  CHECK(system.worker.wait() == program_end{0, 0});
}

TEST_CASE("what on_start, on_stop and the constructor of a worker throw is said, with an exit code", "[rough]") {
  const broker_program broker;
  process start("gate-test-rough-worker", {"--broker", broker.backend(), "start"});
  CHECK(start.wait() == program_end{1, 0});
  process constructor("gate-test-rough-worker", {"--broker", broker.backend(), "constructor"});
  CHECK(constructor.wait() == program_end{2, 0});
  process stop("gate-test-rough-worker", {"--broker", broker.backend(), "--print-ready", "stop"});
  stop.wait_for_line("READY");
  stop.signal(SIGTERM);
  CHECK(stop.wait() == program_end{1, 0});
}

TEST_CASE("SIGHUP ends neither broker nor worker, and is answered with a line", "[rough]") {
  rough_system system;
  system.broker.program().signal(SIGHUP);
  system.broker.program().wait_for_line("SIGHUP: there is nothing to read again", process::stream::err);
  system.worker.signal(SIGHUP);
  system.worker.wait_for_line("SIGHUP: there is nothing to read again", process::stream::err);
  Client client(system.broker.frontend());
  CHECK(client["rough"]["pid"]().get<int>() == system.worker.pid());
}

#ifndef GATE_TEST_THREAD_SANITIZER  // its runtime ends a child that starts threads after fork()
TEST_CASE("a child of fork() makes a client of its own, and its parent's fails at once", "[rough]") {
  const rough_system system;
  const worker_program worker(system.broker, "test_worker");
  for (const std::string how : {"fork", "fork-static"}) {
    const std::string told = told_by_odd_client({how, system.broker.frontend()});
    INFO(told);
    CHECK(told.find("child, inherited: unavailable: this client was made before fork()") != std::string::npos);
    for (const std::string what : {"inherited stream", "inherited HugeData"}) {
      const std::size_t line = told.find("child, " + what + ": ");
      REQUIRE(line != std::string::npos);
      CHECK(told.substr(line, told.find('\n', line) - line).find("before fork()") != std::string::npos);
    }
    CHECK(told.find("child, all within 1 s: ok") != std::string::npos);
    CHECK(told.find("child, its own: ok") != std::string::npos);
    CHECK(told.find("child left by exit: ok") != std::string::npos);
    CHECK(told.find("behind: ok") != std::string::npos);
  }
}
#endif

TEST_CASE("durations of any size end no call before its time", "[rough]") {
  const rough_system system;
  const std::string told = told_by_odd_client({"durations", system.broker.frontend()});
  CHECK(told == "max: ok\nconnect_timeout max: ok\npauses and heartbeats min: ok\nwithin max: ok\non a loop: ok\n");
}

TEST_CASE("a huge answer whose end says no total is data_loss", "[rough]") {
  const broker_program broker;
  const std::string told = told_by_odd_client({"truncated", broker.frontend(), broker.backend()});
  CHECK(told.find("data_loss") != std::string::npos);
}
