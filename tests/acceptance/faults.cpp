// Processes that are killed or frozen: every call ends in time, and the other processes work on.
#include <atomic>
#include <csignal>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/acceptance/report.hpp"
#include "tests/support/programs.hpp"

namespace gate::acceptance {

using namespace gate::test;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

constexpr int calls_in_hand = 100;

struct outcomes {
  int answered = 0, worker_lost = 0, unavailable = 0, other = 0, hung = 0;
  std::chrono::duration<double> last_end{0};

  int ended() const { return answered + worker_lost + unavailable + other; }
  std::string text() const {
    std::string kinds;
    const auto add = [&kinds](int count, const char* kind) {
      if (count > 0) kinds += (kinds.empty() ? "" : ", ") + std::to_string(count) + " " + kind;
    };
    add(answered, "answered");
    add(worker_lost, "worker_lost");
    add(unavailable, "unavailable");
    add(other, "other errors");
    return std::to_string(ended()) + " ended (" + kinds + "), " + std::to_string(hung) + " hung";
  }
};

template <class T> void settle_one(std::future<T>& call, outcomes& o) {
  try {
    call.get();
    ++o.answered;
  } catch (const Error& e) {
    ++(e.code() == errc::worker_lost ? o.worker_lost : e.code() == errc::unavailable ? o.unavailable : o.other);
  }
}

// Waits for each call until the deadline.
template <class T>
outcomes settle(std::vector<std::future<T>>& calls, clock::time_point begin, std::chrono::milliseconds deadline) {
  outcomes o;
  for (auto& call : calls) {
    if (call.wait_until(begin + deadline) != std::future_status::ready) {
      ++o.hung;
      continue;
    }
    settle_one(call, o);
    o.last_end = clock::now() - begin;
  }
  return o;
}

// Makes calls in its own thread, one at a time, until it is stopped.
class steady_calls {
 public:
  steady_calls(Client client, std::string service)
      : client_(std::move(client)), service_(std::move(service)), thread_([this] { run(); }) {}
  steady_calls(const steady_calls&) = delete;
  steady_calls& operator=(const steady_calls&) = delete;
  ~steady_calls() { stop(); }
  void stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }
  int right() const { return right_; }
  int wrong() const { return wrong_; }
  std::chrono::duration<double> longest() const { return longest_; }

 private:
  void run() {
    for (int i = 0; !stopping_; ++i) {
      const auto begin = clock::now();
      try {
        const int sum = client_[service_]["add"](i, 1).within(10s).get<int>();
        ++(sum == i + 1 ? right_ : wrong_);
      } catch (const Error&) {
        ++wrong_;
      }
      longest_ = std::max<std::chrono::duration<double>>(longest_, clock::now() - begin);
    }
  }

  Client client_;
  std::string service_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> right_{0}, wrong_{0};
  std::chrono::duration<double> longest_{0};  // read after stop()
  std::thread thread_;
};

// Reports whether calls to another worker, and to another service of the same broker, were answered meanwhile.
void say_others_went_on(report& to, steady_calls& others) {
  others.stop();
  to.line("calls to another worker meanwhile",
          std::to_string(others.right()) + " answered, " + std::to_string(others.wrong()) + " not, the longest " +
              in_words(others.longest()),
          "all answered, each within 1 s", others.wrong() == 0 && others.right() > 0 && others.longest() < 1s);
}

std::vector<std::future<void>> hundred_calls(const test_system& system, std::chrono::milliseconds budget) {
  std::vector<std::future<void>> calls;
  for (int i = 0; i < calls_in_hand; ++i) calls.push_back(system.test["hang"]().within(budget).future<void>());
  if (system.test["await"]("hang.started", calls_in_hand).get<int>() != calls_in_hand) {
    throw did_not_happen("the calls did not reach the worker");
  }
  return calls;
}

}  // namespace

void killed_worker(report& to) {
  test_system system;
  worker_program elsewhere(system.broker, "other");
  auto calls = hundred_calls(system, 10s);
  worker_program twin(system.broker);
  Client second(system.broker.frontend());
  steady_calls others(second, "other");

  const auto begin = clock::now();
  system.worker.program().signal(SIGKILL);
  const outcomes o = settle(calls, begin, 10s);
  to.line("the 100 calls", o.text(), "100 ended, 0 hung", o.ended() == calls_in_hand && o.hung == 0);
  to.line("time to the last end", in_words(o.last_end), "10 s, their deadline", o.last_end < 10s);

  int right = 0;
  for (int i = 0; i < 1000; ++i) right += system.test["add"](i, 1).within(10s).get<int>() == i + 1 ? 1 : 0;
  to.line("calls to its twin after it", std::to_string(right) + " of 1000 answered", "all", right == 1000);
  say_others_went_on(to, others);
}

void frozen_worker(report& to) {
  test_system system;
  worker_program elsewhere(system.broker, "other");
  auto calls = hundred_calls(system, 30s);
  Client second(system.broker.frontend());
  steady_calls others(second, "other");

  const auto begin = clock::now();
  system.worker.program().signal(SIGSTOP);
  const outcomes o = settle(calls, begin, 30s);
  to.line("the 100 calls", o.text(), "100 ended, 0 hung", o.ended() == calls_in_hand && o.hung == 0);
  to.line("time until it is found", in_words(o.last_end), "5 s", o.last_end < 5s);
  say_others_went_on(to, others);
}

void restarted_broker(report& to) {
  constexpr auto two_intervals = 2 * limits::heartbeat_interval;
  test_system system;
  std::vector<std::unique_ptr<worker_program>> workers;
  std::vector<Client> clients;
  for (int i = 0; i < 3; ++i) {
    workers.push_back(std::make_unique<worker_program>(system.broker, "service-" + std::to_string(i)));
    clients.emplace_back(system.broker.frontend());
    clients.back()["service-" + std::to_string(i)]["echo"](i).get<int>();
  }
  auto in_flight = hundred_calls(system, 30s);

  const auto killed = clock::now();
  system.broker.program().kill();
  const outcomes o = settle(in_flight, killed, 30s);
  to.line("100 calls in flight", o.text(), "100 ended, 0 hung", o.ended() == calls_in_hand && o.hung == 0);

  // By then all of them wait in their longest pause between two attempts.
  std::this_thread::sleep_until(killed + 2s);
  system.broker.start_again();
  const auto back = clock::now();
  int answered = 0;
  for (int i = 0; i < 3; ++i) {
    const auto client = clients[static_cast<std::size_t>(i)];
    answered += client["service-" + std::to_string(i)]["echo"](i).within(20s).get<int>() == i ? 1 : 0;
  }
  const std::chrono::duration<double> took = clock::now() - back;
  to.line("3 clients and 3 workers call each other again after", in_words(took),
          in_words(two_intervals) + ", two heartbeat intervals", answered == 3 && took < two_intervals);
  int running = system.worker.program().running() ? 1 : 0;
  for (const auto& each : workers) running += each->program().running() ? 1 : 0;
  to.line("workers that were not started again", std::to_string(running) + " of 4", "all", running == 4);
}

}  // namespace gate::acceptance
