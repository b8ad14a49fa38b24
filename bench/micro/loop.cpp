// Measures the coroutine kernel: awaiting a child, a turn of the loop, a reply through the bounded map, a timer that is
// set and cancelled, a call that another thread posts.
#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include <gate/bounded_map.hpp>
#include <gate/loop.hpp>
#include <gate/sleep.hpp>
#include <gate/task_group.hpp>

namespace gate {
namespace {

task<std::uint64_t> child(std::uint64_t n) { co_return n + 1; }

task<void> await_children(benchmark::State& state) {
  std::uint64_t n = 0;
  for (auto _ : state) {
    const std::uint64_t next = co_await child(n);
    n = next;
  }
  benchmark::DoNotOptimize(n);
}
void await_a_child(benchmark::State& state) {
  loop here;
  here.run(await_children(state));
}
BENCHMARK(await_a_child);

task<void> yield_many(std::uint64_t times) {
  for (std::uint64_t i = 0; i < times; ++i) co_await yield();
}
task<void> yield_together(benchmark::State& state) {
  const env around = co_await current_env();
  for (auto _ : state) {
    task_group group(around);
    for (std::int64_t i = 0; i < state.range(0); ++i) group.spawn(yield_many(100));
    co_await group.join();
  }
}
// Suspends, makes ready and resumes: one coroutine alone, and a thousand in turn.
void yield_round_the_loop(benchmark::State& state) {
  loop here;
  here.run(yield_together(state));
  state.SetItemsProcessed(state.iterations() * state.range(0) * 100);
}
BENCHMARK(yield_round_the_loop)->Arg(1)->Arg(1000);

using answers = bounded_map<std::uint64_t, std::uint64_t>;

task<void> ask_and_answer(benchmark::State& state) {
  const auto others = static_cast<std::uint64_t>(state.range(0));
  answers map(others + 1);
  std::vector<answers::slot> held;
  std::uint64_t key = 0;
  for (; key < others; ++key) {
    auto slot = co_await map.reserve(key);
    held.push_back(std::move(slot));
  }
  for (auto _ : state) {
    auto slot = co_await map.reserve(key);
    map.fulfil(key, key);
    const std::uint64_t got = co_await slot;
    benchmark::DoNotOptimize(got);
    ++key;
  }
}
// While this many other replies are awaited.
void reserve_fulfil_and_await(benchmark::State& state) {
  loop here;
  here.run(ask_and_answer(state));
}
BENCHMARK(reserve_fulfil_and_await)->Arg(0)->Arg(1000)->Arg(100'000);

void set_and_cancel_a_timer(benchmark::State& state) {
  loop here;
  std::vector<timer_key> others;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    others.push_back(here.at(here.now() + std::chrono::hours(1) + duration(i), [] {}));
  }
  const instant when = here.now() + std::chrono::minutes(30);
  for (auto _ : state) here.cancel_timer(here.at(when, [] {}));
  for (const timer_key& key : others) here.cancel_timer(key);
}
BENCHMARK(set_and_cancel_a_timer)->Arg(0)->Arg(10'000);

task<void> pass_turns(benchmark::State& state) {
  for (auto _ : state) co_await sleep_for(duration::zero());
}
// A turn that only looks for work: the system's part of a call at low load.
void turn_of_the_loop(benchmark::State& state) {
  loop here;
  here.run(pass_turns(state));
}
BENCHMARK(turn_of_the_loop);

}  // namespace
}  // namespace gate
