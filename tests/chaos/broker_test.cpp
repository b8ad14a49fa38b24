// A broker that is killed and started again while clients call and stream.
#include <atomic>
#include <csignal>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/programs.hpp"

using namespace gate;
using namespace gate::test;
using namespace std::chrono_literals;

namespace {

// Calls without a pause until told to stop. An idempotent call must always be answered; any other may end as
// unavailable.
class load {
 public:
  load(Client client, bool idempotent)
      : client_(std::move(client)), idempotent_(idempotent), thread_([this] { run(); }) {}
  load(const load&) = delete;
  load& operator=(const load&) = delete;
  ~load() { stop(); }

  void stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }
  // Waits for this many more answers.
  bool goes_on(int more) const {
    const int goal = answered_ + more;
    const auto end = std::chrono::steady_clock::now() + patience;
    while (answered_ < goal) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }

  int answered() const { return answered_; }
  int unavailable() const { return unavailable_; }
  int wrong() const { return wrong_; }

 private:
  void run() {
    for (int i = 0; !stopping_; ++i) {
      try {
        const int sum = client_["test"]["add"](i, 1).within(60s).idempotent(idempotent_).get<int>();
        ++(sum == i + 1 ? answered_ : wrong_);
      } catch (const Error& e) {
        // The broker was killed while it had the call, or while it started again.
        ++(!idempotent_ && e.code() == errc::unavailable ? unavailable_ : wrong_);
      }
    }
  }

  Client client_;
  bool idempotent_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> answered_{0}, unavailable_{0}, wrong_{0};
  std::thread thread_;
};

}  // namespace

TEST_CASE("a broker killed under load and started again gets all its peers back", "[chaos]") {
  test_system system;
  worker_program other(system.broker);
  Client second(system.broker.frontend());
  load plain(system.client, false), safe(second, true);
  CHECK(plain.goes_on(50));
  CHECK(safe.goes_on(50));
  for (std::size_t round = 1; round <= 3; ++round) {
    system.broker.program().kill();
    system.broker.start_again();
    system.worker.program().wait_for_line("READY", process::stream::out, 1 + round);
    other.program().wait_for_line("READY", process::stream::out, 1 + round);
    CHECK(plain.goes_on(50));
    CHECK(safe.goes_on(50));
  }
  plain.stop();
  safe.stop();
  CHECK(plain.wrong() == 0);
  CHECK(plain.unavailable() <= 3);  // at most the one that was in flight at each kill
  CHECK(safe.wrong() == 0);
  CHECK(system.worker.program().running());
  CHECK(other.program().running());
}

TEST_CASE("calls and streams in flight when the broker is killed end, and their methods as well", "[chaos]") {
  test_system system;
  std::vector<std::future<void>> calls;
  for (int i = 0; i < 100; ++i) calls.push_back(system.test["hang"]().future<void>());
  auto stream = system.test["endless"]().stream<int>().blocking();
  CHECK(stream.next() == 0);
  REQUIRE(system.test["await"]("hang.started", 100).get<int>() == 100);
  system.broker.program().kill();
  for (auto& call : calls) {
    REQUIRE(call.wait_for(patience) == std::future_status::ready);
    const Error e = error_of([&] { call.get(); });
    CHECK(e.code() == errc::unavailable);
    CHECK(e.where() == origin::local);
  }
  const auto read_on = [&] {
    while (stream.next()) {
    }
  };
  CHECK(error_of(read_on).code() == errc::unavailable);

  system.broker.start_again();
  CHECK(system.test["await"]("hang.ended", 100).get<int>() == 100);
  CHECK(system.test["await"]("endless.ended", 1).get<int>() == 1);
}

TEST_CASE("a broker that freezes for a while and wakes up goes on, or is replaced by new connections", "[chaos]") {
  test_system system;
  load safe(system.client, true);
  CHECK(safe.goes_on(50));
  system.broker.program().signal(SIGSTOP);
  std::this_thread::sleep_for(300ms);
  system.broker.program().signal(SIGCONT);
  CHECK(safe.goes_on(200));
  safe.stop();
  CHECK(safe.wrong() == 0);
}
