#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/async_generator.hpp>
#include <gate/client.hpp>
#include <gate/error.hpp>
#include <gate/generator.hpp>
#include <gate/loop.hpp>
#include <gate/sleep.hpp>
#include <gate/stream.hpp>
#include <gate/task.hpp>
#include <gate/task_group.hpp>
#include <gate/timeout.hpp>

#include "common/async/zmq_poller.hpp"
#include "common/hugedata/flow_window.hpp"
#include "tests/unit/client/scripted_broker.hpp"

using namespace gate;
using namespace std::chrono_literals;
using gate::test::heard;
using gate::test::play;
using gate::test::scripted_broker;

namespace {

generator<int> count(int n) {
  for (int i = 1; i <= n; ++i) co_yield i;
}
async_generator<int> count_slowly(int n) {
  for (int i = 1; i <= n; ++i) {
    co_await yield();
    co_yield i;
  }
}
async_generator<int> fail_after_one() {
  co_yield 1;
  throw std::runtime_error("the source is broken");
}

task<std::optional<Error>> error_of_next(Stream<int>& stream) {
  std::optional<Error> error;
  try {
    co_await stream.next();
  } catch (const Error& e) {
    error.emplace(e);
  }
  co_return error;
}

// A clock that a test can move forward.
class movable_clock final : public clock_source {
 public:
  instant now() const noexcept override { return std::chrono::steady_clock::now() + ahead_; }
  void move_on(duration by) noexcept { ahead_ += by; }

 private:
  duration ahead_{};
};

// Goes on only when it is told to.
class stopped_clock final : public clock_source {
 public:
  instant now() const noexcept override { return now_; }
  void move_on(duration by) noexcept { now_ += by; }

 private:
  instant now_ = std::chrono::steady_clock::now();
};

}  // namespace

TEST_CASE("a stream yields its items in order, then ends and stays ended", "[client][stream]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, broker.address());
  const auto caller = [&]() -> task<void> {
    Stream<int> numbers = client["a"]["numbers"](3).stream<int>();
    std::vector<int> seen;
    while (auto n = co_await numbers.next()) seen.push_back(*n);
    CHECK(seen == std::vector<int>{1, 2, 3});
    const auto after = co_await numbers.next();
    CHECK(!after);
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    CHECK(call.has(message_flag::wants_stream));
    CHECK(call.credit_items == limits::stream_window_items);
    CHECK(call.credit_bytes == huge::flow_window::first_bytes);  // it grows as fast as items arrive
    broker.part(call, 1);
    co_await yield();
    broker.part(call, 2);
    broker.part(call, 3);
    broker.end_stream(call);
  };
  play(where, caller(), script());
}

TEST_CASE("a stream that nobody reads is not begun", "[client][stream]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, broker.address());
  const auto caller = [&]() -> task<void> {
    { const Stream<int> unread = client["a"]["unread"]().stream<int>(); }
    co_await client["a"]["b"]().as<void>();
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    CHECK(call.method == "b");
    broker.end_stream(call);
  };
  play(where, caller(), script());
}

TEST_CASE("credit is given back when half of the window is consumed, and not before", "[client][stream]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, broker.address());
  const auto caller = [&]() -> task<void> {
    Stream<int> numbers = client["a"]["numbers"]().window(4, 1000).stream<int>();
    std::vector<int> seen;
    while (auto n = co_await numbers.next()) seen.push_back(*n);
    CHECK(seen == std::vector<int>{1, 2, 3, 4, 5, 6});
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    CHECK(call.credit_items == 4);
    CHECK(call.credit_bytes == 1000);
    broker.part(call, 1);
    broker.part(call, 2);
    const heard credit = co_await broker.next();
    CHECK(credit.type == message_type::credit);
    CHECK(credit.call == call.call);
    CHECK(credit.credit_items == 2);
    CHECK(credit.credit_bytes == 2);
    for (const int n : {3, 4, 5, 6}) broker.part(call, n);
    broker.end_stream(call);
  };
  play(where, caller(), script());
}

