// Programs that start, leave, crash and come back, and what callers see.
#include <csignal>
#include <future>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/programs.hpp"
#include "tests/support/raw_peer.hpp"
#include "tests/support/scratch_folder.hpp"

using namespace gate;
using namespace gate::test;
using namespace std::chrono_literals;

namespace {

void check_both_methods(const broker_program& broker) {
  worker_program worker(broker);
  Client client(broker.frontend());
  CHECK(client["test"]["add"](2, 3).get<int>() == 5);
  auto items = client["test"]["count"](5000).stream<int>().blocking();
  int sum = 0;
  for (int item : items) sum += item;
  CHECK(sum == 5000 * 4999 / 2);
}

}  // namespace

TEST_CASE("clients and workers meet over ipc", "[lifecycle]") {
  const scratch_folder folder;
  const addresses where{"ipc://" + folder.file("clients"), "ipc://" + folder.file("workers")};
  broker_program broker(where);
  CHECK(broker.frontend() == where.frontend);
  check_both_methods(broker);
}

TEST_CASE("one address serves clients and workers", "[lifecycle]") {
  const scratch_folder folder;
  broker_program on_ipc(addresses{"ipc://" + folder.file("gate"), "ipc://" + folder.file("gate")});
  check_both_methods(on_ipc);

  // A port that was free a moment ago.
  const std::string port = broker_program().frontend();
  broker_program on_tcp(addresses{port, port});
  CHECK(on_tcp.frontend() == port);
  CHECK(on_tcp.backend() == port);
  check_both_methods(on_tcp);
}

TEST_CASE("either port serves either role", "[lifecycle]") {
  broker_program broker;
  process worker("gate-test-worker", worker_program::command_line(broker.frontend(), "test"));
  worker.wait_for_line("READY");
  Client client(broker.backend());
  CHECK(client["test"]["add"](2, 3).get<int>() == 5);
}

TEST_CASE("a broker that is told to leave lets the calls in flight end", "[lifecycle][drain]") {
  test_system system;
  std::vector<std::future<int>> calls;
  for (int i = 0; i < 10; ++i) calls.push_back(system.test["sleep"](500).future<int>());
  for (int i = 0; i < 4; ++i) calls.push_back(system.test["sleep_plain"](500).future<int>());
  CHECK(system.test["await"]("sleep.started", 10).get<int>() == 10);
  CHECK(system.test["await"]("sleep_plain.started", 4).get<int>() == 4);
  system.broker.program().signal(SIGTERM);
  for (auto& call : calls) CHECK(call.get() == 500);
  CHECK(system.broker.program().wait() == program_end{0, 0});
  CHECK(system.worker.program().running());
}

TEST_CASE("a worker that is told to leave finishes its calls, and others take the new ones", "[lifecycle][drain]") {
  test_system system;
  auto first = system.test["sleep"](500).future<int>();
  CHECK(system.test["await"]("sleep.started", 1).get<int>() == 1);
  worker_program other(system.broker);
  system.worker.program().signal(SIGTERM);
  system.worker.program().wait_for_line("drains", process::stream::err);
  int right = 0;
  for (int i = 0; i < 200; ++i) right += system.test["add"](i, 1).get<int>() == i + 1 ? 1 : 0;
  CHECK(right == 200);
  CHECK(first.get() == 500);
  CHECK(system.worker.program().wait() == program_end{0, 0});
  CHECK(system.test["pid"]().get<int>() == other.program().pid());
}

TEST_CASE("no call is lost while workers come and go in order", "[lifecycle][drain]") {
  test_system system;
  std::vector<std::future<int>> calls;
  std::optional<worker_program> next;
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 200; ++i) calls.push_back(system.test["sleep"](i % 7).future<int>());
    process& leaving = next ? next->program() : system.worker.program();
    leaving.signal(SIGTERM);
    CHECK(leaving.wait() == program_end{0, 0});
    next.emplace(system.broker);
  }
  int right = 0;
  for (std::size_t i = 0; i < calls.size(); ++i) right += calls[i].get() == static_cast<int>(i % 200 % 7) ? 1 : 0;
  CHECK(right == 1000);
}

TEST_CASE("a second signal ends a worker that drains at once, with exit code 130", "[lifecycle][drain]") {
  test_system system;
  auto call = system.test["hang"]().future<void>();
  CHECK(system.test["await"]("hang.started", 1).get<int>() == 1);
  system.worker.program().signal(SIGTERM);
  system.worker.program().wait_for_line("drains", process::stream::err);
  CHECK(system.worker.program().running());
  system.worker.program().signal(SIGINT);
  CHECK(system.worker.program().wait() == program_end{130, 0});
  CHECK(error_of([&] { call.get(); }).code() == errc::worker_lost);
}

