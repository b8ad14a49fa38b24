// Workers that are killed or frozen while they have calls.
#include <csignal>
#include <future>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/programs.hpp"

using namespace gate;
using namespace gate::test;
using namespace std::chrono_literals;

namespace {

using clock = std::chrono::steady_clock;

// How calls ended: `answered`, or by their error.
struct outcomes {
  int answered = 0, worker_lost = 0, timed_out = 0, other = 0, hung = 0;
};

template <class T> outcomes settle(std::vector<std::future<T>>& calls, clock::time_point deadline) {
  outcomes o;
  for (auto& call : calls) {
    if (call.wait_until(deadline) != std::future_status::ready) {
      ++o.hung;
      continue;
    }
    try {
      call.get();
      ++o.answered;
    } catch (const Error& e) {
      ++(e.code() == errc::worker_lost ? o.worker_lost : e.code() == errc::timed_out ? o.timed_out : o.other);
    }
  }
  return o;
}

int right_sums(const Service& service, int calls) {
  int right = 0;
  for (int i = 0; i < calls; ++i) right += service["add"](i, 1).get<int>() == i + 1 ? 1 : 0;
  return right;
}

// With these, a frozen peer is found within 2 s instead of 4.
constexpr const char* quick_heartbeats =
    "transport_heartbeat_interval = \"250ms\"\n"
    "transport_heartbeat_timeout = \"1500ms\"\n";

}  // namespace

TEST_CASE("a killed worker with a hundred calls in hand leaves none of them hanging", "[chaos]") {
  test_system system;
  std::vector<std::future<void>> calls;
  for (int i = 0; i < 100; ++i) calls.push_back(system.test["hang"]().within(60s).future<void>());
  REQUIRE(system.test["await"]("hang.started", 100).get<int>() == 100);
  worker_program other(system.broker);

  system.worker.program().signal(SIGKILL);
  const outcomes o = settle(calls, clock::now() + 20s);  // long before their deadline
  CHECK(o.worker_lost == 100);
  CHECK(o.hung == 0);
  CHECK(right_sums(system.test, 100) == 100);
  CHECK(other.program().running());
}

TEST_CASE("the idempotent calls of a killed worker are all answered by another one", "[chaos]") {
  test_system system;
  std::vector<std::future<value>> calls;
  for (int i = 0; i < 100; ++i) calls.push_back(system.test["whoami_later"](200).idempotent().future<value>());
  REQUIRE(system.test["await"]("whoami_later.started", 100).get<int>() == 100);
  worker_program other(system.broker);
  system.worker.program().signal(SIGKILL);
  CHECK(settle(calls, clock::now() + patience).answered == 100);
}

TEST_CASE("workers are killed one after another under load, and each call ends once", "[chaos]") {
  test_system system;
  std::optional<worker_program> second;
  second.emplace(system.broker);
  std::vector<std::future<int>> calls;
  outcomes sum;
  for (int round = 0; round < 6; ++round) {
    calls.clear();
    for (int i = 0; i < 300; ++i) {
      auto call = system.test["sleep"](i % 5).within(30s).idempotent(i % 2 == 0);
      calls.push_back(std::move(call).future<int>());
    }
    second->program().signal(SIGKILL);
    const outcomes o = settle(calls, clock::now() + patience);
    CHECK(o.hung == 0);
    CHECK(o.other == 0);
    CHECK(o.timed_out == 0);
    CHECK(o.worker_lost <= 150);  // idempotent calls went to the worker that stayed
    sum.answered += o.answered;
    second.emplace(system.broker);
  }
  CHECK(sum.answered >= 900);
  CHECK(rises_to(system.client, "now", "workers", 3));      // including the broker's own worker
  CHECK(count_of(system.client, "now", "in_flight") == 1);  // this very call
}

TEST_CASE("a frozen worker is found, its calls end, and another one goes on meanwhile", "[chaos]") {
  const temporary_file config(quick_heartbeats);
  test_system system({"--config", config.path()});
  std::vector<std::future<void>> calls;
  for (int i = 0; i < 100; ++i) calls.push_back(system.test["hang"]().within(60s).future<void>());
  REQUIRE(system.test["await"]("hang.started", 100).get<int>() == 100);
  worker_program other(system.broker, "other");

  system.worker.program().signal(SIGSTOP);
  CHECK(right_sums(system.client["other"], 500) == 500);
  const outcomes o = settle(calls, clock::now() + 20s);
  CHECK(o.worker_lost == 100);
  CHECK(o.hung == 0);

  // The worker wakes up, finds that the broker has dropped it, and registers again.
  system.worker.program().signal(SIGCONT);
  system.worker.program().wait_for_line("READY", process::stream::out, 2);
  CHECK(right_sums(system.test, 10) == 10);
}

TEST_CASE("a worker that is frozen for a moment loses nothing", "[chaos]") {
  test_system system;
  std::vector<std::future<int>> calls;
  for (int i = 0; i < 50; ++i) calls.push_back(system.test["sleep"](300).future<int>());
  REQUIRE(system.test["await"]("sleep.started", 50).get<int>() == 50);
  system.worker.program().signal(SIGSTOP);
  const auto waiting = system.test["add"](1, 2).future<int>();
  CHECK(waiting.wait_for(300ms) == std::future_status::timeout);
  system.worker.program().signal(SIGCONT);
  CHECK(settle(calls, clock::now() + patience).answered == 50);
}
