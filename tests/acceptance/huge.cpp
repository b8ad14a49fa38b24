// Payloads of any size: their speed, the memory that they take, and their effect on small calls.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <malloc.h>

#include <gate/huge_data.hpp>
#include <gate/loop.hpp>
#include <gate/sleep.hpp>
#include <gate/task.hpp>
#include <gate/task_group.hpp>

#include "tests/acceptance/report.hpp"
#include "tests/support/huge_bytes.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/scratch_folder.hpp"

namespace gate::acceptance {

using namespace gate::test;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

constexpr std::uint64_t mib = 1u << 20;
constexpr double memory_max = 64.0 * mib;
constexpr double growth_bytes_max = 8.0 * mib;

void write_bytes(const std::string& path, std::uint64_t size) {
  std::ofstream out(path, std::ios::binary);
  for (std::uint64_t at = 0; at < size; at += mib) out << bytes_at(at, mib);
  if (!out.flush()) throw did_not_happen("cannot write " + path);
}

std::string sha256_of(const std::string& path) {
  const std::string command = "sha256sum < '" + path + "'";
  FILE* const pipe = ::popen(command.c_str(), "r");
  char line[128] = "";
  const bool read = pipe != nullptr && std::fgets(line, sizeof line, pipe) != nullptr;
  if (pipe != nullptr) ::pclose(pipe);
  if (!read) throw did_not_happen("no sha256sum");
  return std::string(line).substr(0, 64);
}

// The most memory that this process has had since a moment, above what it had then. It ran other points before, whose
// memory and whose peak are not the transfer's.
class own_peak {
 public:
  own_peak() {
    ::malloc_trim(0);
    std::ofstream("/proc/self/clear_refs") << "5";  // VmHWM begins again (proc(5))
    before_ = status_bytes("VmRSS:");
  }
  double bytes() const { return status_bytes("VmHWM:") - before_; }

 private:
  static double status_bytes(std::string_view name) {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
      double kibibytes = 0;
      if (word == name && status >> kibibytes) return kibibytes * 1024;
    }
    throw std::runtime_error("/proc/self/status has no " + std::string(name));
  }

  double before_ = 0;
};

std::string rate_text(double bytes, std::chrono::duration<double> time) {
  char text[48];
  std::snprintf(text, sizeof text, "%.0f MB/s", bytes / 1e6 / time.count());
  return text;
}

// Reads a result of `size` bytes, at that rate if it is not 0. Returns the bytes a second.
task<double> read_huge(Service test, std::uint64_t size, double bytes_per_s_max) {
  const auto begin = clock::now();
  HugeData data = co_await test["huge"](size).huge();
  std::uint64_t seen = 0;
  while (auto chunk = co_await data.next()) {
    seen += chunk->size();
    if (bytes_per_s_max == 0) continue;
    const auto due = begin + std::chrono::duration<double>(static_cast<double>(seen) / bytes_per_s_max);
    const auto ahead = std::chrono::duration_cast<duration>(due - clock::now());
    if (ahead > 0ns) co_await sleep_for(ahead);
  }
  if (seen != size) throw did_not_happen("the bytes are not all there");
  co_return static_cast<double>(size) / std::chrono::duration<double>(clock::now() - begin).count();
}

task<void> keep_reading(Service test, double bytes_per_s, bool& stop) {
  while (!stop) {
    task<double> reading = read_huge(test, 64 * mib, bytes_per_s);
    co_await std::move(reading);
  }
}

// Latencies of small calls, one after another.
task<void> call_for(Service test, duration how_long, std::vector<double>& latencies_us) {
  const std::string payload(64, 'x');
  const auto until = clock::now() + how_long;
  while (clock::now() < until) {
    const auto begin = clock::now();
    co_await test["echo"](payload).as<void>();
    latencies_us.push_back(std::chrono::duration<double, std::micro>(clock::now() - begin).count());
    co_await sleep_for(1ms);
  }
}

