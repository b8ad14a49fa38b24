// Broker, worker and client on one loop, as docs/guide.md shows it: one test after another, in one process.
#include "examples/guide/in_process.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

#include <catch2/catch.hpp>
#include <spdlog/spdlog.h>

#include <gate/broker.hpp>
#include <gate/client.hpp>
#include <gate/error.hpp>
#include <gate/loop.hpp>
#include <gate/task.hpp>
#include <gate/worker.hpp>

using namespace std::chrono_literals;

namespace {

class Counter : public gate::Worker {
 public:
  GATE_INTERFACE_ON(gate::run_on::loop, add)
  int add(int number) { return sum_ += number; }

 private:
  int sum_ = 0;
};

gate::task<void> throw_at_once(gate::Client) {
  throw std::runtime_error("the first line fails");
  co_return;
}

gate::task<void> end_at_once(gate::Client) { co_return; }

gate::task<void> be_ready(gate::Client client) { co_await client.ready(); }

gate::task<void> add_one(gate::Client client) {
  const int sum = co_await client["counter"]["add"](1).as<int>();
  check(sum == 1, "each test has a worker of its own");
}

// The text of the test's exception; empty if it threw none.
std::string run(gate::task<void> (*test)(gate::Client), const std::string& address) {
  try {
    gate::loop loop;
    Counter worker;
    gate::Client client(loop, address);
    loop.run(run_beside(loop, worker, address, test(client)));
    return {};
  } catch (const std::exception& e) {
    return e.what();
  }
}

// These tests leave during a handshake: without this, their log lines would hide everything else.
struct quiet {
  quiet() { spdlog::set_level(spdlog::level::err); }
  ~quiet() { spdlog::set_level(spdlog::level::info); }
};

}  // namespace

TEST_CASE("a test in one process that ends at once leaves nothing behind that crashes", "[in_process]") {
  const quiet log;
  for (int i = 0; i < 200; ++i) {
    const std::string address = "inproc://ends-" + std::to_string(i);
    REQUIRE(run(throw_at_once, address) == "the first line fails");
    REQUIRE(run(end_at_once, address + "-well").empty());
    REQUIRE(run(be_ready, address + "-ready").empty());
  }
}

TEST_CASE("tests in one process may use one inproc name, one after another", "[in_process]") {
  const quiet log;
  for (int i = 0; i < 100; ++i) REQUIRE(run(add_one, "inproc://again").empty());
}
