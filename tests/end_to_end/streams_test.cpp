// Streams in both directions, and which side waits for the other.
#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/async_generator.hpp>
#include <gate/generator.hpp>
#include <gate/loop.hpp>
#include <gate/task.hpp>

#include "tests/support/programs.hpp"

using namespace gate;
using namespace gate::test;
using namespace std::chrono_literals;
using std::int64_t;

namespace {

generator<int64_t> numbers_below(int64_t n) {
  for (int64_t i = 0; i < n; ++i) co_yield i;
}

// Counts how far it was read.
generator<int64_t> counted_numbers(std::atomic<int64_t>& pulled) {
  for (int64_t i = 0;; ++i) {
    ++pulled;
    co_yield i;
  }
}

// Whether the next `count` items are the numbers from `from` on.
bool goes_on(blocking_stream<int64_t>& items, int64_t from, int64_t count) {
  for (int64_t i = from; i < from + count; ++i) {
    const auto item = items.next();
    if (item != i) return false;
  }
  return true;
}

task<int64_t> doubled_sum(std::string endpoint, int64_t n) {
  loop& here = co_await this_loop();
  Client client(here, client_options(endpoint));
  auto doubled = client["test"]["double_each"](numbers_below(n)).stream<int64_t>();
  int64_t sum = 0, next = 0;
  while (auto item = co_await doubled.next()) {
    if (*item != 2 * next++) co_return -1;
    sum += *item;
  }
  co_return sum;
}

// Reads a few items of an endless stream, then lets go of it.
task<int64_t> read_and_drop(std::string endpoint, int items) {
  loop& here = co_await this_loop();
  Client client(here, client_options(endpoint));
  int64_t last = -1;
  {
    auto endless = client["test"]["endless"]().stream<int64_t>();
    for (int i = 0; i < items; ++i) {
      auto item = co_await endless.next();
      last = *item;
    }
  }
  co_await client["test"]["await"]("endless.ended", 1).as<int64_t>();
  co_return last;
}

}  // namespace

TEST_CASE("a stream brings every item in order and ends, from the pool and from the loop", "[streams]") {
  test_system system;
  const std::string method = GENERATE("count", "count_async");
  auto items = system.test[method](50'000).stream<int64_t>().blocking();
  CHECK(goes_on(items, 0, 50'000));
  CHECK_FALSE(items.next().has_value());
  CHECK_FALSE(items.next().has_value());
}

TEST_CASE("an empty stream ends without an item", "[streams]") {
  test_system system;
  auto items = system.test["count"](0).stream<int64_t>().blocking();
  CHECK_FALSE(items.next().has_value());
}

TEST_CASE("a stream that fails gives the items before the failure", "[streams]") {
  test_system system;
  auto items = system.test["count_then_fail"](100).stream<int64_t>().blocking();
  CHECK(goes_on(items, 0, 100));
  const Error e = error_of([&] { (void)items.next(); });
  CHECK(e.code() == errc::failed);
  CHECK(std::string(e.what()) == "the stream broke");
}

TEST_CASE("a consumer that stops reading stops its producer, and nobody else", "[streams][flow]") {
  test_system system;
  const std::string method = GENERATE("count", "count_async");
  const std::string tally = method + ".items";
  const int64_t ahead = method == "count" ? 256 : 1;
  constexpr int64_t window = 64;
  auto items = system.test[method](100'000).window(window, 1u << 20).stream<int64_t>().blocking();
  CHECK(goes_on(items, 0, 1));

  // The producer fills the window. A producer on the loop has one more item ready, one in the pool a batch of items.
  CHECK(system.test["await"](tally, window).get<int64_t>() >= window);
  for (int i = 0; i < 1000; ++i) CHECK(system.test["add"](i, i).get<int>() == 2 * i);
  CHECK(system.test["tally"](tally).get<int64_t>() <= 1 + window + ahead);

  // The stream continues where it stopped.
  CHECK(goes_on(items, 1, 10'000));
  CHECK(system.test["tally"](tally).get<int64_t>() <= 10'001 + window + ahead);
  CHECK(goes_on(items, 10'001, 89'999));
  CHECK_FALSE(items.next().has_value());
}

TEST_CASE("a window of bytes holds a producer of big items", "[streams][flow]") {
  test_system system;
  auto items = system.test["big_items"](200, 256u << 10).window(1000, 1u << 20).stream<std::string>().blocking();
  int right = 0;
  for (auto& item : items) right += item.size() == 256u << 10 ? 1 : 0;
  CHECK(right == 200);
}

TEST_CASE("an item beyond the window's bytes passes", "[streams][flow]") {
  test_system system;
  auto items = system.test["big_items"](3, 4u << 20).window(8, 1u << 16).stream<std::string>().blocking();
  int right = 0;
  for (auto& item : items) right += item.size() == 4u << 20 ? 1 : 0;
  CHECK(right == 3);
}

TEST_CASE("a stream that is dropped ends its method", "[streams][cancel]") {
  test_system system;
  loop own;
  CHECK(own.run(read_and_drop(system.broker.frontend(), 10)) == 9);
}

TEST_CASE("the stream of a client that goes away ends", "[streams][cancel]") {
  test_system system;
  {
    Client brief(system.broker.frontend());
    auto endless = brief["test"]["endless"]().stream<int64_t>().blocking();
    CHECK(goes_on(endless, 0, 3));
  }
  CHECK(system.test["await"]("endless.ended", 1).get<int64_t>() == 1);
}

TEST_CASE("a caller streams items to a method", "[streams]") {
  test_system system;
  CHECK(system.test["sum"](numbers_below(50'000)).get<int64_t>() == int64_t{50'000} * 49'999 / 2);
  CHECK(system.test["sum"](numbers_below(0)).get<int64_t>() == 0);
}

TEST_CASE("both ends stream at once", "[streams]") {
  test_system system;
  loop own;
  CHECK(own.run(doubled_sum(system.broker.frontend(), 20'000)) == int64_t{20'000} * 19'999);
}

TEST_CASE("a method that does not read its caller's stream stops the caller", "[streams][flow]") {
  test_system system;
  std::atomic<int64_t> pulled{0};
  auto call = system.test["read_none"](counted_numbers(pulled)).future<void>();
  CHECK(system.test["await"]("read_none.started", 1).get<int64_t>() == 1);
  for (int i = 0; i < 1000; ++i) CHECK(system.test["add"](i, i).get<int>() == 2 * i);
  CHECK(pulled.load() <= int64_t{limits::stream_window_items} + 1);
  // The method may answer early; it then reads no more of the stream.
  system.test["release"]().get<void>();
  CHECK_NOTHROW(call.get());
}

TEST_CASE("a method that streams, called as if it did not, says what to do", "[streams][errors]") {
  test_system system;
  const Error e = error_of([&] { system.test["count"](10).get<value>(); });
  CHECK(e.code() == errc::invalid_argument);
  CHECK_THAT(e.what(), Catch::Contains("stream"));
}

TEST_CASE("a method that returns one value gives a stream of one item", "[streams]") {
  test_system system;
  auto items = system.test["add"](1, 2).stream<int64_t>().blocking();
  CHECK(items.next() == 3);
  CHECK_FALSE(items.next().has_value());
}
