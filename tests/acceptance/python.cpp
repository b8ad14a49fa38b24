// Python peers (those of examples/python, and those that know HugeData) together with C++ peers.
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <string>
#include <vector>

#include <gate/huge_data.hpp>

#include "tests/acceptance/report.hpp"
#include "tests/support/huge_bytes.hpp"
#include "tests/support/python_peers.hpp"

namespace gate::acceptance {

using namespace gate::test;
using clock = std::chrono::steady_clock;

namespace {

using parts = std::map<std::string, std::int64_t>;

constexpr auto answered_within = std::chrono::seconds(1);

bool without_python(report& to, const std::string& what) {
  if (has_python()) return false;
  to.skip(what, "no Python with zmq and msgpack");
  return true;
}

struct check {
  std::string what;
  std::function<bool()> right;
};

void all_right(report& to, const std::string& what, const std::vector<check>& checks) {
  std::string wrong;
  std::size_t right = 0;
  for (const check& each : checks) {
    if (each.right()) {
      ++right;
    } else {
      wrong += (wrong.empty() ? ", but not: " : ", ") + each.what;
    }
  }
  to.line(what, std::to_string(right) + " of " + std::to_string(checks.size()) + wrong, "all", right == checks.size());
}

template <class F> Error error_or_none(F&& f) {
  try {
    return error_of(std::forward<F>(f));
  } catch (const did_not_happen&) {
    return Error(errc::ok, "");
  }
}

}  // namespace

void python_peers(report& to) {
  if (without_python(to, "Python and C++")) return;
  {
    patient_broker system;
    const python_worker worker(system.broker);
    const Client client(system.broker.frontend());
    const Service calculator = client["calculator"];
    all_right(
        to, "C++ client, Python worker",
        {{"a call", [&] { return calculator["add"](2, 3).get<int>() == 5; }},
         {"named arguments",
          [&] {
            return calculator["divide"](17, named("divisor", 5)).get<parts>() == parts{{"whole", 3}, {"rest", 2}};
          }},
         {"a stream",
          [&] {
            auto primes = calculator["primes"](12).stream<int>().blocking();
            return items_of(primes) == std::vector<int>{2, 3, 5, 7, 11};
          }},
         {"an exception",
          [&] {
            return error_or_none([&] { calculator["divide"](1, 0).get<value>(); }).remote_type() == "ZeroDivisionError";
          }},
         {"an unknown method",
          [&] { return error_or_none([&] { calculator["nosuch"]().get<value>(); }).code() == errc::no_method; }}});
  }
  patient_broker system;
  const cpp_worker worker(system.broker);
  const auto asked = [&](const arguments& words) { return python_call(system.broker, words); };
  all_right(to, "Python client, C++ worker",
            {{"a call",
              [&] {
                return asked({"calculator", "add", "2", "3"}).out == "5.0\n";
              }},
             {"named arguments",
              [&] {
                return asked({"calculator", "divide", "17", "divisor=5"}).out.find("\"rest\": 2") != std::string::npos;
              }},
             {"a stream",
              [&] {
                return asked({"calculator", "primes", "12"}).out == "2\n3\n5\n7\n11\n";
              }},
             {"an exception",
              [&] {
                return asked({"calculator", "divide", "1", "0"}).err.find("domain_error") != std::string::npos;
              }},
             {"an unknown method", [&] {
                return asked({"calculator", "nosuch"}).err.find("AttributeError") != std::string::npos;
              }}});
}

void mixed_workers(report& to) {
  if (without_python(to, "Python and C++ under one name")) return;
  patient_broker system;
  const python_worker one(system.broker);
  const cpp_worker other(system.broker);
  const Client client(system.broker.frontend());

  // Both workers fail in the same way. The class of the exception shows which one it was.
  constexpr int calls = 400;
  std::vector<std::future<value>> pending;
  for (int i = 0; i < calls; ++i) pending.push_back(client["calculator"]["divide"](1, 0).future<value>());
  int by_python = 0, by_cpp = 0;
  for (std::future<value>& call : pending) {
    const std::string thrown(error_or_none([&] { call.get(); }).remote_type());
    if (thrown == "ZeroDivisionError") ++by_python;
    if (thrown.find("domain_error") != std::string::npos) ++by_cpp;
  }
  to.line("calls of a C++ client", std::to_string(by_python) + " by Python, " + std::to_string(by_cpp) + " by C++",
          "400 in all, each its part", by_python + by_cpp == calls && by_python > 0 && by_cpp > 0);

  constexpr int processes = 12;
  by_python = by_cpp = 0;
  int streams = 0;
  for (int i = 0; i < processes; ++i) {
    const std::string sum = python_call(system.broker, {"calculator", "add", "2", "3"}).out;
    if (sum == "5\n") ++by_python;  // an int of Python
    if (sum == "5.0\n") ++by_cpp;   // a double
  }
  to.line("calls of Python clients", std::to_string(by_python) + " by Python, " + std::to_string(by_cpp) + " by C++",
          "12 in all, each its part", by_python + by_cpp == processes && by_python > 0 && by_cpp > 0);
  for (int i = 0; i < processes; ++i) {
    streams += python_call(system.broker, {"calculator", "primes", "12"}).out == "2\n3\n5\n7\n11\n" ? 1 : 0;
  }
  to.line("streams to Python clients", std::to_string(streams) + " of " + std::to_string(processes), "all",
          streams == processes);

  int right = 0;
  constexpr int rounds = 40;
  for (int i = 0; i < rounds; ++i) {
    auto primes = client["calculator"]["primes"](3000).stream<int>().blocking();
    int count = 0, last = 0;
    for (const int prime : primes) {
      ++count;
      last = prime;
    }
    right += count == 430 && last == 2999 ? 1 : 0;
  }
  to.line("streams of 430 items to a C++ client", std::to_string(right) + " of " + std::to_string(rounds), "all",
          right == rounds);
}

void mixed_huge(report& to) {
  if (without_python(to, "HugeData of Python and C++")) return;
  constexpr std::uint64_t size = 1'000'001;
  const std::string sound = "chunk\nvalue " + std::to_string(size) + " bytes, sound\n";
  for (const std::string codec : {"gzip", "bz2", "lzma"}) {
    const temporary_file config("service_grace = \"10min\"\ngaterpc_compression = \"" + codec + "\"\n");
    const broker_program broker(arguments{"--config", config.path()});
    const worker_program cpp(broker);
    process python = scripted_worker(broker.backend(), "test", codec);
    const Client client(broker.frontend());
    const Service test = client["test"];
    while (test["pid"]().get<int>() != python.pid()) {  // until it serves
    }
    constexpr int transfers = 24;
    int right = 0;
    std::vector<std::future<HugeData>> pending;
    for (int i = 0; i < transfers; ++i) pending.push_back(test["huge"](size).future<HugeData>());
    for (std::future<HugeData>& one : pending) {
      blocking_huge data = one.get().blocking();
      byte_check check;
      for (const std::string& chunk : data) check.take(chunk);
      right += check.sound() && check.position() == size ? 1 : 0;
    }
    const std::size_t by_python = python.count_lines("huge", process::stream::out);
    to.line(codec + ": HugeData to a C++ client",
            std::to_string(right) + " right, " + std::to_string(by_python) + " of Python",
            "all 24, each worker its part",
            right == transfers && by_python > 0 && by_python < static_cast<std::size_t>(transfers));
    right = 0;
    constexpr int processes = 8;
    std::vector<std::future<outcome>> callers;
    const arguments words{"test", "huge", std::to_string(size)};
    for (int i = 0; i < processes; ++i) {
      callers.push_back(std::async(std::launch::async, scripted_call, broker.frontend(), codec, words));
    }
    for (std::future<outcome>& caller : callers) right += caller.get().out == sound ? 1 : 0;
    const std::size_t more = python.count_lines("huge", process::stream::out) - by_python;
    to.line(codec + ": HugeData to Python clients",
            std::to_string(right) + " right, " + std::to_string(more) + " of Python", "all 8, each worker its part",
            right == processes && more > 0 && more < static_cast<std::size_t>(processes));
  }
}

void killed_python_worker(report& to) {
  if (without_python(to, "kill -9 of a Python worker")) return;
  patient_broker system;
  python_worker worker(system.broker);
  const Client client(system.broker.frontend());
  auto primes = client["calculator"]["primes"](1'000'000'000).stream<std::int64_t>().blocking();
  if (primes.next() != 2) throw did_not_happen("the stream does not begin");
  // The worker's process is busy with the stream, and these calls wait in it.
  constexpr int behind = 98;
  std::vector<std::future<int>> pending;
  for (int i = 0; i < behind; ++i) pending.push_back(client["calculator"]["add"](i, i).future<int>());
  process python = python_client(system.broker, {"calculator", "add", "1", "2"});
  const auto in_hand = [&] {
    auto stats = stats_of(client);
    return stats["now"]["in_flight"];
  };
  const auto end = clock::now() + patience;
  while (in_hand() < behind + 3) {  // the stream, Python's call and the call of stats
    if (clock::now() > end) throw did_not_happen("the worker is not given its calls");
  }
  const auto begin = clock::now();
  worker.program.kill();
  int lost = 0;
  for (std::future<int>& call : pending) {
    if (error_or_none([&] { call.get(); }).code() == errc::worker_lost) ++lost;
  }
  const Error ended = error_or_none([&] {
    while (primes.next()) {
    }
  });
  const auto took = clock::now() - begin;
  to.line("calls of a C++ client",
          std::to_string(lost) + " of " + std::to_string(behind) + " told worker_lost in " + in_words(took),
          "all, within 1 s", lost == behind && took < answered_within);
  to.line("a stream of a C++ client", std::string(to_string(ended.code())), "worker_lost",
          ended.code() == errc::worker_lost);
  const outcome told = end_of(python);
  const bool named = told.err.find("WorkerLostError") != std::string::npos;
  to.line("a call of a Python client", named ? "WorkerLostError" : "another end", "WorkerLostError", named);
}

}  // namespace gate::acceptance
