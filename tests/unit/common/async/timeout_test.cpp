#include <memory>
#include <stdexcept>
#include <string>

#include <catch2/catch.hpp>

#include <gate/sleep.hpp>
#include <gate/timeout.hpp>

#include "tests/support/virtual_time.hpp"

using namespace std::chrono_literals;
using gate::task;
using gate::test::virtual_time;

namespace {

task<std::unique_ptr<int>> after(gate::duration d, int n) {
  co_await gate::sleep_for(d);
  co_return std::make_unique<int>(n);
}
task<void> stubborn(bool& cleaned_up) {
  try {
    co_await gate::sleep_for(1h);
  } catch (const gate::cancelled&) {
    cleaned_up = true;
    throw;
  }
}
task<int> swallows() {
  try {
    co_await gate::sleep_for(1h);
  } catch (const gate::cancelled&) {
  }
  co_return 1;
}
task<void> fails_in_cleanup() {
  try {
    co_await gate::sleep_for(1h);
  } catch (const gate::cancelled&) {
    throw std::runtime_error("cleanup");
  }
}

}  // namespace

TEST_CASE("work that ends in time is not disturbed, and its timer goes", "[async]") {
  virtual_time time;
  gate::loop here(time, time);
  const auto result = here.run(gate::with_timeout(2s, after(1s, 5)));
  CHECK(*result == 5);
  CHECK(here.timers() == 0);
  CHECK(time.elapsed() == 1s);
}

TEST_CASE("work that takes too long is cancelled, waited for, and timed_out thrown", "[async]") {
  virtual_time time;
  gate::loop here(time, time);
  bool cleaned_up = false;
  CHECK_THROWS_AS(here.run(gate::with_timeout(2s, stubborn(cleaned_up))), gate::timed_out);
  CHECK(cleaned_up);
  CHECK(time.elapsed() == 2s);
  CHECK(here.timers() == 0);
}

TEST_CASE("a result that comes too late is dropped", "[async]") {
  CHECK_THROWS_AS(gate::test::run_virtual(gate::with_timeout(2s, swallows())), gate::timed_out);
}

TEST_CASE("another exception of late work passes", "[async]") {
  CHECK_THROWS_WITH(gate::test::run_virtual(gate::with_timeout(2s, fails_in_cleanup())), "cleanup");
}

TEST_CASE("the inner timeout is the inner one's, the outer the outer one's", "[async]") {
  virtual_time time;
  gate::loop here(time, time);
  std::string log;
  const auto nested = [](std::string& out, gate::duration inner) -> task<void> {
    try {
      co_await gate::with_timeout(inner, after(1h, 1));
    } catch (const gate::timed_out&) {
      out += "inner timed out;";
    } catch (const gate::cancelled&) {
      out += "inner cancelled;";
      throw;
    }
  };
  here.run(gate::with_timeout(2s, nested(log, 1s)));
  CHECK(log == "inner timed out;");
  log.clear();
  CHECK_THROWS_AS(here.run(gate::with_timeout(1s, nested(log, 2s))), gate::timed_out);
  CHECK(log == "inner cancelled;");
}

TEST_CASE("a timeout of zero gives work that waits no chance, and one beyond all time is none", "[async]") {
  virtual_time time;
  gate::loop here(time, time);
  CHECK_THROWS_AS(here.run(gate::with_timeout(0s, after(1ns, 1))), gate::timed_out);
  const auto result = here.run(gate::with_timeout(gate::duration::max(), after(1s, 6)));
  CHECK(*result == 6);
}

TEST_CASE("a timeout works for references", "[async]") {
  std::string text = "here";
  const auto refers = [](std::string& s) -> task<std::string&> {
    co_await gate::yield();
    co_return s;
  };
  CHECK(&gate::test::run_virtual(gate::with_timeout(1s, refers(text))) == &text);
}
