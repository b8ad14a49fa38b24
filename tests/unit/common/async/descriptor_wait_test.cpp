#include "common/async/descriptor_wait.hpp"

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <gate/assert.hpp>

#include "tests/support/open_descriptors.hpp"
#include "tests/support/sanitized.hpp"

using namespace gate;
using namespace std::chrono_literals;

namespace {

class event {
 public:
  event() : descriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  event(const event&) = delete;
  event& operator=(const event&) = delete;
  ~event() { ::close(descriptor); }
  void set() const noexcept { GATE_ASSERT(::eventfd_write(descriptor, 1) == 0); }  // on any thread
  void take() const {
    eventfd_t count = 0;
    REQUIRE(::eventfd_read(descriptor, &count) == 0);
  }
  const int descriptor;
};

using maker = std::unique_ptr<detail::descriptor_wait> (*)();

}  // namespace

TEST_CASE("a wait ends by a descriptor, by a wake or by time, whichever way it waits", "[async]") {
  const maker make = GENERATE(&detail::make_own_wait, &detail::make_shared_wait);
  const auto wait = make();
  const event first, second;
  std::vector<pollfd> both{{first.descriptor, POLLIN, 0}, {second.descriptor, POLLIN, 0}};

  CHECK_FALSE(wait->wait(both, 0));
  CHECK_FALSE(wait->wait(both, 5));
  CHECK(both[0].revents == 0);

  for (int round = 0; round < 3; ++round) {
    std::thread other([&] { second.set(); });
    while (both[1].revents == 0) CHECK_FALSE(wait->wait(both, -1));
    other.join();
    CHECK(both[0].revents == 0);
    // Level-triggered: told again until it is taken.
    CHECK_FALSE(wait->wait(both, -1));
    CHECK(both[1].revents == POLLIN);
    second.take();
    CHECK_FALSE(wait->wait(both, 0));
    CHECK(both[1].revents == 0);
  }

  std::thread other([&] { wait->wake(); });
  while (!wait->wait(both, -1)) {
  }
  other.join();
  CHECK_FALSE(wait->wait(both, 0));
  wait->wake();
  CHECK(wait->wait(both, -1));
}

TEST_CASE("one descriptor may be waited for twice, for different things", "[async]") {
  const maker make = GENERATE(&detail::make_own_wait, &detail::make_shared_wait);
  const auto wait = make();
  const event both_ways;
  std::vector<pollfd> twice{{both_ways.descriptor, POLLOUT, 0}, {both_ways.descriptor, POLLIN, 0}};
  CHECK_FALSE(wait->wait(twice, -1));
  CHECK(twice[0].revents == POLLOUT);
  CHECK(twice[1].revents == 0);
}

TEST_CASE("loops that share wait apart: each hears of its own descriptors and wakes", "[async]") {
  constexpr std::size_t count = 50;
  std::vector<std::unique_ptr<event>> asks, answers;
  for (std::size_t i = 0; i < count; ++i) {
    asks.push_back(std::make_unique<event>());
    answers.push_back(std::make_unique<event>());
  }
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      const auto wait = detail::make_shared_wait();
      for (int round = 0; round < 20; ++round) {
        std::vector<pollfd> one{{asks[i]->descriptor, POLLIN, 0}};
        while (one[0].revents == 0) static_cast<void>(wait->wait(one, -1));
        eventfd_t taken = 0;
        static_cast<void>(::eventfd_read(asks[i]->descriptor, &taken));
        static_cast<void>(::eventfd_write(answers[i]->descriptor, 1));
      }
    });
  }
  const auto mine = detail::make_shared_wait();
  for (int round = 0; round < 20; ++round) {
    for (std::size_t i = 0; i < count; ++i) {
      asks[i]->set();
      std::vector<pollfd> one{{answers[i]->descriptor, POLLIN, 0}};
      while (one[0].revents == 0) static_cast<void>(mine->wait(one, -1));
      answers[i]->take();
    }
  }
  for (std::thread& t : threads) t.join();
}

#ifndef GATE_TEST_SANITIZERS  // the sanitizer opens a pipe to look at an address
TEST_CASE("a frugal wait is to be had when there is no descriptor, and costs one for the first few only", "[async]") {
  static_cast<void>(detail::make_shared_wait()->wait(*std::make_unique<std::vector<pollfd>>(), 1));
  std::vector<std::unique_ptr<detail::descriptor_wait>> many;
  const std::size_t before = test::open_descriptors();
  for (int i = 0; i < 100; ++i) many.push_back(detail::make_frugal_wait());
  CHECK(test::open_descriptors() <= before + 2);
  many.clear();
  CHECK(test::open_descriptors() == before);

  const test::scarce_descriptors none(0);
  const auto wait = detail::make_frugal_wait();
  std::vector<pollfd> nothing;
  wait->wake();
  CHECK(wait->wait(nothing, -1));
}
#endif

#ifndef GATE_TEST_SANITIZERS  // the sanitizer opens a pipe to look at an address
TEST_CASE("more descriptors than the process may have open are waited for all the same", "[async]") {
  const maker make = GENERATE(&detail::make_own_wait, &detail::make_shared_wait);
  const auto wait = make();
  const event calm, ready;
  ready.set();
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit tiny = before;
  tiny.rlim_cur = 1;  // poll(2) refuses two
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &tiny) == 0);
  std::vector<pollfd> both{{calm.descriptor, POLLIN, 0}, {ready.descriptor, POLLIN, 0}};
  const bool woken = wait->wait(both, -1);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK_FALSE(woken);
  CHECK(both[1].revents == POLLIN);
  CHECK(both[0].revents == 0);
}
#endif
