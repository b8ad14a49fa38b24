// Attacks by connections without a first message: endless handshakes, and silent peers.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <sys/resource.h>

#include "tests/support/attacks/guarded_system.hpp"

namespace gate::test {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

using peers = std::vector<std::unique_ptr<raw_tcp>>;

std::string in_seconds(clock::duration time) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  return std::to_string(ms / 1000) + "." + std::to_string(1000 + ms % 1000).substr(1) + " s";
}

struct ends {
  std::size_t closed = 0;
  clock::duration last{};
};

ends wait_for_ends(const peers& all, clock::time_point began) {
  ends e;
  for (const auto& each : all) e.closed += each->closed() ? 1u : 0u;
  e.last = clock::now() - began;
  return e;
}

// The soft limit is lower than that of a real attacker.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

void endless_handshakes(findings& to) {
  constexpr int at_once = 50;
  guarded_system system("hello_timeout = '1s'\n");
  const std::string& port = system.at_backend();
  struct kind {
    std::string_view name;
    std::string begins_with;
  };
  const std::string greeting = raw_tcp::greeting("PLAIN");
  const std::string hello = raw_tcp::command("HELLO",
                                             "\x05"
                                             "alice"
                                             "\x03"
                                             "pwd");
  const std::vector<kind> kinds{{"says nothing", ""},
                                {"half a greeting", greeting.substr(0, 30)},
                                {"a greeting alone", greeting},
                                {"half a login", greeting + hello.substr(0, hello.size() / 2)},
                                {"a login of 4 GiB", greeting + std::string("\x06\0\0\0\1\0\0\0\0", 9) + "HELLO"}};
  const auto begin = [&](const kind& of, peers& all) {
    for (int i = 0; i < at_once; ++i) {
      all.push_back(std::make_unique<raw_tcp>(port));
      all.back()->send(of.begins_with);
    }
  };
  const std::uint64_t before = system.fruitless();
  std::uint64_t sent = 0;
  for (const kind& each : kinds) {
    peers all;
    const auto began = clock::now();
    begin(each, all);
    const ends e = wait_for_ends(all, began);
    sent += at_once;
    to.all(std::string(each.name) + ", then nothing: cut", e.closed, at_once);
    to.pace("the last after", in_seconds(e.last), "hello_timeout (1 s) and 2 s", e.last < 3s);
  }

  // Single bytes now and then do not count as progress.
  raw_tcp slow(port);
  const auto began = clock::now();
  std::size_t said = 0;
  while (said < greeting.size() && slow.send(greeting.substr(said, 1)) && !slow.closed(100ms)) ++said;
  const auto took = clock::now() - began;
  to.holds("a byte each 100 ms: cut before the greeting is whole", said < greeting.size());
  to.pace("after", in_seconds(took), "hello_timeout (1 s) and 2 s", took < 3s);
  ++sent;
  static_cast<void>(system.becomes_fruitless(before + sent));
  to.all("counted as ended early, or as silent", system.fruitless() - before, sent);
  to.holds("some of them as failed handshakes, of which the transport told",
           system.count("transport", "handshakes_failed") > 0);
  to.holds("the audit log tells of them", system.audits("handshake_failed"));

  std::size_t silent = 0;
  const std::uint64_t silent_before = system.count("transport", "silent");
  {
    std::vector<std::unique_ptr<raw_tcp>> all;
    for (int i = 0; i < at_once; ++i) {
      all.push_back(std::make_unique<raw_tcp>(port));
      if (!all.back()->log_in("alice", password_of("alice"))) throw did_not_happen("a right login is not let in");
    }
    silent = wait_for_ends(all, clock::now()).closed;
  }
  to.all("a login that is right, then nothing: cut", silent, at_once);
  to.holds("each is counted as silent", rises_to(system.operators(), "transport", "silent", silent_before + at_once));

  steadiness(system).tell(to, "250 more at once", 2, [&] {
    peers all;
    for (const kind& each : kinds) begin(each, all);
    wait_for_ends(all, clock::now());
  });
  to.holds("who logs in is let in", comes_in(port, as("alice")));
}

void silent_connections(findings& to) {
  constexpr std::size_t many = sanitized ? 2'000 : 10'000;
  raise_descriptor_limit();
  guarded_system system("hello_timeout = '2s'\n");
  worker_program worker(system.broker(), "test", system.shown_by("wendy"));
  const Client alice = system.client("alice");
  alice["test"]["add"](2, 3).get<int>();
  const std::uint64_t before = system.fruitless();
  clock::duration longest{};
  const auto call = [&] {
    const auto began = clock::now();
    if (alice["test"]["add"](2, 3).within(30s).get<int>() != 5) throw did_not_happen("a wrong answer");
    longest = std::max(longest, clock::now() - began);
  };
  const auto connect_many = [&] {
    peers all;
    const auto began = clock::now();
    for (std::size_t i = 0; i < many; ++i) {
      all.push_back(std::make_unique<raw_tcp>(system.at_backend()));
      if (i % 100 == 0) call();
    }
    const auto connected = clock::now();
    const ends e = wait_for_ends(all, connected);
    to.all("cut", e.closed, many);
    to.pace("the time since the last had connected",
            in_seconds(e.last) + " (they took " + in_seconds(connected - began) + ")", "hello_timeout (2 s) and 3 s",
            e.last < 5s);
  };
  connect_many();
  to.holds("each is counted as ended early, or as silent", system.becomes_fruitless(before + many));
  steadiness watched(system);
  // On a slow machine fewer connections are open at once, and the most at once determine the broker's memory. A real
  // leak grows with each round, so a round that adds nothing ends the test.
  for (int i = 0; i < 5; ++i) {
    watched.begin();
    connect_many();
    if (watched.is_steady()) break;
  }
  watched.end(to, std::to_string(many) + " more");
  call();
  to.pace("the longest call between others", in_seconds(longest), "1 s", longest < 1s);
}

}  // namespace gate::test
