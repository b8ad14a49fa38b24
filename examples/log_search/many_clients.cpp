// Many clients that search at the same time, for a while, and count how their calls end.
// usage: log-search-many-clients TEXT BROKER [CLIENTS [SECONDS]]
//
// Prints `started` after the first reply. At the end prints one line: how many calls succeeded, how many failed with
// each error, how many had no outcome in their time, and the time of the first failure, in milliseconds since 1970.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <string>
#include <string_view>

#include <gate/client.hpp>
#include <gate/sleep.hpp>
#include <gate/task_group.hpp>

#include "examples/log_search/match.hpp"

using namespace std::chrono_literals;

namespace {

constexpr auto budget = 10s;

struct tally {
  std::uint64_t ok = 0, ok_since_failure = 0, matches = 0, hung = 0;
  std::map<std::string, std::uint64_t> failed;
  std::int64_t first_failure_ms = 0;
};

std::int64_t wall_clock_ms() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

void count_failure(tally& counts, const gate::Error& e) {
  if (counts.first_failure_ms == 0) counts.first_failure_ms = wall_clock_ms();
  ++counts.failed[std::string(to_string(e.code()))];
}

// [one_call]
// Streams are calls: each ends with all its items, or with an Error that says why.
gate::task<void> search(gate::Client client, std::string text, tally& counts) {
  try {
    auto matches = client["log_search"]["find"](text).within(budget).stream<log_search::match>();
    while (auto m = co_await matches.next()) ++counts.matches;
    if (counts.first_failure_ms != 0) ++counts.ok_since_failure;
    if (++counts.ok == 1) std::cout << "started" << std::endl;
  } catch (const gate::Error& e) {
    count_failure(counts, e);
  }
}
// [/one_call]

gate::task<void> search_until(gate::instant end, gate::Client client, std::string text, tally& counts) {
  gate::loop& here = co_await gate::this_loop();
  while (here.now() < end) {
    const gate::instant begun = here.now();
    co_await search(client, text, counts);
    if (here.now() - begun > budget + 1s) ++counts.hung;
  }
}

gate::task<void> run(gate::Client client, std::string text, int clients, int seconds, tally& counts) {
  co_await client.ready();
  const gate::env here = co_await gate::current_env();
  const gate::instant end = here.where->now() + std::chrono::seconds(seconds);
  gate::task_group group(here);
  for (int i = 0; i < clients; ++i) group.spawn(search_until(end, client, text, counts));
  co_await group.join();
}

void print(const tally& counts) {
  std::uint64_t failed = 0;
  for (const auto& [code, count] : counts.failed) failed += count;
  std::cout << "ok=" << counts.ok << " failed=" << failed << " hung=" << counts.hung << " matches=" << counts.matches;
  if (failed != 0) {
    std::cout << " first_failure_ms=" << counts.first_failure_ms << " ok_since_failure=" << counts.ok_since_failure;
  }
  for (const auto& [code, count] : counts.failed) std::cout << ' ' << code << '=' << count;
  std::cout << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  const int clients = argc > 3 ? std::atoi(argv[3]) : 50;
  const int seconds = argc > 4 ? std::atoi(argv[4]) : 3;
  const bool help = argc > 1 && std::string_view(argv[1]) == "--help";
  if (help || argc < 3 || argc > 5 || clients < 1 || seconds < 1) {
    (help ? std::cout : std::cerr) << "usage: log-search-many-clients TEXT BROKER [CLIENTS [SECONDS]]\n";
    return help ? 0 : 2;
  }
  try {
    gate::loop loop;
    tally counts;
    gate::Client client(loop, argv[2]);
    loop.run(run(client, argv[1], clients, seconds, counts));
    print(counts);
  } catch (const std::exception& e) {
    std::cerr << "log-search-many-clients: " << e.what() << '\n';
    return 1;
  }
}
