// A client that is used from other loops and threads than its own.
#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/async_generator.hpp>
#include <gate/client.hpp>
#include <gate/cross_loop.hpp>
#include <gate/error.hpp>
#include <gate/loop.hpp>
#include <gate/sleep.hpp>
#include <gate/task.hpp>
#include <gate/task_group.hpp>
#include <gate/timeout.hpp>

#include "tests/unit/client/scripted_broker.hpp"

using namespace gate;
using namespace std::chrono_literals;
using gate::test::heard;
using gate::test::scripted_broker;

namespace {

// A broker on a thread of its own that answers by method: "add" adds 1 to its argument, "numbers" streams as many as
// asked for against credit, "double" doubles what is streamed to it, "never" answers nothing, "fail" fails. Counts
// cancels.
class served_broker {
 public:
  served_broker() {
    std::promise<std::string> bound;
    std::future<std::string> address = bound.get_future();
    served_ = start(thread_.get(), serve(*this, std::move(bound)));
    address_ = address.get();
  }
  served_broker(const served_broker&) = delete;
  served_broker& operator=(const served_broker&) = delete;
  ~served_broker() {
    thread_.get().post([this] {
      if (scope_ != nullptr) scope_->cancel();
    });
    served_.wait();
  }
  const std::string& address() const noexcept { return address_; }
  std::atomic<int> cancels{0};

 private:
  struct open_stream {
    heard request;
    int next = 1, last = 0;
    std::uint32_t credit = 0;
  };

  static task<void> serve(served_broker& self, std::promise<std::string> bound) {
    const env here = co_await current_env();
    self.scope_ = here.scope;
    scripted_broker broker(*here.where);
    bound.set_value(broker.address());
    for (;;) {
      const heard m = co_await broker.next();
      self.handle(broker, m);
    }
  }
  void handle(scripted_broker& broker, const heard& m) {
    if (m.type == message_type::request) return begin(broker, m);
    if (m.type == message_type::cancel) {
      ++cancels;
      cancels.notify_all();
      std::erase_if(streams_, [&](const open_stream& s) { return s.request.call == m.call; });
    }
    for (open_stream& s : streams_) {
      if (s.request.call != m.call || s.request.peer != m.peer) continue;
      if (m.type == message_type::credit) {
        s.credit += m.credit_items;
        feed(broker, s);
      } else if (m.type == message_type::part) {
        if (m.has(message_flag::end_of_parts)) {
          broker.end_stream(s.request);
        } else {
          broker.part(s.request, 2 * decode_as<int>(m.payload));
          broker.credit(s.request, 1);
        }
      }
    }
  }
  void begin(scripted_broker& broker, const heard& m) {
    if (m.method == "add") broker.finish(m, std::get<0>(decode_arguments<int>(m.payload)) + 1);
    if (m.method == "fail") broker.fail(m, errc::failed, "as asked");
    if (m.method == "numbers") {
      streams_.push_back({m, 1, std::get<0>(decode_arguments<int>(m.payload)), m.credit_items});
      feed(broker, streams_.back());
    }
    if (m.method == "double") {
      streams_.push_back({m, 1, 0, 0});
      broker.credit(m, 4);
    }
  }
  static void feed(scripted_broker& broker, open_stream& s) {
    for (; s.credit > 0 && s.next <= s.last; --s.credit) broker.part(s.request, s.next++);
    if (s.next == s.last + 1) {
      broker.end_stream(s.request);
      ++s.next;
    }
  }

  std::vector<open_stream> streams_;
  std::string address_;
  cancel_scope* scope_ = nullptr;
  loop_thread thread_;
  std::future<void> served_;
};

async_generator<int> count(int n) {
  for (int i = 1; i <= n; ++i) {
    co_await yield();
    co_yield i;
  }
}

void run(loop& where, task<void> work) { where.run(with_timeout(30s, std::move(work))); }

// Waits until the broker's thread has counted to `value`.
void wait_for(const std::atomic<int>& counter, int value) {
  for (int now = counter; now < value; now = counter) counter.wait(now);
}

}  // namespace

TEST_CASE("a program without coroutines waits for a result, or holds a future", "[client][threads]") {
  served_broker broker;
  const Client client(broker.address());
  const int two = client["a"]["add"](1).get<int>();
  CHECK(two == 2);
  std::future<int> three = client["a"]["add"](2).future<int>();
  CHECK(three.get() == 3);
  client["a"]["add"](1).get();
  CHECK_THROWS_AS(client["a"]["fail"]().get<int>(), Error);
}

TEST_CASE("a program without coroutines reads a stream in a loop, more than its window", "[client][threads]") {
  served_broker broker;
  const Client client(broker.address());
  int expected = 0;
  for (const int n : client["a"]["numbers"](1000).window(10, 1000).stream<int>().blocking()) CHECK(n == ++expected);
  CHECK(expected == 1000);

  auto left = client["a"]["numbers"](1'000'000).window(10, 1000).stream<int>().blocking();
  CHECK(left.next() == 1);
  left = client["a"]["numbers"](1).stream<int>().blocking();
  CHECK(left.next() == 1);
  CHECK(!left.next());
}

