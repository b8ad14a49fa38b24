// Overload: a consumer that reads nothing, and a worker that takes one call at a time.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gate/loop.hpp>
#include <gate/sleep.hpp>
#include <gate/task.hpp>
#include <gate/task_group.hpp>

#include "tests/acceptance/report.hpp"
#include "tests/support/programs.hpp"

namespace gate::acceptance {

using namespace gate::test;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

constexpr double growth_bytes_max = 8 << 20;

task<void> echo_until(Client client, const bool& stop, std::uint64_t& done) {
  const std::string payload(64, 'x');
  while (!stop) {
    co_await client["test"]["echo"](payload).as<void>();
    ++done;
  }
}

// The processor time of the broker, the worker and this process.
std::chrono::microseconds cpu_time(const test_system& system) {
  timespec own{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
  const auto ours = std::chrono::seconds(own.tv_sec) + std::chrono::nanoseconds(own.tv_nsec);
  return std::chrono::duration_cast<std::chrono::microseconds>(ours) + system.broker.program().cpu_time() +
         system.worker.program().cpu_time();
}

struct speed {
  double calls = 0, seconds = 0, cpu_us = 0;
  void add(const speed& other) {
    calls += other.calls;
    seconds += other.seconds;
    cpu_us += other.cpu_us;
  }
  double per_second() const { return calls / seconds; }
  double cpu_us_per_call() const { return cpu_us / calls; }
};

// Measures calls with 100 in flight for that time, after a warm-up of a tenth of it.
task<speed> measure(const test_system& system, Client client, std::chrono::milliseconds time) {
  const env mine = co_await current_env();
  bool stop = false;
  std::uint64_t done = 0;
  task_group group(mine);
  for (int i = 0; i < 100; ++i) group.spawn(echo_until(client, stop, done));
  co_await sleep_for(time / 10);
  const std::uint64_t before = done;
  const auto cpu_before = cpu_time(system);
  const auto begin = clock::now();
  co_await sleep_for(time);
  speed s;
  s.seconds = std::chrono::duration<double>(clock::now() - begin).count();
  s.calls = static_cast<double>(done - before);
  s.cpu_us = static_cast<double>((cpu_time(system) - cpu_before).count());
  stop = true;
  co_await group.join();
  co_return s;
}

struct stall_result {
  speed without, beside;
  double broker_growth = 0, worker_growth = 0;
  std::int64_t produced_max = 0;
};

// Measures the speed of other calls without and beside a stalled stream, and the growth of the processes. The two take
// turns many times, because the machine's own speed changes from moment to moment.
task<stall_result> stall(test_system& system) {
  constexpr int pairs = 20;
  loop& here = co_await this_loop();
  Client client(here, client_options(system.broker.frontend()));
  const speed warm = co_await measure(system, client, 1s);
  if (warm.calls == 0) throw did_not_happen("no call is answered");
  const std::size_t broker = system.broker.program().resident_bytes();
  const std::size_t worker = system.worker.program().resident_bytes();
  stall_result r;
  for (int i = 0; i < pairs; ++i) {
    // The order alternates, so that a machine that gets slower does not favour one of them.
    if (i % 2 == 0) {
      const speed before = co_await measure(system, client, 250ms);
      r.without.add(before);
    }
    // The window fills, because nobody reads.
    auto stalled = client["test"]["count_async"](1'000'000).stream<std::int64_t>();
    auto first = co_await stalled.next();
    if (first != 0) throw did_not_happen("the stream does not begin");
    const speed beside = co_await measure(system, client, 250ms);
    r.beside.add(beside);
    r.broker_growth = std::max(r.broker_growth, growth(broker, system.broker.program().resident_bytes()));
    r.worker_growth = std::max(r.worker_growth, growth(worker, system.worker.program().resident_bytes()));
    const auto produced = co_await client["test"]["tally"]("count_async.items").as<std::int64_t>();
    r.produced_max = std::max(r.produced_max, produced / (i + 1));
    stalled.cancel();
    if (i % 2 == 1) {
      const speed after = co_await measure(system, client, 250ms);
      r.without.add(after);
    }
  }
  co_return r;
}

std::string thousands(double rate) { return std::to_string(static_cast<int>(rate / 1000)) + "k/s"; }

std::string one_digit(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", number);
  return text;
}

}  // namespace

void stalled_consumer(report& to) {
  test_system system;
  loop own;
  const stall_result r = own.run(stall(system));
  to.line("items that its producer made", std::to_string(r.produced_max), "a window of 1024, one in hand",
          r.produced_max <= limits::stream_window_items + 2);
  to.line("growth of the broker", in_mebibytes(r.broker_growth), "8 MiB", r.broker_growth < growth_bytes_max);
  to.line("growth of the worker", in_mebibytes(r.worker_growth), "8 MiB", r.worker_growth < growth_bytes_max);
  const double ratio = r.beside.per_second() / r.without.per_second();
  to.line("other calls of the same client and worker",
          one_digit(ratio * 100) + " % (" + thousands(r.beside.per_second()) + " beside it, " +
              thousands(r.without.per_second()) + " without; 20 pairs)",
          "90 % of those without it", ratio >= 0.9);
  const double cost = r.beside.cpu_us_per_call() / r.without.cpu_us_per_call();
  to.line("processor time of one of them",
          one_digit(r.beside.cpu_us_per_call()) + " us beside it, " + one_digit(r.without.cpu_us_per_call()) +
              " us without",
          "120 % of that without it", cost <= 1.2);
}

void full_queue(report& to) {
  constexpr int calls_sent = 10'000;
  const temporary_file config("queue_max = 1000\n");
  test_system system({"--config", config.path()}, {"--capacity", "1"});
  for (int i = 0; i < 2000; ++i) system.test["echo"](i).get<int>();
  std::optional<Client> holder(system.broker.frontend());
  auto held = (*holder)["test"]["hang"]().future<void>();
  if (!rises_to(system.client, "now", "in_flight", 2)) throw did_not_happen("the worker was not given its call");

  const std::string payload(1024, 'x');
  const std::size_t before = system.broker.program().resident_bytes();
  const auto begin = clock::now();
  std::vector<std::future<value>> calls;
  for (int i = 0; i < calls_sent; ++i) calls.push_back(system.test["echo"](payload).within(60s).future<value>());
  if (!rises_to(system.client, "refused", "busy", 9000)) throw did_not_happen("the calls were not refused");
  const std::chrono::duration<double> took = clock::now() - begin;
  const auto queued = count_of(system.client, "now", "queued");
  const double grown = growth(before, system.broker.program().resident_bytes());

  holder.reset();  // releases the worker
  int busy = 0, answered = 0, other = 0;
  for (auto& call : calls) {
    try {
      call.get();
      ++answered;
    } catch (const Error& e) {
      ++(e.code() == errc::busy ? busy : other);
    }
  }
  to.line("refused with busy", std::to_string(busy) + ", the last after " + in_words(took),
          "9000, before any is served", busy == 9000 && other == 0);
  to.line("queued, then answered", std::to_string(queued) + ", " + std::to_string(answered), "1000, 1000",
          queued == 1000 && answered == 1000);
  to.line("growth of the broker (1 KiB a call)", in_mebibytes(grown), "8 MiB", grown < growth_bytes_max);
}

}  // namespace gate::acceptance
