// broker_sim: the broker's core and both sessions in simulated time, with faults.
#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include <unistd.h>

#include "common/base/planted_bug.hpp"
#include "tests/sim/scenario.hpp"

namespace {

using gate::sim::report;
using gate::sim::scenario;

constexpr std::string_view help =
    R"(Runs the broker's core and the sessions of its peers against each other, in simulated time, with faults.

  broker_sim SEED                                replays one seed with a readable trace, one line an event, time first
  broker_sim --seeds N [--from S] [--threads T]  runs N seeds from S on (1 unless told) and prints a summary
      --must-fail       with --seeds: swaps the exit codes 0 and 1, for a planted bug that must be found
      --planted-bug N   broker_sim_canary only: turns bug N on (common/base/planted_bug.hpp)
  broker_sim --help

Exit code: 0 when every promise held, 1 when one was broken (the seed and the command that replays it are printed),
2 for wrong arguments.
)";

// One in this many seeds is run twice: both runs must be the same to the bit.
constexpr std::uint64_t repeated_every = 100;

thread_local std::uint64_t seed_under_way = 0;

// If an assertion of ours fails, the process ends: prints how to run this seed again.
extern "C" void tell_seed(int signal) {
  char text[96];
  const int size =
      std::snprintf(text, sizeof text, "seed %" PRIu64 " ended the process; replay: broker_sim %" PRIu64 "\n",
                    seed_under_way, seed_under_way);
  if (write(STDERR_FILENO, text, static_cast<std::size_t>(std::max(size, 0))) < 0) _exit(1);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

report run(std::uint64_t seed, bool readable) {
  seed_under_way = seed;
  return scenario(seed, readable).run();
}

void print_failure(std::uint64_t seed, const report& r) {
  std::printf("seed %" PRIu64 " FAILED at %s: %s\nreplay: broker_sim %" PRIu64 "\n", seed,
              gate::sim::time_text(r.failed_at).c_str(), r.failure.c_str(), seed);
}

struct totals {
  std::uint64_t seeds = 0, events = 0, calls = 0;
  std::array<std::uint64_t, gate::errc_max + 1> outcomes{};
  gate::broker::counters counted;

  void add(const report& r) {
    ++seeds;
    events += r.events;
    calls += r.calls;
    for (std::size_t i = 0; i < outcomes.size(); ++i) outcomes[i] += r.outcomes[i];
    counted.accepted += r.counted.accepted;
    counted.redispatched += r.counted.redispatched;
    counted.late_answers += r.counted.late_answers;
    counted.parts += r.counted.parts;
    counted.overruns += r.counted.overruns;
    counted.malformed += r.counted.malformed;
    counted.violations += r.counted.violations;
    counted.stalls += r.counted.stalls;
    counted.displaced += r.counted.displaced;
    counted.recalls += r.counted.recalls;
  }
};

void print_summary(const totals& t, double seconds) {
  const double hours = static_cast<double>(t.seeds) * std::chrono::duration<double>(scenario::length).count() / 3600;
  std::printf("%" PRIu64 " seeds, %.1f simulated hours, %" PRIu64 " events, %" PRIu64 " calls in %.1f s\n", t.seeds,
              hours, t.events, t.calls, seconds);
  std::printf("outcomes:");
  for (std::size_t i = 0; i < t.outcomes.size(); ++i) {
    if (t.outcomes[i] == 0) continue;
    const std::string_view name = gate::to_string(static_cast<gate::errc>(i));
    std::printf(" %.*s %" PRIu64, static_cast<int>(name.size()), name.data(), t.outcomes[i]);
  }
  std::printf("\nbroker: accepted %" PRIu64 ", redispatched %" PRIu64 ", late answers %" PRIu64 ", parts %" PRIu64
              ", overruns %" PRIu64 ", malformed %" PRIu64 ", violations %" PRIu64 ", stalls %" PRIu64
              ", displaced %" PRIu64 ", recalls %" PRIu64 "\n",
              t.counted.accepted, t.counted.redispatched, t.counted.late_answers, t.counted.parts, t.counted.overruns,
              t.counted.malformed, t.counted.violations, t.counted.stalls, t.counted.displaced, t.counted.recalls);
}

int replay(std::uint64_t seed) {
  const report r = run(seed, true);
  totals t;
  t.add(r);
  print_summary(t, 0);
  std::printf("trace hash %016" PRIx64 "\n", r.hash);
  if (r.failure.empty()) return 0;
  print_failure(seed, r);
  return 1;
}

int run_many(std::uint64_t from, std::uint64_t seeds, unsigned threads) {
  const auto begun = std::chrono::steady_clock::now();
  std::atomic<std::uint64_t> next{from};
  std::atomic<bool> stop{false};
  std::mutex guard;
  totals all;
  const auto work = [&] {
    for (std::uint64_t seed = next++; seed < from + seeds && !stop; seed = next++) {
      report r = run(seed, false);
      const bool repeat = (seed - from) % repeated_every == 0 && r.failure.empty();
      if (repeat && run(seed, false).hash != r.hash) r.failure = "a second run of the same seed went another way";
      const std::lock_guard lock(guard);
      all.add(r);
      if (r.failure.empty() || stop.exchange(true)) continue;
      print_failure(seed, r);
    }
  };
  std::vector<std::thread> others;
  for (unsigned i = 1; i < threads; ++i) others.emplace_back(work);
  work();
  for (std::thread& t : others) t.join();
  print_summary(all, std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
  return stop ? 1 : 0;
}

bool read_number(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

#ifdef GATE_PLANTED_BUGS
constexpr bool has_planted_bugs = true;
#else
constexpr bool has_planted_bugs = false;
#endif

bool plant([[maybe_unused]] std::uint64_t number) {
  if (number > gate::planted_bug_max) return false;
#ifdef GATE_PLANTED_BUGS
  gate::planted = static_cast<gate::planted_bug>(number);
#endif
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGABRT, tell_seed);
  std::uint64_t seed = 0, seeds = 0, from = 1, bug = 0,
                threads = std::clamp(std::thread::hardware_concurrency(), 1u, 8u);
  bool one = false, must_fail = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--help") {
      std::fwrite(help.data(), 1, help.size(), stdout);
      return 0;
    }
    if (word == "--must-fail") {
      must_fail = true;
      continue;
    }
    std::uint64_t* const option = word == "--seeds"                             ? &seeds
                                  : word == "--from"                            ? &from
                                  : word == "--threads"                         ? &threads
                                  : has_planted_bugs && word == "--planted-bug" ? &bug
                                                                                : nullptr;
    const bool sound =
        option != nullptr ? i + 1 < argc && read_number(argv[++i], *option) : read_number(word, seed) && !one;
    if (!sound) {
      std::fprintf(stderr, "broker_sim: '%s' is not understood; see broker_sim --help\n", argv[i]);
      return 2;
    }
    one = one || option == nullptr;
  }
  if (one == (seeds > 0) || threads == 0 || threads > 256) {
    std::fputs("broker_sim: give either one seed, or --seeds N; see broker_sim --help\n", stderr);
    return 2;
  }
  if (!plant(bug)) {
    std::fprintf(stderr, "broker_sim: there is no planted bug %" PRIu64 "\n", bug);
    return 2;
  }
  if (one) return replay(seed);
  const int found = run_many(from, seeds, static_cast<unsigned>(threads));
  if (!must_fail) return found;
  std::puts(found == 1 ? "the planted bug was found, as it must be"
                       : "THE PLANTED BUG WAS NOT FOUND: the checks are blind");
  return 1 - found;
}