TEST_CASE("a generator crosses to the client's thread item by item", "[client][threads]") {
  served_broker broker;
  const Client client(broker.address());
  std::vector<int> blocking;
  for (const int n : client["a"]["double"](count(20)).stream<int>().blocking()) blocking.push_back(n);
  REQUIRE(blocking.size() == 20);
  CHECK(blocking.back() == 40);

  loop where;
  const std::thread::id here = std::this_thread::get_id();
  const auto local = [&](int n) -> async_generator<int> {
    for (int i = 1; i <= n; ++i) {
      CHECK(std::this_thread::get_id() == here);
      co_yield i;
    }
  };
  const auto story = [&]() -> task<void> {
    Stream<int> doubled = client["a"]["double"](local(20)).stream<int>();
    int expected = 0;
    while (auto n = co_await doubled.next()) CHECK(*n == (expected += 2));
    CHECK(expected == 40);
  };
  run(where, story());
}

TEST_CASE("an await on another loop resumes there, with the answer or the error", "[client][threads]") {
  served_broker broker;
  const Client client(broker.address());
  loop where;
  const std::thread::id here = std::this_thread::get_id();
  const auto story = [&]() -> task<void> {
    const int two = co_await client["a"]["add"](1).as<int>();
    CHECK(two == 2);
    CHECK(std::this_thread::get_id() == here);
    std::optional<Error> error;
    try {
      co_await client["a"]["fail"]();
    } catch (const Error& e) {
      error.emplace(e);
    }
    REQUIRE(error);
    CHECK(error->code() == errc::failed);
    CHECK(std::this_thread::get_id() == here);
    co_await client.ready();
  };
  run(where, story());
}

TEST_CASE("a stream is read on another loop with credit, and cancelled from there", "[client][threads]") {
  served_broker broker;
  const Client client(broker.address());
  loop where;
  const auto story = [&]() -> task<void> {
    Stream<int> numbers = client["a"]["numbers"](1000).window(16, 100000).stream<int>();
    int expected = 0;
    while (auto n = co_await numbers.next()) REQUIRE(*n == ++expected);
    CHECK(expected == 1000);
    {
      Stream<int> dropped = client["a"]["numbers"](1'000'000).window(16, 100000).stream<int>();
      const auto first = co_await dropped.next();
      CHECK(first == 1);
    }
    wait_for(broker.cancels, 1);
  };
  run(where, story());
}

TEST_CASE("cancelling on another loop cancels the call at the broker", "[client][threads]") {
  served_broker broker;
  const Client client(broker.address());
  loop where;
  const auto story = [&]() -> task<void> {
    bool late = false;
    co_await client.ready();
    try {
      co_await with_timeout(50ms, client["a"]["never"]().as<int>());
    } catch (const timed_out&) {
      late = true;
    }
    CHECK(late);
    wait_for(broker.cancels, 1);
  };
  run(where, story());
}

TEST_CASE("many threads share one client", "[client][threads]") {
  served_broker broker;
  const Client client(broker.address());
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, copy = client, t] {
      const auto add = copy["a"].method<int(int)>("add");
      for (int i = 0; i < 50; ++i) {
        const int n = 1000 * t + i;
        if (add.call(n).get<int>() == n + 1) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 200);
}

TEST_CASE("blocking on the client's own thread is refused, for it would last for ever", "[client][threads]") {
  served_broker broker;
  const Client client(broker.address());
  const auto block = [](Client c) -> task<void> {
    CHECK_THROWS_AS(c["a"]["add"](1).get<int>(), Error);
    auto stream = c["a"]["numbers"](1).stream<int>().blocking();
    CHECK_THROWS_AS(stream.next(), Error);
    co_return;
  };
  start(client.where(), block(client)).get();
}

TEST_CASE("a client that goes while another thread waits ends that wait", "[client][threads]") {
  served_broker broker;
  std::optional<Client> client;
  client.emplace(broker.address());
  std::future<int> waiting = (*client)["a"]["never"]().future<int>();
  auto stream = (*client)["a"]["numbers"](1'000'000).window(4, 1000).stream<int>().blocking();
  CHECK(stream.next() == 1);
  const Method later = (*client)["a"]["add"];
  client.reset();
  try {
    waiting.get();
    FAIL("an answer that nobody sent");
  } catch (const Error& e) {
    CHECK(e.code() == errc::cancelled);
  }
  int more = 0;
  try {
    while (stream.next()) ++more;
    FAIL("an end that nobody sent");
  } catch (const Error& e) {
    CHECK(e.code() == errc::cancelled);
  }
  CHECK(more <= 8);
  try {
    later(1).get<int>();
    FAIL("the client is closed");
  } catch (const Error& e) {
    CHECK(e.code() == errc::cancelled);
  }
}

TEST_CASE("a call whose client is closed right after it ends as cancelled", "[client][threads]") {
  served_broker broker;
  for (int i = 0; i < 50; ++i) {
    Client client(broker.address());
    std::future<int> waiting = client["a"]["never"]().future<int>();
    client.close();
    try {
      waiting.get();
      FAIL("an answer that nobody sent");
    } catch (const Error& e) {
      CHECK(e.code() == errc::cancelled);
    }
  }
}

TEST_CASE("the last copy of a client may go on its own thread", "[client][threads]") {
  served_broker broker;
  std::future<int> answer;
  {
    const Client client(broker.address());
    const auto use = [](Client c) -> task<int> {
      const int two = co_await c["a"]["add"](1).as<int>();
      c.close();
      co_return two;
    };
    answer = start(client.where(), use(client));
  }
  CHECK_NOTHROW(answer.wait());
}
