// Calls that end before their method does: their budget is over, or the caller gives up.
#include <future>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/loop.hpp>
#include <gate/task.hpp>
#include <gate/timeout.hpp>

#include "tests/support/programs.hpp"

using namespace gate;
using namespace gate::test;
using namespace std::chrono_literals;

namespace {

std::chrono::milliseconds time_of(const std::function<void()>& what) {
  const auto begin = std::chrono::steady_clock::now();
  what();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
}

// Gives a call up by a time-out around it. Returns true if the time-out ended it.
task<bool> give_up(std::string endpoint, std::string method) {
  loop& here = co_await this_loop();
  Client client(here, client_options(endpoint));
  co_await client.ready();
  bool timed = false;
  task<void> call = client["test"][method]().as<void>();
  try {
    co_await with_timeout(1s, std::move(call));
  } catch (const timed_out&) {
    timed = true;
  }
  // The same client still works.
  co_await client["test"]["echo"](1).as<int>();
  co_return timed;
}

void let_methods_outlive_their_calls(test_system& system, int count) {
  std::vector<std::future<void>> calls;
  for (int i = 0; i < count; ++i) calls.push_back(system.test["never"]().within(3s).future<void>());
  for (auto& call : calls) CHECK(error_of([&] { call.get(); }).code() == errc::timed_out);
}

}  // namespace

TEST_CASE("a call ends when its budget is over, and its method is told", "[deadlines]") {
  test_system system;
  const std::string method = GENERATE("hang", "spin");
  // Repeated until a method has begun: on a slow machine the budget may be over before.
  do {
    std::optional<Error> error;
    const auto took = time_of([&] { error = error_of([&] { system.test[method]().within(100ms).get<void>(); }); });
    CHECK(error->code() == errc::timed_out);
    CHECK(took >= 100ms);
    CHECK(took < 10s);
  } while (system.test["tally"](method + ".started").get<int>() == 0);
  const std::string told = method == "hang" ? "hang.ended" : "spin.cancelled";
  CHECK(system.test["await"](told, 1).get<int>() == 1);
  CHECK(system.test["add"](1, 1).get<int>() == 2);
}

TEST_CASE("a call that is still queued at its deadline ends, and is never executed", "[deadlines]") {
  test_system system({}, {"--capacity", "1"});
  auto first = system.test["hang"]().within(10min).future<void>();
  CHECK(rises_to(system.client, "now", "in_flight", 1));
  const Error e = error_of([&] { system.test["note"]("queued").within(100ms).get<void>(); });
  CHECK(e.code() == errc::timed_out);

  // Once the only slot is free, the counters show what was executed.
  Client other(system.broker.frontend());
  system.client.close();
  CHECK(error_of([&] { first.get(); }).code() == errc::cancelled);
  CHECK(other["test"]["tally"]("note.queued").get<int>() == 0);
}

TEST_CASE("a late answer after the deadline is dropped and counted, and its place is free again", "[deadlines]") {
  test_system system({}, {"--capacity", "1"});
  CHECK(system.test["add"](1, 1).get<int>() == 2);  // there is a connection
  int begun = 0;
  do {  // on a slow machine the budget may be over before the method begins
    const Error e = error_of([&] { system.test["sleep_plain"](300).within(50ms).get<int>(); });
    CHECK(e.code() == errc::timed_out);
    begun = system.test["tally"]("sleep_plain.started").get<int>();  // waits for the slot
  } while (begun == 0);
  CHECK(count_of(system.client, "calls", "late_answers") >= 1);
}

TEST_CASE("giving a call up cancels its method", "[cancel]") {
  test_system system;
  const std::string method = GENERATE("hang", "spin");
  loop own;
  CHECK(own.run(give_up(system.broker.frontend(), method)));
  CHECK(system.test["await"](method == "hang" ? "hang.ended" : "spin.cancelled", 1).get<int>() == 1);
}

TEST_CASE("closing a client ends its calls as cancelled, and their methods", "[cancel]") {
  test_system system;
  std::vector<std::future<void>> calls;
  {
    Client brief(system.broker.frontend());
    for (int i = 0; i < 20; ++i) calls.push_back(brief["test"]["hang"]().future<void>());
    CHECK(system.test["await"]("hang.started", 20).get<int>() == 20);
  }
  for (auto& call : calls) CHECK(error_of([&] { call.get(); }).code() == errc::cancelled);
  CHECK(system.test["await"]("hang.ended", 20).get<int>() == 20);
}

TEST_CASE("plain methods that outlive their calls beyond stuck_max end the worker with exit code 3", "[stuck]") {
  test_system system({}, {"--stuck-max", "1", "--stuck-after", "50ms"});
  let_methods_outlive_their_calls(system, 2);
  CHECK(system.worker.program().wait() == program_end{3, 0});
  CHECK(system.worker.program().count_lines("exiting, to be started again") == 1);
}

TEST_CASE("a worker whose threads all run methods that do not end exits, whatever stuck_max allows", "[stuck]") {
  test_system system({}, {"--stuck-max", "100", "--stuck-after", "50ms"});
  let_methods_outlive_their_calls(system, 8);
  CHECK(system.worker.program().wait() == program_end{3, 0});
}

TEST_CASE("a worker with one stuck method serves on, and sees its end", "[stuck]") {
  test_system system({}, {"--stuck-max", "1", "--stuck-after", "50ms"});
  CHECK(error_of([&] { system.test["never"]().within(3s).get<void>(); }).code() == errc::timed_out);
  system.worker.program().wait_for_line("runs on though", process::stream::err);
  CHECK(system.test["add"](1, 1).get<int>() == 2);
  system.test["release"]().get<void>();
  CHECK(system.test["await"]("never.ended", 1).get<int>() == 1);
}
