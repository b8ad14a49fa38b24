#include "common/interface/dispatcher.hpp"

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/sleep.hpp>
#include <gate/value.hpp>

#include "tests/unit/common/interface/dispatch_bench.hpp"

namespace {

using namespace std::chrono_literals;
using gate::errc;
using gate::message_type;
using gate::test::dispatch_bench;

struct odd_exception {};

class Demo : public gate::Interface {
 public:
  GATE_INTERFACE(echo, later, nothing, fails, fails_by_error, fails_oddly, wait_until_cancelled, add, big, where,
                 refuse)
  GATE_INTERFACE_ON(gate::run_on::loop, here, sum_here)
  GATE_DOC(add, "adds two numbers", a, b)

  gate::task<gate::bytes> echo(gate::bytes raw) { co_return raw; }
  gate::task<std::string> later(const std::string& text) {
    co_await gate::sleep_for(10ms);
    co_return text + "!";
  }
  gate::task<void> nothing() { co_return; }
  gate::task<int> fails(std::string text) {
    co_await gate::sleep_for(1ms);
    throw std::out_of_range(text);
  }
  int fails_by_error() { throw gate::Error(errc::permission_denied, "not you"); }
  int fails_oddly() { throw odd_exception(); }
  gate::task<void> wait_until_cancelled(gate::Call& call) {
    try {
      co_await gate::sleep_for(1h);
    } catch (const gate::cancelled&) {
      seen_cancelled = call.cancelled();
      throw;
    }
  }
  int add(int a, int b) const { return a + b; }
  std::string big(std::size_t size) { return std::string(size, 'x'); }
  std::thread::id where_id;
  void where() { where_id = std::this_thread::get_id(); }
  void here() { where_id = std::this_thread::get_id(); }
  int sum_here(std::vector<int> numbers) const {
    int sum = 0;
    for (const int n : numbers) sum += n;
    return sum;
  }
  void refuse() { throw gate::Error(errc::ok, "not an error"); }
  bool seen_cancelled = false;
};

using bench = dispatch_bench<Demo>;
const bench::real_time real{};

}  // namespace

TEST_CASE("a coroutine method that does not suspend is answered within the request", "[interface]") {
  bench b;
  const gate::bytes raw(64, std::byte{7});
  b.call("echo", raw);
  REQUIRE(b.out.log.size() == 1);
  CHECK(b.out.log[0].type == message_type::final);
  CHECK(b.out.log[0].as<gate::bytes>() == raw);
  CHECK(b.subject.running() == 0);
}

TEST_CASE("a coroutine method may suspend and keeps its arguments meanwhile", "[interface]") {
  bench b;
  const std::string text = "a text that is too long for the small string buffer";
  b.call("later", text);
  b.call("later", std::string("second"));
  CHECK(b.out.log.empty());
  CHECK(b.subject.running() == 2);
  b.await_ends(2);
  CHECK(b.out.log[0].as<std::string>() == text + "!");
  CHECK(b.out.log[1].as<std::string>() == "second!");
  CHECK(b.subject.running() == 0);
}

TEST_CASE("a method that returns nothing is answered with nil", "[interface]") {
  bench b;
  CHECK(b.answer("nothing").payload == "\xc0");
}

TEST_CASE("a plain method runs in the pool, and one that is told to on the loop", "[interface]") {
  bench b(real);
  CHECK(b.answer("add", 2, 3).as<int>() == 5);
  b.answer("where");
  CHECK(b.target.where_id != std::this_thread::get_id());
  b.answer("here");
  CHECK(b.target.where_id == std::this_thread::get_id());
  CHECK(b.answer("sum_here", std::vector<int>{1, 2, 3}).as<int>() == 6);
}