double p99_of(std::vector<double> all) {
  std::sort(all.begin(), all.end());
  return all.at(all.size() * 99 / 100);
}

double median_of(std::vector<double> all) {
  std::sort(all.begin(), all.end());
  return all.at(all.size() / 2);
}

struct latency_result {
  double without_us = 0, beside_us = 0, factor = 0, peak = 0;
};

// Measures without and beside a transfer in turns of a second, because the machine's own speed changes by more than the
// difference. Returns the medians.
task<latency_result> small_beside_huge(const test_system& system) {
  const env here = co_await current_env();
  Client client(*here.where, client_options(system.broker.frontend()));
  const Service test = client["test"];
  latency_result r;
  for (int i = 0; i < 3; ++i) {
    task<double> reading = read_huge(test, 128 * mib, 0);
    const double rate = co_await std::move(reading);
    r.peak = std::max(r.peak, rate);
  }
  std::vector<double> p99s_without, p99s_beside, factors;
  for (int round = 0; round < 9; ++round) {
    std::vector<double> without, beside;
    task<void> alone = call_for(test, 1s, without);
    co_await std::move(alone);
    bool stop = false;
    task_group group(here);
    group.spawn(keep_reading(test, r.peak / 2, stop));
    co_await sleep_for(200ms);
    task<void> accompanied = call_for(test, 1s, beside);
    co_await std::move(accompanied);
    stop = true;
    co_await group.join();
    p99s_without.push_back(p99_of(std::move(without)));
    p99s_beside.push_back(p99_of(std::move(beside)));
    factors.push_back(p99s_beside.back() / p99s_without.back());
  }
  r.without_us = median_of(std::move(p99s_without));
  r.beside_us = median_of(std::move(p99s_beside));
  r.factor = median_of(std::move(factors));
  co_return r;
}

task<void> read_many(Service test, int count, std::uint64_t size) {
  const env here = co_await current_env();
  task_group group(here);
  const auto one = [](Service from, std::uint64_t byte_count) -> task<void> {
    task<double> reading = read_huge(from, byte_count, 0);
    co_await std::move(reading);
  };
  for (int i = 0; i < count; ++i) group.spawn(one(test, size));
  co_await group.join();
}

task<void> transfers(std::string endpoint, int one_by_one, int at_once, std::uint64_t size) {
  loop& here = co_await this_loop();
  Client client(here, client_options(endpoint));
  for (int i = 0; i < one_by_one; ++i) {
    task<double> reading = read_huge(client["test"], size, 0);
    co_await std::move(reading);
  }
  task<void> all = read_many(client["test"], at_once, size);
  co_await std::move(all);
}

std::string us_text(double us) { return std::to_string(static_cast<int>(us)) + " us"; }

}  // namespace

void large_file(report& to) {
  constexpr std::uint64_t size = std::uint64_t{4} << 30;
  const scratch_folder files;
  write_bytes(files.file("from"), size);
  test_system system;
  const own_peak client_memory;
  const auto begin = clock::now();
  auto data = system.test["huge_file"](files.file("from")).get<HugeData>().blocking();
  data.to_file(files.file("to"));
  const std::chrono::duration<double> took = clock::now() - begin;
  const double broker = static_cast<double>(system.broker.program().peak_resident_bytes());
  const double worker = static_cast<double>(system.worker.program().peak_resident_bytes());
  const double client = client_memory.bytes();
  const bool same = sha256_of(files.file("from")) == sha256_of(files.file("to"));
  to.line("4 GiB from disk to disk",
          rate_text(static_cast<double>(size), took) + ", sha256 " + (same ? "equal" : "differs"), "sha256 equal",
          same);
  to.line("most memory of the broker", in_mebibytes(broker), "64 MiB", broker < memory_max);
  to.line("most memory of the worker", in_mebibytes(worker), "64 MiB", worker < memory_max);
  to.line("most memory of the client", in_mebibytes(client), "64 MiB", client < memory_max);
}

