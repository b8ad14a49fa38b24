#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include <gate/sleep.hpp>

#include "tests/unit/common/interface/dispatch_bench.hpp"

namespace {

using namespace std::chrono_literals;
using gate::call_id;
using gate::errc;
using gate::message_type;
using gate::test::dispatch_bench;

class Streams : public gate::Interface {
 public:
  GATE_INTERFACE(count, endless, breaks, tick, mean, running, wide, paced)
  GATE_INTERFACE_ON(gate::run_on::loop, count_here)

  gate::generator<int> count(int below) {
    for (int i = 0; i < below; ++i) co_yield i;
  }
  gate::generator<int> count_here(int below) {
    for (int i = 0; i < below; ++i) co_yield i;
  }
  gate::generator<int> endless() {
    const leaving note(*this);
    for (int i = 0;; ++i) {
      made = i + 1;
      co_yield i;
    }
  }
  gate::generator<int> breaks(int after) {
    for (int i = 0; i < after; ++i) co_yield i;
    throw std::runtime_error("broken off");
  }
  gate::async_generator<int> tick(gate::Call& call) {
    const leaving note(*this);
    call.add_trailing("k", "v");
    for (int i = 0;; ++i) {
      co_await gate::sleep_for(1ms);
      made = i + 1;
      co_yield i;
    }
  }
  gate::async_generator<int> paced(int below) {
    for (int i = 0; i < below; ++i) co_yield i;
  }
  gate::task<int> mean(gate::async_generator<int> values) {
    const leaving note(*this);
    int sum = 0, n = 0;
    while (auto v = co_await values.next()) {
      sum += *v;
      ++n;
    }
    co_return n == 0 ? 0 : sum / n;
  }
  gate::async_generator<int> running(int start, gate::async_generator<int> values) {
    while (auto v = co_await values.next()) {
      start += *v;
      co_yield start;
    }
  }
  gate::generator<std::string> wide() {
    co_yield std::string(10, 'x');
    co_yield std::string(5000, 'x');
  }

  std::atomic<int> made = 0;
  std::atomic<int> left = 0;
  std::atomic<bool> left_on_loop = false;
  std::thread::id loop_thread = std::this_thread::get_id();

 private:
  class leaving {
   public:
    explicit leaving(Streams& owner) : owner_(owner) {}
    leaving(const leaving&) = delete;
    leaving& operator=(const leaving&) = delete;
    ~leaving() {
      owner_.left_on_loop = std::this_thread::get_id() == owner_.loop_thread;
      ++owner_.left;
    }

   private:
    Streams& owner_;
  };
};

using bench = dispatch_bench<Streams>;
constexpr bench::real_time real{};

void check_counted(const bench& b, int n) {
  const auto parts = b.out.of(message_type::part);
  REQUIRE(parts.size() == static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) REQUIRE(parts[static_cast<std::size_t>(i)].as<int>() == i);
}

template <class... A> call_id send_with_items(bench& b, std::string_view method, std::uint8_t more, const A&... a) {
  auto p = b.prepare(method, a...);
  p.m.flags = static_cast<std::uint8_t>(gate::message_flag::client_stream | more);
  return b.send(p);
}

}  // namespace

TEST_CASE("a generator's items arrive in order and end with a final without a value", "[interface]") {
  bench b(real);
  b.stream("count", 1000);
  b.await_ends(1);
  check_counted(b, 1000);
  CHECK(b.out.log.back().type == message_type::final);
  CHECK(b.out.log.back().no_payload);
  CHECK(b.subject.running() == 0);
}

TEST_CASE("a generator may be pulled on the loop", "[interface]") {
  bench b;
  b.stream("count_here", 1000);
  b.await_ends(1);
  check_counted(b, 1000);
}

TEST_CASE("a generator is pulled no further than a batch beyond what its consumer takes", "[interface]") {
  bench b(real);
  auto p = b.prepare("endless");
  p.m.flags = gate::message_flag::wants_stream;
  b.out.windows[p.m.call] = 0;
  const call_id id = b.send(p);
  b.open_window(id, 10);
  b.await_items(10);
  b.settle();
  CHECK(b.out.count(message_type::part) == 10);
  CHECK(b.target.made <= 256);
  b.open_window(id, 300);
  b.await_items(310);
  b.subject.cancelled(id, errc::cancelled);
  b.await_ends(1);
  check_counted(b, 310);
  CHECK(b.out.log.back().status == errc::cancelled);
  CHECK(b.target.left == 1);
  CHECK_FALSE(b.target.left_on_loop);
}

TEST_CASE("items made before a generator throws are delivered before the error", "[interface]") {
  bench b(real);
  b.stream("breaks", 300);
  b.await_ends(1);
  check_counted(b, 300);
  CHECK(b.out.log.back().status == errc::failed);
  CHECK(b.out.log.back().text == "broken off");
}

TEST_CASE("an item over the limit ends the stream as too large", "[interface]") {
  bench b(real);
  b.subject.set_payload_bytes_max(1000);
  b.stream("wide");
  b.await_ends(1);
  CHECK(b.out.count(message_type::part) == 1);
  CHECK(b.out.log.back().status == errc::too_large);
  CHECK(b.out.log.back().text == "an item of 5003 bytes exceeds the limit of 1000");
}