TEST_CASE("what a method throws reaches its caller with text and type", "[interface]") {
  bench b(real);
  const auto thrown = b.answer("fails", std::string("index 7"));
  CHECK(thrown.status == errc::failed);
  CHECK(thrown.text == "index 7");
  CHECK(thrown.remote_type == "std::out_of_range");

  const auto chosen = b.answer("fails_by_error");
  CHECK(chosen.status == errc::permission_denied);
  CHECK(chosen.text == "not you");
  CHECK(chosen.remote_type.empty());

  const auto odd = b.answer("fails_oddly");
  CHECK(odd.status == errc::failed);
  CHECK(odd.remote_type.find("odd_exception") != std::string::npos);

  CHECK(b.answer("refuse").status == errc::internal);
  CHECK(b.answer("add", 1, 1).as<int>() == 2);
}

TEST_CASE("an unknown method is answered at once", "[interface]") {
  bench b;
  const auto e = b.answer("ad", 1, 2);
  CHECK(e.status == errc::no_method);
  CHECK(e.text == "demo has no method 'ad'");
}

TEST_CASE("a result over the limit becomes an error that says both sizes", "[interface]") {
  bench b(real);
  b.subject.set_payload_bytes_max(1000);
  CHECK(b.answer("big", 900u).as<std::string>().size() == 900);
  const auto e = b.answer("big", 2000u);
  CHECK(e.status == errc::too_large);
  CHECK(e.text == "big returned 2003 bytes, which exceeds the limit of 1000");
}

TEST_CASE("a cancelled coroutine method still answers", "[interface]") {
  bench b;
  const auto id = b.call("wait_until_cancelled");
  b.subject.cancelled(id, errc::cancelled);
  b.await_ends(1);
  CHECK(b.out.log[0].status == errc::cancelled);
  CHECK(b.target.seen_cancelled);
  CHECK(b.time.elapsed() == 0ms);
}

TEST_CASE("a call whose budget is over is cancelled by the dispatcher's own clock", "[interface]") {
  bench b;
  auto p = b.prepare("wait_until_cancelled");
  p.m.budget = 250ms;
  b.send(p);
  b.await_ends(1);
  CHECK(b.out.log[0].status == errc::timed_out);
  CHECK(b.time.elapsed() == 250ms);
  CHECK(b.here.timers() == 0);
}

TEST_CASE("a call without budget left is not started", "[interface]") {
  bench b;
  auto p = b.prepare("echo", gate::bytes(3));
  p.m.budget = 0ms;
  b.send(p);
  REQUIRE(b.out.log.size() == 1);
  CHECK(b.out.log[0].status == errc::timed_out);
}

TEST_CASE("a call beyond the limit of open calls is refused as busy", "[interface]") {
  gate::dispatcher_options o;
  o.calls_max = 2;
  bench b(std::move(o));
  b.call("later", std::string("a"));
  b.call("later", std::string("b"));
  b.call("later", std::string("c"));
  REQUIRE(b.out.log.size() == 1);
  CHECK(b.out.log[0].status == errc::busy);
  b.await_ends(3);
  CHECK(b.answer("later", std::string("d")).type == message_type::final);
}

TEST_CASE("when the connection ends every call is cancelled and none is answered", "[interface]") {
  bench b;
  b.call("wait_until_cancelled");
  b.call("later", std::string("x"));
  b.subject.connection_ended();
  b.await_idle();
  CHECK(b.out.log.empty());
  CHECK(b.target.seen_cancelled);
}

TEST_CASE("a dispatcher that is destroyed takes its suspended methods with it", "[interface]") {
  bench b;
  b.call("wait_until_cancelled");
  b.call("later", std::string("x"));
  CHECK(b.subject.running() == 2);
}

TEST_CASE("records are used again without a trace of the former call", "[interface]") {
  bench b;
  CHECK(b.answer("fails", std::string("once")).status == errc::failed);
  for (int i = 0; i < 100; ++i) {
    const auto e = b.answer("later", std::to_string(i));
    CHECK(e.type == message_type::final);
    CHECK(e.as<std::string>() == std::to_string(i) + "!");
  }
}

TEST_CASE("describe is answered with the descriptor", "[interface]") {
  gate::dispatcher_options o;
  o.encoded_descriptor = gate::encode(std::string("the descriptor"));
  bench b(std::move(o));
  CHECK(b.answer("describe").as<std::string>() == "the descriptor");
}