TEST_CASE("a worker that crashes fails the call that it held, and only that", "[lifecycle]") {
  test_system system;
  worker_program other(system.broker);
  const Error e = error_of([&] { system.test["crash"]().get<void>(); });
  CHECK(e.code() == errc::worker_lost);
  CHECK(e.where() == origin::broker);
  CHECK(e.retry() == retry_class::if_idempotent);
  for (int i = 0; i < 50; ++i) CHECK(system.test["add"](i, 1).get<int>() == i + 1);
}

TEST_CASE("an idempotent call goes to another worker when its worker is killed", "[lifecycle]") {
  test_system system;
  auto call = system.test["whoami_later"](600'000).within(10min).idempotent().future<std::pair<int, int>>();
  CHECK(system.test["await"]("whoami_later.started", 1).get<int>() == 1);
  worker_program other(system.broker);
  system.worker.program().kill();
  const auto [pid, attempt] = call.get();
  CHECK(pid == other.program().pid());
  CHECK(attempt == 1);
  CHECK(count_of(system.client, "calls", "redispatched") == 1);
}

TEST_CASE("a restart of the only worker is bridged: calls wait for the new one", "[lifecycle]") {
  const temporary_file config("service_grace = \"10min\"\nqueue_age_max = \"10min\"\n");
  test_system system({"--config", config.path()});
  system.worker.program().signal(SIGTERM);
  CHECK(system.worker.program().wait() == program_end{0, 0});
  std::vector<std::future<int>> calls;
  for (int i = 0; i < 100; ++i) calls.push_back(system.test["add"](i, 1).future<int>());
  CHECK(rises_to(system.client, "now", "queued", 100));
  worker_program again(system.broker);
  for (int i = 0; i < 100; ++i) CHECK(calls[static_cast<std::size_t>(i)].get() == i + 1);
}

TEST_CASE("workers and clients come back after the broker was restarted", "[lifecycle]") {
  test_system system;
  CHECK(system.test["add"](1, 1).get<int>() == 2);
  SECTION("in order") {
    system.broker.program().signal(SIGTERM);
    CHECK(system.broker.program().wait() == program_end{0, 0});
  }
  SECTION("killed") { system.broker.program().kill(); }
  system.broker.start_again();
  system.worker.program().wait_for_line("READY", process::stream::out, 2);
  CHECK(system.test["add"](1, 2).get<int>() == 3);
  CHECK(system.worker.program().running());
}

TEST_CASE("a worker waits for a broker that is not there yet, and says so once", "[lifecycle]") {
  broker_program broker;
  broker.program().kill();
  process worker("gate-test-worker", worker_program::command_line(broker.backend(), "test"));
  worker.wait_for_line("no connection to the broker at " + broker.backend(), process::stream::err);
  broker.start_again();
  worker.wait_for_line("READY");
  Client client(broker.frontend());
  CHECK(client["test"]["add"](2, 3).get<int>() == 5);
  CHECK(worker.count_lines("no connection") == 1);
}

TEST_CASE("a call without a broker is unavailable when its connect time is over", "[lifecycle]") {
  broker_program broker;
  broker.program().kill();
  client_options options(broker.frontend());
  options.connect_timeout = 200ms;
  options.reconnect_pause_max = 20ms;  // so short that the last call finds the broker in time
  Client client(options);
  const Error e = error_of([&] { client["test"]["add"](2, 3).get<int>(); });
  CHECK(e.code() == errc::unavailable);
  CHECK(e.where() == origin::local);
  // The same client works as soon as there is a broker.
  broker.start_again();
  worker_program worker(broker);
  CHECK(client["test"]["add"](2, 3).get<int>() == 5);
}

TEST_CASE("a worker refuses a bad flag or file in one line, with exit code 2", "[lifecycle]") {
  const temporary_file config("[worker]\ncapacity = 4\ncapasity = 4\n");
  process bad_key("gate-test-worker", {"--config", config.path()});
  CHECK(bad_key.wait() == program_end{2, 0});
  CHECK_THAT(bad_key.text(process::stream::err), Catch::Contains(config.path() + ":3: unknown key 'capasity'"));
  process bad_flag("gate-test-worker", {"--no-such-flag"});
  CHECK(bad_flag.wait() == program_end{2, 0});
  process bad_address("gate-test-worker", {"--broker", "localhost:5556"});
  CHECK(bad_address.wait() == program_end{2, 0});
  CHECK_THAT(bad_address.text(process::stream::err), Catch::Contains("an address begins with tcp://"));
  process help("gate-test-worker", {"--help"});
  CHECK(help.wait() == program_end{0, 0});
  CHECK_THAT(help.text(process::stream::out), Catch::Contains("Exit codes"));
}
