// A client with the unusual habits of other people's programs.
//
//   gate-test-odd-client durations BROKER       calls with every duration at its largest, and at its least
//   gate-test-odd-client fork BROKER            calls before fork(), in the child, and afterwards
//   gate-test-odd-client fork-static BROKER     both processes end by exit() while a static Client exists
//   gate-test-odd-client flood BROKER N BYTES SERVICE.METHOD   N calls with so many bytes each, at once
//   gate-test-odd-client patient BROKER         calls gate-test-worker's pid until a call fails
//   gate-test-odd-client truncated BROKER BACKEND   reads a huge answer whose end does not state its total
//
// Calls go to the service `rough` of gate-test-rough-worker. fork needs gate-test-worker as well. The outcomes are
// written to stdout, one line each.
#include <chrono>
#include <cstdlib>
#include <exception>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <gate/client.hpp>
#include <gate/sleep.hpp>
#include <gate/timeout.hpp>

#include "tests/support/raw_peer.hpp"

// The child of a fork() leaks what the threads of its parent owned. LeakSanitizer must not report that.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }

namespace {

using namespace std::chrono_literals;
using std::chrono::hours;
using std::chrono::milliseconds;

// The outcome of a call: "ok", or the code and text of its error.
std::string outcome_of(const gate::Client& client) {
  try {
    return client["rough"]["pid"]().get<int>() > 0 ? "ok" : "no pid";
  } catch (const gate::Error& e) {
    return std::string(gate::to_string(e.code())) + ": " + e.what();
  }
}

void say(const std::string& what, const std::string& outcome) { std::cout << what << ": " << outcome << std::endl; }

// --- durations

gate::client_options with_all(const std::string& broker, milliseconds length) {
  gate::client_options o(broker);
  o.idle_timeout = o.connect_timeout = o.reconnect_pause_min = o.reconnect_pause_max = length;
  o.heartbeat_interval = o.transport_heartbeat_interval = o.transport_heartbeat_timeout = length;
  o.default_budget = length;
  return o;
}

gate::task<void> sleep_for_ever() { co_await gate::sleep_for(hours::max()); }

gate::task<std::string> within_a_loop(const gate::Client& client) {
  gate::task<int> calling = client["rough"]["pid"]().within(hours::max()).as<int>();
  const int pid = co_await gate::with_timeout(hours::max(), std::move(calling));
  co_await gate::sleep_for(milliseconds::min());
  co_await gate::sleep_for(-1s);
  bool late = false;
  try {
    gate::task<void> sleeping = sleep_for_ever();
    co_await gate::with_timeout(milliseconds::min(), std::move(sleeping));
  } catch (const gate::timed_out&) {
    late = true;
  }
  co_return pid > 0 && late ? "ok" : "wrong";
}

int durations(const std::string& broker) {
  say("max", outcome_of(gate::Client(with_all(broker, milliseconds::max()))));
  gate::client_options o(broker);
  o.connect_timeout = milliseconds::max();
  say("connect_timeout max", outcome_of(gate::Client(o)));
  gate::client_options least = with_all(broker, milliseconds::min());
  least.default_budget.reset();
  least.connect_timeout = least.idle_timeout = 10s;
  say("pauses and heartbeats min", outcome_of(gate::Client(least)));
  const gate::Client client{broker};
  say("within max", [&] {
    try {
      return client["rough"]["pid"]().within(milliseconds::max()).get<int>() > 0 ? "ok" : "no pid";
    } catch (const gate::Error& e) {
      return e.what();
    }
  }());
  gate::loop here;
  say("on a loop", here.run(within_a_loop(client)));
  return 0;
}

// --- fork

int fork_with(const std::string& broker, gate::Client& client) {
  say("before", outcome_of(client));
  gate::blocking_huge endless = client["test_worker"]["huge_endless"]().get<gate::HugeData>().blocking();
  while (endless.position() < (4 << 20)) endless.next();
  std::cout.flush();
  const pid_t child = ::fork();
  if (child == 0) {
    const auto began = std::chrono::steady_clock::now();
    say("child, inherited", outcome_of(client));
    try {
      auto items = client["rough"]["items"]("int").stream<int>().blocking();
      for (const int item : items) say("child, item", std::to_string(item));
    } catch (const gate::Error& e) {
      say("child, inherited stream", std::string(gate::to_string(e.code())) + ": " + e.what());
    }
    try {
      for (;;) endless.next();
    } catch (const gate::Error& e) {
      say("child, inherited HugeData", std::string(gate::to_string(e.code())) + ": " + e.what());
    }
    const auto took = std::chrono::steady_clock::now() - began;
    say("child, all within 1 s", took < 1s ? "ok" : "late");
    {
      gate::Client own{broker};
      say("child, its own", outcome_of(own));
      const gate::Client copy = client;
    }
    std::exit(7);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  say("child left by exit", WIFEXITED(status) && WEXITSTATUS(status) == 7 ? "ok" : std::to_string(status));
  say("behind", outcome_of(client));
  return 0;
}

// --- memory

int flood(const std::string& broker, std::size_t count, std::size_t bytes, const std::string& what) {
  gate::client_options o(broker);
  o.huge_threshold = 64 << 20;
  const gate::Client client(o);
  const std::string argument(bytes, 'x');
  const std::size_t point = what.find('.');
  const gate::Service service = client[what.substr(0, point)];
  const std::string method = what.substr(point + 1);
  std::map<std::string, int> outcomes;
  std::vector<std::future<int>> calls;
  for (std::size_t i = 0; i < count; ++i) calls.push_back(service[method](argument).within(20s).future<int>());
  for (auto& call : calls) {
    try {
      call.get();
      ++outcomes["ok"];
    } catch (const gate::Error& e) {
      ++outcomes[std::string(gate::to_string(e.code())) + ", " + e.what()];
    }
  }
  for (const auto& [outcome, times] : outcomes) say(outcome, std::to_string(times));
  return 0;
}

// --- a broker that leaves

int patient(const std::string& broker) {
  const gate::Client client{broker};
  for (int calls = 0;; ++calls) {
    try {
      client["test_worker"]["pid"]().get<int>();
      if (calls == 0) say("before", "ok");
    } catch (const gate::Error& e) {
      say("after", std::string(gate::to_string(e.code())) + ": " + e.what());
      return 0;
    }
    std::this_thread::sleep_for(5ms);
  }
}

// --- a huge answer

int truncated(const std::string& frontend, const std::string& backend) {
  gate::test::raw_dealer worker(backend);
  worker.hello_as_worker("short", 1);
  worker.wait_for(gate::message_type::welcome);
  const gate::Client client{frontend};
  std::future<std::string> reading = std::async(std::launch::async, [&]() -> std::string {
    try {
      auto data = client["short"]["echo"]().get<gate::HugeData>().blocking();
      std::size_t size = 0;
      while (auto chunk = data.next()) size += chunk->size();
      return "whole: " + std::to_string(size);
    } catch (const gate::Error& e) {
      return std::string(gate::to_string(e.code())) + ": " + e.what();
    }
  });
  const gate::call_id call = worker.next_request();
  gate::message head;
  head.type = gate::message_type::part;
  head.call = call;
  head.flags = gate::message_flag::no_payload;
  head.content = gate::huge_content::raw;
  worker.send(head);
  gate::message end;
  end.type = gate::message_type::final;
  end.call = call;
  end.flags = gate::message_flag::no_payload;
  worker.send(end);
  say("an end without a total", reading.get());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 2) return 2;
  try {
    if (words[0] == "durations") return durations(words[1]);
    if (words[0] == "fork") {
      gate::Client client{words[1]};
      return fork_with(words[1], client);
    }
    if (words[0] == "fork-static") {
      static gate::Client client{words[1]};
      std::exit(fork_with(words[1], client));
    }
    if (words[0] == "patient") return patient(words[1]);
    if (words[0] == "flood" && words.size() == 5) {
      return flood(words[1], std::stoul(words[2]), std::stoul(words[3]), words[4]);
    }
    if (words[0] == "truncated") return truncated(words[1], words.at(2));
  } catch (const std::exception& e) {
    std::cout << "failed: " << e.what() << std::endl;
    return 1;
  }
  return 2;
}