void small_calls(report& to) {
  test_system system;
  loop own;
  const latency_result r = own.run(small_beside_huge(system));
  char text[128];
  std::snprintf(text, sizeof text, "%.2f x (%s beside %.0f MB/s, %s without)", r.factor, us_text(r.beside_us).c_str(),
                r.peak / 2e6, us_text(r.without_us).c_str());
  to.line("p99 of a small call beside a transfer at half its peak", text, "3 x", r.factor <= 3);
}

// The same twice: the second round must work with the memory that the first one needed.
void many_transfers(report& to) {
  test_system system;
  loop own;
  own.run(transfers(system.broker.frontend(), 1000, 100, 2 * mib));
  const std::size_t broker = system.broker.program().resident_bytes();
  const std::size_t worker = system.worker.program().resident_bytes();
  const auto open_now = [&system] {
    return system.broker.program().descriptors() + system.worker.program().descriptors();
  };
  const std::size_t descriptors = open_now();
  own.run(transfers(system.broker.frontend(), 1000, 100, 2 * mib));
  const double broker_grown = growth(broker, system.broker.program().resident_bytes());
  const double worker_grown = growth(worker, system.worker.program().resident_bytes());
  // The client has left, but the programs notice the end of its connection a moment later.
  std::size_t now = open_now();
  for (const auto until = clock::now() + 2s; now > descriptors && clock::now() < until; now = open_now()) {
    std::this_thread::sleep_for(10ms);
  }
  to.line("growth of the broker, 1000 in turn and 100 at once", in_mebibytes(broker_grown), "8 MiB",
          broker_grown < growth_bytes_max);
  to.line("growth of the worker", in_mebibytes(worker_grown), "8 MiB", worker_grown < growth_bytes_max);
  to.line("descriptors before and after", std::to_string(descriptors) + ", " + std::to_string(now), "no more",
          now <= descriptors);
  const auto broker_peak = static_cast<double>(system.broker.program().peak_resident_bytes());
  const auto worker_peak = static_cast<double>(system.worker.program().peak_resident_bytes());
  to.line("most memory of the broker", in_mebibytes(broker_peak), "64 MiB", broker_peak < memory_max);
  to.line("most memory of the worker, 100 sources at once", in_mebibytes(worker_peak), "256 MiB",
          worker_peak < 4 * memory_max);
}

void ended_transfers(report& to) {
  test_system system;
  const auto ends_within = [&](const std::string& what, auto&& leave) {
    const auto ended = system.test["tally"]("huge_endless.ended").get<std::int64_t>();
    auto begun = clock::now();
    {
      Client other(system.broker.frontend());
      auto data = other["test"]["huge_endless"]().get<HugeData>().blocking();
      static_cast<void>(data.next());
      begun = clock::now();
      leave(other, data);
    }
    system.test["await"]("huge_endless.ended", ended + 1).get<std::int64_t>();
    const std::chrono::duration<double> took = clock::now() - begun;
    to.line(what, in_words(took), "a heartbeat, 1 s", took < 1s);
  };
  ends_within("the source ends when its reader drops it",
              [](Client&, blocking_huge& data) { const blocking_huge dropped = std::move(data); });
  ends_within("the source ends when the client leaves", [](Client& client, blocking_huge&) { client.close(); });
  const auto ended = system.test["tally"]("huge_endless.ended").get<std::int64_t>();
  process reader("gate-test-client", {system.broker.frontend(), "endless"});
  reader.wait_for_line("BEGUN");
  const auto begun = clock::now();
  reader.kill();
  system.test["await"]("huge_endless.ended", ended + 1).get<std::int64_t>();
  const std::chrono::duration<double> took = clock::now() - begun;
  to.line("the source ends when the client is killed", in_words(took), "a heartbeat, 1 s", took < 1s);
}

}  // namespace gate::acceptance
