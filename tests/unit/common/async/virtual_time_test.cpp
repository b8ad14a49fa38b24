#include "tests/support/virtual_time.hpp"

#include <chrono>

#include <catch2/catch.hpp>

#include <gate/sleep.hpp>

using namespace std::chrono_literals;
using gate::task;
using gate::test::virtual_time;

TEST_CASE("a year of virtual time passes without waiting", "[async]") {
  virtual_time time;
  gate::loop here(time, time);
  const auto body = []() -> task<void> {
    for (int day = 0; day < 365; ++day) co_await gate::sleep_for(24h);
  };
  const auto start = std::chrono::steady_clock::now();
  here.run(body());
  CHECK(time.elapsed() == 365 * 24h);
  CHECK(std::chrono::steady_clock::now() - start < 1h);
}

TEST_CASE("virtual time has no sockets to watch", "[async]") {
  virtual_time time;
  gate::loop here(time, time);
  CHECK_THROWS_AS(here.watch_fd(0, [] {}), std::logic_error);
}