TEST_CASE("a reader who takes minutes for an item gives credit for what he has read", "[client][stream]") {
  movable_clock clock;
  detail::zmq_poller poller(clock);
  loop where(clock, poller);
  scripted_broker broker(where);
  client_options options(broker.address());
  options.transport_heartbeat_interval = 0ms;  // otherwise the moved clock would make the broker look silent
  Client client(where, options);
  const auto caller = [&]() -> task<void> {
    Stream<int> numbers = client["a"]["numbers"]().within(1h).window(1000, 100'000).stream<int>();
    const auto first = co_await numbers.next();
    CHECK(first == 1);
    clock.move_on(61s);
    co_await yield();
    const auto second = co_await numbers.next();
    CHECK(second == 2);
    const auto third = co_await numbers.next();
    CHECK(third == 3);
    const auto end = co_await numbers.next();
    CHECK(!end);
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    broker.part(call, 1);
    broker.part(call, 2);
    const heard credit = co_await broker.next();
    CHECK(credit.type == message_type::credit);
    CHECK(credit.credit_items == 2);
    broker.part(call, 3);  // a minute has not passed since
    broker.end_stream(call);
  };
  play(where, caller(), script(), 10min);
}

TEST_CASE("the window of items grows while the reader is fast, up to what the options allow", "[client][stream]") {
  const bool fast = GENERATE(true, false);
  stopped_clock clock;
  detail::zmq_poller poller(clock);
  loop where(clock, poller);
  scripted_broker broker(where);
  client_options options(broker.address());
  options.window_items = 1500;
  Client client(where, options);
  const auto caller = [&]() -> task<void> {
    Stream<int> numbers = client["a"]["numbers"]().within(1h).stream<int>();
    int seen = 0;
    while (auto n = co_await numbers.next()) {
      ++seen;
      if (fast || seen % 500 != 0) continue;
      clock.move_on(20ms);
      co_await yield();
    }
    CHECK(seen == 512 + 750);
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    CHECK(call.credit_items == 1024);
    for (int n = 0; n < 512; ++n) broker.part(call, n);
    const heard first = co_await broker.next();
    CHECK(first.credit_items == (fast ? 512u + 476 : 512u));
    for (int n = 0; n < 750; ++n) broker.part(call, n);
    const heard second = co_await broker.next();
    CHECK(second.credit_items == (fast ? 750u : 512u));
    broker.end_stream(call);
  };
  play(where, caller(), script(), 10min);
}

TEST_CASE("the bytes of the window count too", "[client][stream]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, broker.address());
  const std::string large(600, 'x');
  const auto caller = [&]() -> task<void> {
    Stream<std::string> texts = client["a"]["texts"]().window(1000, 1000).stream<std::string>();
    const auto text = co_await texts.next();
    CHECK(text == large);
    const auto end = co_await texts.next();
    CHECK(!end);
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    broker.part(call, large);
    const heard credit = co_await broker.next();
    CHECK(credit.credit_items == 1);
    CHECK(credit.credit_bytes >= 600);
    broker.end_stream(call);
  };
  play(where, caller(), script());
}

TEST_CASE("the answer of a method that returns one value is a stream of one item", "[client][stream]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, broker.address());
  const auto caller = [&]() -> task<void> {
    Stream<int> one = client["a"]["one"]().stream<int>();
    const auto first = co_await one.next();
    CHECK(first == 5);
    const auto end = co_await one.next();
    CHECK(!end);
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    broker.finish(call, 5);
  };
  play(where, caller(), script());
}

TEST_CASE("a stream that fails yields what came before, then throws", "[client][stream]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, broker.address());
  const auto caller = [&]() -> task<void> {
    Stream<int> numbers = client["a"]["numbers"]().stream<int>();
    const auto first = co_await numbers.next();
    CHECK(first == 1);
    const std::optional<Error> error = co_await error_of_next(numbers);
    REQUIRE(error);
    CHECK(error->code() == errc::failed);
    CHECK(std::string(error->what()) == "disk on fire");
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    broker.part(call, 1);
    broker.fail(call, errc::failed, "disk on fire");
  };
  play(where, caller(), script());
}

TEST_CASE("dropping a stream cancels its call, and so does cancelling its reader", "[client][stream]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, broker.address());
  async_event reading;
  const auto read = [&]() -> task<void> {
    Stream<int> numbers = client["a"]["second"]().stream<int>();
    reading.set();
    co_await numbers.next();
  };
  const auto caller = [&]() -> task<void> {
    {
      Stream<int> numbers = client["a"]["first"]().stream<int>();
      const auto first = co_await numbers.next();
      CHECK(first == 1);
    }
    const env here = co_await current_env();
    task_group group(here);
    group.spawn(read());
    co_await reading.wait();
    group.cancel();
    co_await group.join();
  };
  const auto script = [&]() -> task<void> {
    for (const std::string method : {"first", "second"}) {
      const heard call = co_await broker.next();
      CHECK(call.method == method);
      if (method == "first") broker.part(call, 1);
      co_await broker.hears_cancel(call);
    }
  };
  play(where, caller(), script());
}

TEST_CASE("a next that is cancelled leaves the stream readable", "[client][stream]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, broker.address());
  async_event late;
  const auto one = [](Stream<int>& numbers) -> task<void> { co_await numbers.next(); };
  const auto caller = [&]() -> task<void> {
    Stream<int> numbers = client["a"]["numbers"]().stream<int>();
    bool timed = false;
    try {
      co_await with_timeout(5ms, one(numbers));
    } catch (const timed_out&) {
      timed = true;
    }
    CHECK(timed);
    late.set();
    const auto first = co_await numbers.next();
    CHECK(first == 1);
    const auto end = co_await numbers.next();
    CHECK(!end);
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    co_await late.wait();
    broker.part(call, 1);
    broker.end_stream(call);
  };
  play(where, caller(), script());
}

TEST_CASE("one value that does not fit the items of a stream is told as what it may be", "[client][stream]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, broker.address());
  const auto caller = [&]() -> task<void> {
    Stream<int> one = client["shop"]["all"]().stream<int>();
    const std::optional<Error> error = co_await error_of_next(one);
    REQUIRE(error);
    CHECK(error->what() == std::string("shop.all: item must be int32, got string: the method may answer with one "
                                       "value: call it with .as<T>()"));
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    broker.finish(call, std::string("one"));
  };
  play(where, caller(), script());
}

TEST_CASE("an item of another type than asked for is an error, and the stream goes on", "[client][stream]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, broker.address());
  const auto caller = [&]() -> task<void> {
    Stream<int> numbers = client["a"]["numbers"]().stream<int>();
    const std::optional<Error> error = co_await error_of_next(numbers);
    REQUIRE(error);
    CHECK(error->code() == errc::invalid_argument);
    const auto second = co_await numbers.next();
    CHECK(second == 2);
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    broker.part(call, std::string("one"));
    broker.part(call, 2);
    co_await broker.hears_cancel(call);
  };
  play(where, caller(), script());
}

TEST_CASE("a generator passed as an argument is sent item by item against credit, then closed", "[client][stream]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, broker.address());
  const bool plain = GENERATE(true, false);
  const auto caller = [&]() -> task<void> {
    PendingCall call = plain ? client["a"]["mean"]("label", count(3)) : client["a"]["mean"]("label", count_slowly(3));
    const double mean = co_await std::move(call).as<double>();
    CHECK(mean == 2.0);
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    CHECK(call.has(message_flag::client_stream));
    CHECK(!call.has(message_flag::wants_stream));
    CHECK(call.payload == encode_arguments(std::string("label")));
    broker.credit(call, 2);
    for (int n = 1; n <= 3; ++n) {
      if (n == 3) broker.credit(call, 1);
      const heard part = co_await broker.next();
      CHECK(part.type == message_type::part);
      CHECK(part.call == call.call);
      CHECK(part.payload == encode(n));
    }
    const heard end = co_await broker.next();
    CHECK(end.has(message_flag::end_of_parts));
    CHECK(end.has(message_flag::no_payload));
    broker.finish(call, 2.0);
  };
  play(where, caller(), script());
}

TEST_CASE("items go both ways at once", "[client][stream]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, broker.address());
  const auto caller = [&]() -> task<void> {
    Stream<int> doubled = client["a"]["double"](count_slowly(3)).stream<int>();
    std::vector<int> seen;
    while (auto n = co_await doubled.next()) seen.push_back(*n);
    CHECK(seen == std::vector<int>{2, 4, 6});
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    CHECK(call.has(message_flag::client_stream));
    CHECK(call.has(message_flag::wants_stream));
    for (int n = 1; n <= 3; ++n) {
      broker.credit(call, 1);
      const heard part = co_await broker.next();
      CHECK(part.payload == encode(n));
      broker.part(call, 2 * n);
    }
    const heard end = co_await broker.next();
    CHECK(end.has(message_flag::end_of_parts));
    broker.end_stream(call);
  };
  play(where, caller(), script());
}

TEST_CASE("a call may end while its items are still being sent", "[client][stream]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, broker.address());
  const auto caller = [&]() -> task<void> {
    const int answer = co_await client["a"]["first"](count_slowly(1'000'000)).as<int>();
    CHECK(answer == 1);
    co_await client["a"]["next"]().as<void>();
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    broker.credit(call, 1);
    const heard part = co_await broker.next();
    CHECK(part.payload == encode(1));
    broker.finish(call, 1);
    const heard next = co_await broker.next();
    CHECK(next.method == "next");
    broker.end_stream(next);
  };
  play(where, caller(), script());
}

TEST_CASE("what the caller's generator throws ends the call there and comes out of it here", "[client][stream]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, broker.address());
  const auto caller = [&]() -> task<void> {
    std::string what;
    try {
      co_await client["a"]["mean"](fail_after_one()).as<double>();
    } catch (const std::runtime_error& e) {
      what = e.what();
    }
    CHECK(what == "the source is broken");
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    broker.credit(call, 10);
    const heard part = co_await broker.next();
    CHECK(part.type == message_type::part);
    co_await broker.hears_cancel(call);
  };
  play(where, caller(), script());
}

TEST_CASE("a one-way call takes no stream of items", "[client][stream]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, broker.address());
  const auto caller = [&]() -> task<void> {
    errc code = errc::ok;
    try {
      co_await client["a"]["b"](count(1)).one_way();
    } catch (const Error& e) {
      code = e.code();
    }
    CHECK(code == errc::invalid_argument);
  };
  const auto script = []() -> task<void> { co_return; };
  play(where, caller(), script());
}

TEST_CASE("a stream beyond the limit of calls waits for a place, and gives it up when dropped", "[client][stream]") {
  loop where;
  scripted_broker broker(where);
  client_options options(broker.address());
  options.in_flight_max = 1;
  Client client(where, options);
  async_event sent, gone;
  const auto caller = [&]() -> task<void> {
    const env here = co_await current_env();
    task_group group(here);
    const auto first = [&]() -> task<void> { co_await client["a"]["first"]().as<void>(); };
    const auto read = [](Stream<int>& s) -> task<void> { co_await s.next(); };
    group.spawn(first());
    co_await sent.wait();
    {
      Stream<int> dropped = client["a"]["dropped"]().stream<int>();
      bool late = false;
      try {
        co_await with_timeout(2ms, read(dropped));
      } catch (const timed_out&) {
        late = true;
      }
      CHECK(late);
    }
    gone.set();
    Stream<int> second = client["a"]["second"]().stream<int>();
    const auto item = co_await second.next();
    CHECK(item == 2);
    const auto end = co_await second.next();
    CHECK(!end);
    co_await group.join();
  };
  const auto script = [&]() -> task<void> {
    const heard first = co_await broker.next();
    sent.set();
    co_await gone.wait();
    broker.end_stream(first);
    const heard second = co_await broker.next();
    CHECK(second.method == "second");
    broker.part(second, 2);
    broker.end_stream(second);
  };
  play(where, caller(), script());
}
