#include <atomic>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include <gate/call.hpp>
#include <gate/sleep.hpp>

#include "tests/unit/common/interface/dispatch_bench.hpp"

namespace {

using namespace std::chrono_literals;
using gate::errc;
using gate::message_type;
using gate::test::dispatch_bench;

class Asking : public gate::Interface {
 public:
  GATE_INTERFACE(who, trail, block)

  gate::task<std::string> who(gate::Call& call) {
    const auto before = call.remaining();
    co_await gate::sleep_for(10ms);
    const auto after = call.remaining();
    if (before && after) spent = *before - *after;
    std::string all;
    for (const std::string_view part :
         {call.service(), call.method(), call.caller(), call.traceparent(), call.tracestate(), call.idempotency_key(),
          call.metadata("key").value_or("none"), call.metadata("other").value_or("none")}) {
      (all += part) += '|';
    }
    all += std::to_string(call.attempt()) + (call.idempotent() ? "i" : "") + (call.one_way() ? "o" : "");
    call.log(gate::log_level::debug, "asked");
    co_return all;
  }
  gate::task<void> trail(gate::Call& call, std::string value) {
    call.add_trailing("note", value);
    co_return;
  }
  // Runs until it is released, or until it sees the cancellation if `looks` is set.
  void block(gate::Call& call, bool looks) {
    ++begun;
    begun.notify_all();
    while (!(looks && call.cancelled()) && !let_go) std::this_thread::yield();
  }

  gate::duration spent{};
  std::atomic<int> begun = 0;
  std::atomic<bool> let_go = false;
};

using bench = dispatch_bench<Asking>;
constexpr bench::real_time real{};

class timer_wait {
 public:
  static gate::task<void> until_stuck(gate::dispatcher& subject, std::size_t count) {
    while (subject.stuck() < count) co_await gate::sleep_for(1ms);
  }
};

}  // namespace

TEST_CASE("a call tells who asks for what, after its request's frame is gone", "[interface]") {
  bench b;
  auto p = b.prepare("who");
  std::string metadata;
  REQUIRE(gate::append_metadata(metadata, "key", "value"));
  std::string caller = "alice the caller, whose name is rather long";
  p.m.caller = caller;
  p.m.traceparent = "00-trace";
  p.m.tracestate = "state";
  p.m.idempotency_key = "once";
  p.m.metadata = gate::metadata_view(metadata);
  p.m.attempt = 2;
  p.m.flags = gate::message_flag::idempotent;
  p.m.budget = 1s;
  b.send(p);
  caller.assign(caller.size(), '?');
  metadata.assign(metadata.size(), '?');
  b.await_ends(1);
  CHECK(b.out.log[0].as<std::string>() ==
        "demo|who|alice the caller, whose name is rather long|00-trace|state|once|value|none|2i");
  CHECK(b.target.spent == 10ms);
}

TEST_CASE("a call without extras has none, also in a record that was used before", "[interface]") {
  bench b;
  auto p = b.prepare("who");
  p.m.caller = "bob";
  p.m.budget = 1s;
  b.send(p);
  b.await_ends(1);
  b.target.spent = 7ms;
  CHECK(b.answer("who").as<std::string>() == "demo|who|||||none|none|0");
  CHECK(b.target.spent == 7ms);
}

TEST_CASE("trailing metadata travels with the result", "[interface]") {
  bench b;
  const auto e = b.answer("trail", std::string("x"));
  CHECK(gate::metadata_view(e.metadata).find("note") == std::string_view("x"));
  const auto too_much = b.answer("trail", std::string(20'000, 'x'));
  CHECK(too_much.status == errc::too_large);
  CHECK(b.answer("trail", std::string("y")).type == message_type::final);
}

TEST_CASE("a plain method sees that its call was cancelled", "[interface]") {
  bench b(real);
  const auto id = b.call("block", true);
  b.target.begun.wait(0);
  b.subject.cancelled(id, errc::cancelled);
  b.await_ends(1);
  // The value that it returned half-way does not count.
  CHECK(b.out.log[0].status == errc::cancelled);
  CHECK(b.subject.stuck() == 0);
}

TEST_CASE("a deadline reaches a plain method", "[interface]") {
  bench b(real);
  auto p = b.prepare("block", true);
  p.m.budget = 1ms;
  b.send(p);
  b.await_ends(1);
  CHECK(b.out.log[0].status == errc::timed_out);
  CHECK(b.target.begun <= 1);
}

TEST_CASE("a cancelled call that waits for a thread is answered at once", "[interface]") {
  bench b(real);
  b.call("block", false);
  b.target.begun.wait(0);
  const auto waiting = b.call("block", false);
  b.subject.cancelled(waiting, errc::cancelled);
  REQUIRE(b.out.log.size() == 1);
  CHECK(b.out.log[0].call == waiting);
  CHECK(b.out.log[0].status == errc::cancelled);
  b.target.let_go = true;
  b.await_idle();
  CHECK(b.target.begun == 1);
  CHECK(b.out.ended() == 2);
}

TEST_CASE("methods that run on after their call's end are stuck, and too many are reported", "[interface]") {
  int reported = 0;
  gate::dispatcher_options o;
  o.stuck_after = 1ms;
  o.stuck_max = 1;
  o.on_stuck = [&reported] { ++reported; };
  bench b(real, std::move(o), 2);
  const auto first = b.call("block", false);
  const auto second = b.call("block", false);
  b.settle();
  b.target.begun.wait(0);
  b.target.begun.wait(1);
  b.subject.cancelled(first, errc::cancelled);
  b.here.run(timer_wait::until_stuck(b.subject, 1));
  CHECK(reported == 0);
  CHECK(b.out.log.empty());
  b.subject.cancelled(second, errc::cancelled);
  b.here.run(timer_wait::until_stuck(b.subject, 2));
  CHECK(reported == 1);
  b.target.let_go = true;
  b.await_idle();
  CHECK(b.subject.stuck() == 0);
  CHECK(b.out.ended() == 2);
}

TEST_CASE("a full pool refuses calls as busy and takes them again later", "[interface]") {
  bench b(real, {}, 1, 1);
  b.call("block", false);
  b.target.begun.wait(0);
  b.call("block", false);
  b.call("block", false);
  b.await_ends(1);
  REQUIRE(b.out.log.size() == 1);
  CHECK(b.out.log[0].status == errc::busy);
  b.target.let_go = true;
  b.await_idle();
  CHECK(b.out.ended() == 3);
}

TEST_CASE("a dispatcher that is destroyed waits for methods that a thread runs", "[interface]") {
  {
    bench b(real);
    b.call("block", true);
    b.call("block", true);
    b.target.begun.wait(0);
  }
  SUCCEED("nothing is used after it is gone");
}
