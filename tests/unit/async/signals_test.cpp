#include "common/src/signals.hpp"

#include <vector>

#include <catch2/catch.hpp>
#include <signal.h>

#include <gate/event.hpp>
#include <gate/loop.hpp>
#include <gate/timeout.hpp>

using namespace std::chrono_literals;
using gate::loop;
using gate::task;

TEST_CASE("signals of the process are told on the loop, and kill nothing", "[async]") {
  loop here;
  std::vector<int> seen;
  gate::async_event news;
  const auto body = [&]() -> task<void> {
    const gate::signal_watch signals(here, {SIGTERM, SIGHUP}, [&](int number) {
      seen.push_back(number);
      news.notify_all();
    });
    ::raise(SIGHUP);
    while (seen.empty()) co_await news.wait();
    ::raise(SIGTERM);
    while (seen.size() < 2) co_await news.wait();
  };
  here.run(gate::with_timeout(30s, body()));
  CHECK(seen == std::vector<int>{SIGHUP, SIGTERM});
}
