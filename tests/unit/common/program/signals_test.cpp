#include "common/program/signals.hpp"

#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gate/event.hpp>
#include <gate/loop.hpp>
#include <gate/sleep.hpp>
#include <gate/timeout.hpp>

using namespace std::chrono_literals;
using gate::loop;
using gate::task;

namespace {

// The signal mask and the ignored signals of a program that is started now.
std::string signals_of_a_child() {
  std::FILE* const from = ::popen("grep 'Sig[BI]' /proc/self/status", "r");
  REQUIRE(from != nullptr);
  std::string text;
  std::array<char, 512> piece{};
  while (std::fgets(piece.data(), piece.size(), from) != nullptr) text += piece.data();
  ::pclose(from);
  return text;
}

}  // namespace

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
    ::raise(SIGTERM);
    while (seen.size() < 3) co_await news.wait();
  };
  here.run(gate::with_timeout(30s, body()));
  CHECK(seen == std::vector<int>{SIGHUP, SIGTERM, SIGTERM});
}

TEST_CASE("a signal that came before there was a watch is told first", "[async]") {
  gate::keep_signals({SIGUSR1});
  ::raise(SIGUSR1);
  loop here;
  gate::async_event news;
  int seen = 0;
  const auto body = [&]() -> task<void> {
    const gate::signal_watch signals(here, {SIGUSR1}, [&](int number) {
      seen = number;
      news.notify_all();
    });
    while (seen == 0) co_await news.wait();
  };
  here.run(gate::with_timeout(30s, body()));
  CHECK(seen == SIGUSR1);
}

TEST_CASE("a program that is started meanwhile has the signals of before, and so has the process afterwards",
          "[async]") {
  const std::string before = signals_of_a_child();
  struct sigaction action {};  // SIGHUP, since Catch2 handles the others
  {
    loop here;
    const gate::signal_watch signals(here, {SIGTERM, SIGHUP, SIGINT}, [](int) {});
    CHECK(signals_of_a_child() == before);
    ::sigaction(SIGHUP, nullptr, &action);
    CHECK(action.sa_handler != SIG_DFL);
  }
  ::sigaction(SIGHUP, nullptr, &action);
  CHECK(action.sa_handler == SIG_DFL);
}

TEST_CASE("an ignored SIGHUP stays ignored, and what is started finds it so", "[async]") {
  struct sigaction ignored {};
  ignored.sa_handler = SIG_IGN;
  struct sigaction before {};
  ::sigaction(SIGHUP, &ignored, &before);
  const std::string wanted = signals_of_a_child();
  loop here;
  bool told = false;
  const auto body = [&]() -> task<void> {
    const gate::signal_watch signals(here, {SIGHUP, SIGTERM}, [&](int) { told = true; });
    ::raise(SIGHUP);
    CHECK(signals_of_a_child() == wanted);
    for (int i = 0; i < 10; ++i) co_await gate::yield();
  };
  here.run(body());
  CHECK_FALSE(told);
  struct sigaction now {};
  ::sigaction(SIGHUP, &before, &now);
  CHECK(now.sa_handler == SIG_IGN);
}

TEST_CASE("a child of fork() that goes on in its parent's loop does not spin", "[async]") {
  loop here;
  const auto body = [&]() -> task<void> {
    const gate::signal_watch signals(here, {SIGUSR2, SIGTERM}, [](int) {});
    const pid_t child = ::fork();
    if (child == 0) {
      int turns = 0;
      const gate::turn_hook counting = here.at_turn_end([&] { ++turns; });
      co_await gate::sleep_for(300ms);
      ::_exit(turns < 10 ? 7 : 8);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(WEXITSTATUS(status) == 7);
    co_return;
  };
  here.run(body());
}

TEST_CASE("a child of fork() has the actions of before, and tells its parent nothing", "[async]") {
  loop here;
  bool told = false;
  const auto body = [&]() -> task<void> {
    const gate::signal_watch signals(here, {SIGUSR2}, [&](int) { told = true; });
    const pid_t child = ::fork();
    if (child == 0) {
      ::raise(SIGUSR2);
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status));
    for (int i = 0; i < 10; ++i) co_await gate::yield();
  };
  here.run(body());
  CHECK_FALSE(told);
}