TEST_CASE("an async generator waits while its consumer takes nothing", "[interface]") {
  bench b;
  auto p = b.prepare("paced", 500);
  p.m.flags = gate::message_flag::wants_stream;
  b.out.windows[p.m.call] = 3;
  const call_id id = b.send(p);
  b.settle();
  CHECK(b.out.count(message_type::part) == 3);
  b.open_window(id, 1000);
  b.await_ends(1);
  check_counted(b, 500);
}

TEST_CASE("every stream waits while the connection is not writable", "[interface]") {
  bench b;
  b.out.channel_writable = false;
  b.stream("paced", 5);
  b.stream("count_here", 5);
  b.settle();
  CHECK(b.out.log.empty());
  b.out.channel_writable = true;
  b.subject.flushed();
  b.await_ends(2);
  CHECK(b.out.count(message_type::part) == 10);
}

TEST_CASE("a cancelled async generator is destroyed and answered", "[interface]") {
  bench b;
  const call_id id = b.stream("tick");
  b.await_items(5);
  b.subject.cancelled(id, errc::timed_out);
  b.await_ends(1);
  CHECK(b.target.left == 1);
  CHECK(b.out.log.back().status == errc::timed_out);
  CHECK(b.out.count(message_type::part) == 5);
}

TEST_CASE("a stream that is called as a plain method is refused, and so is a one-way one", "[interface]") {
  bench b;
  CHECK(b.answer("count", 3).status == errc::invalid_argument);
  auto p = b.prepare("count", 3);
  p.m.flags = gate::message_flag::wants_stream | gate::message_flag::one_way;
  b.send(p);
  CHECK(b.out.log.back().status == errc::invalid_argument);
  CHECK(b.answer("mean").text == "demo.mean(stream<int32>): its last argument is a stream of items");
  send_with_items(b, "count", gate::message_flag::wants_stream, 3);
  CHECK(b.out.log.back().text == "demo.count(int32): takes no stream of items");
}

TEST_CASE("a method reads its caller's stream to the end", "[interface]") {
  bench b;
  const call_id id = send_with_items(b, "mean", 0);
  REQUIRE(b.out.log.size() == 1);
  CHECK(b.out.log[0].type == message_type::credit);
  CHECK(b.out.log[0].items == gate::limits::stream_window_items);
  CHECK(b.out.log[0].byte_count == gate::limits::stream_window_bytes);
  for (int i = 1; i <= 9; ++i) b.item(id, gate::encode(i));
  b.settle();
  CHECK(b.out.ended() == 0);
  b.end_of_items(id);
  b.await_ends(1);
  CHECK(b.out.log.back().as<int>() == 5);
}

TEST_CASE("the window of a caller's stream is topped up when half of it is consumed", "[interface]") {
  gate::dispatcher_options o;
  o.window_items = 4;
  bench b(std::move(o));
  const call_id id = send_with_items(b, "mean", 0);
  b.item(id, gate::encode(1));
  b.settle();
  CHECK(b.out.count(message_type::credit) == 1);
  b.item(id, gate::encode(1));
  b.settle();
  REQUIRE(b.out.count(message_type::credit) == 2);
  CHECK(b.out.log.back().items == 2);
  CHECK(b.out.log.back().byte_count == 2);
}

TEST_CASE("a caller that sends far more than was granted ends as too slow", "[interface]") {
  gate::dispatcher_options o;
  o.window_items = 4;
  bench b(std::move(o));
  const call_id id = send_with_items(b, "running", gate::message_flag::wants_stream, 0);
  b.out.windows[id] = 0;
  for (int i = 0; i < 20; ++i) b.item(id, gate::encode(1));
  b.await_ends(1);
  CHECK(b.out.log.back().status == errc::too_slow);
}

TEST_CASE("both sides may stream at once", "[interface]") {
  bench b;
  const call_id id = send_with_items(b, "running", gate::message_flag::wants_stream, 100);
  b.item(id, gate::encode(1));
  b.await_items(1);
  CHECK(b.out.log.back().as<int>() == 101);
  b.item(id, gate::encode(2));
  b.await_items(2);
  CHECK(b.out.log.back().as<int>() == 103);
  b.end_of_items(id);
  b.await_ends(1);
  CHECK(b.out.log.back().type == message_type::final);
}

TEST_CASE("an item of the wrong type fails the method that reads it", "[interface]") {
  bench b;
  const call_id id = send_with_items(b, "mean", 0);
  b.item(id, gate::encode(std::string("one")));
  b.await_ends(1);
  CHECK(b.out.log.back().status == errc::invalid_argument);
  CHECK(b.out.log.back().text == "demo.mean(stream<int32>): an item of the stream does not fit, got string");
}

TEST_CASE("cancelling ends a method that waits for its caller's items", "[interface]") {
  bench b;
  const call_id id = send_with_items(b, "mean", 0);
  b.item(id, gate::encode(1));
  b.settle();
  b.subject.cancelled(id, errc::cancelled);
  b.await_ends(1);
  CHECK(b.out.log.back().status == errc::cancelled);
  CHECK(b.target.left == 1);
}
