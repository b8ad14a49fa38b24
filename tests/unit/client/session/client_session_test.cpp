#include "client/session/client_session.hpp"

#include <functional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/client/session/session_fixture.hpp"

using namespace std::chrono_literals;
using gate::call_id;
using gate::errc;
using gate::instant;
using gate::message;
using gate::message_type;
using gate::client::session;
using gate::test::sent_message;
using gate::test::session_fixture;
using state = session::state;
namespace flag = gate::message_flag;

TEST_CASE("a call travels under its own number and ends once", "[client][session]") {
  session_fixture f;
  f.connect();
  const call_id id = f.begin();
  REQUIRE(f.sent.back().m.type == message_type::request);
  CHECK(f.sent.back().m.call == id);
  CHECK(f.sent.back().payload == "hello");
  CHECK(f.client.open_calls() == 1);
  f.from_broker(message_type::final, id, "world");
  REQUIRE(f.finals.size() == 1);
  CHECK(f.finals[0].payload == "world");
  f.from_broker(message_type::final, id, "again");
  f.from_broker(message_type::error, id);
  CHECK(f.finals.size() == 1);
  CHECK(f.failures.empty());
  CHECK(f.client.open_calls() == 0);
}

TEST_CASE("an error carries what the other side said", "[client][session]") {
  session_fixture f;
  f.connect();
  const call_id id = f.begin();
  message m;
  m.type = message_type::error;
  m.call = id;
  m.status = errc::failed;
  m.origin = gate::origin::worker;
  m.text = "out of range";
  f.client.received(m, f.now);
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].status == errc::failed);
  CHECK(f.failures[0].origin == gate::origin::worker);
  CHECK(f.failures[0].text == "out of range");
}

TEST_CASE("calls begun before there is a connection are kept and sent in order", "[client][session]") {
  session_fixture f;
  const call_id a = f.begin(0, 3000ms), b = f.begin();
  CHECK(f.opened == 1);
  CHECK(f.client.kept_bytes() > 0);
  f.now += 500ms + 300us;
  f.welcome();
  const auto requests = f.sent_of(message_type::request);
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].m.call == a);
  CHECK(requests[0].m.budget == 2500ms);  // 2499.7: a budget is not over before its time
  CHECK(requests[0].service == "echo");
  CHECK(requests[0].payload == "hello");
  CHECK(requests[1].m.call == b);
  CHECK(f.client.kept_bytes() == 0);
  CHECK(f.readies == 1);
}

TEST_CASE("a call that finds no connection ends as unavailable after the connect time-out", "[client][session]") {
  session_fixture f;
  f.client.start(f.now);
  const call_id id = f.begin();
  const instant begun = f.now;
  while (f.failures.empty()) {
    if (f.client.current() == state::connecting) f.client.ended(errc::unavailable, "refused", f.now);
    f.step();
  }
  CHECK(f.failures[0].id == id);
  CHECK(f.failures[0].status == errc::unavailable);
  CHECK(f.failures[0].origin == gate::origin::local);
  CHECK(f.now - begun >= 5000ms);
  CHECK(f.now - begun <= 5010ms);
}

TEST_CASE("a budget shorter than the wait for a connection ends the call as timed out", "[client][session]") {
  session_fixture f;
  f.begin(0, 300ms);
  f.pass(299ms);
  CHECK(f.failures.empty());
  f.pass(3ms);
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].status == errc::timed_out);
}

TEST_CASE("what waits for a connection is bounded in bytes, and the next call ends as busy with the next tick",
          "[client][session]") {
  session_fixture f(1000);
  const std::string payload(400, 'x');
  f.begin(0, {}, payload);
  f.begin(0, {}, payload);
  CHECK(f.client.next_deadline() > f.now);
  const call_id refused = f.begin(0, {}, payload);
  CHECK(f.failures.empty());
  CHECK(f.client.next_deadline() <= f.now);
  f.client.tick(f.now);
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].id == refused);
  CHECK(f.failures[0].status == errc::busy);
  CHECK(f.client.open_calls() == 2);
}

TEST_CASE("a call ends locally at its budget and is cancelled at the broker", "[client][session]") {
  session_fixture f;
  f.connect();
  const call_id id = f.begin(0, 250ms);
  CHECK(f.sent.back().m.budget == 250ms);
  f.pass(249ms);
  CHECK(f.failures.empty());
  f.pass(3ms);
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].status == errc::timed_out);
  const auto cancels = f.sent_of(message_type::cancel);
  REQUIRE(cancels.size() == 1);
  CHECK(cancels[0].m.call == id);
  f.from_broker(message_type::final, id, "too late");
  CHECK(f.finals.empty());
}

TEST_CASE("a call without a budget ends when nothing came for the idle time", "[client][session]") {
  session_fixture f;
  f.connect();
  const call_id id = f.begin(flag::wants_stream, {}, "", 100, 10'000);
  for (int i = 0; i < 10; ++i) {
    f.pass(1900ms);
    f.from_broker(message_type::part, id, "item");
  }
  CHECK(f.parts.size() == 10);
  CHECK(f.failures.empty());
  f.pass(2300ms);
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].status == errc::timed_out);
}

TEST_CASE("a consumer that takes its time does not time itself out", "[client][session]") {
  session_fixture f;
  f.connect();
  const call_id id = f.begin(flag::wants_stream, {}, "", 1, 1000);
  f.from_broker(message_type::part, id, "item");
  f.pass(1h);
  CHECK(f.failures.empty());
  CHECK(f.client.grant(id, 1, 1000, f.now));
  CHECK(f.sent.back().m.type == message_type::credit);
  f.pass(1900ms);
  CHECK(f.failures.empty());
  f.pass(400ms);
  CHECK(f.failures.size() == 1);
}

TEST_CASE("when the connection is lost, an idempotent call is sent again and any other says it may have been executed",
          "[client][session]") {
  session_fixture f;
  f.connect();
  const call_id again = f.begin(flag::idempotent | flag::wants_stream, 10s, "hello", 7, 700);
  const call_id once = f.begin();
  CHECK(f.client.grant(again, 3, 300, f.now));
  f.now += 1s;
  f.client.ended(errc::unavailable, "reset", f.now);
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].id == once);
  CHECK(f.failures[0].status == errc::unavailable);
  CHECK(f.failures[0].text.find("may have been executed") != std::string::npos);
  CHECK(f.failures[0].retry == gate::retry_class::if_idempotent);
  f.sent.clear();
  f.reconnect();
  const auto requests = f.sent_of(message_type::request);
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].m.call == again);
  CHECK(requests[0].m.attempt == 1);
  CHECK(requests[0].m.credit_items == 10);
  CHECK(requests[0].m.credit_bytes == 1000);
  CHECK(*requests[0].m.budget <= 9000ms);
  CHECK(*requests[0].m.budget > 8000ms);
  f.from_broker(message_type::final, again);
  CHECK(f.finals.size() == 1);
  CHECK(f.client.kept_bytes() == 0);
}

TEST_CASE("an idempotent call of which a part arrived is not sent again", "[client][session]") {
  session_fixture f;
  f.connect();
  const call_id id = f.begin(flag::idempotent | flag::wants_stream, {}, "hello", 7, 700);
  f.from_broker(message_type::part, id, "item");
  CHECK(f.client.kept_bytes() == 0);
  f.client.ended(errc::unavailable, "reset", f.now);
  CHECK(f.failures.size() == 1);
}

TEST_CASE("an error is safe to retry while no attempt was sent, or the broker says so of the only one",
          "[client][session]") {
  using gate::retry_class;
  session_fixture f;
  f.connect();
  const auto answered = [&](errc status) {
    message m;
    m.type = message_type::error;
    m.call = f.sent_of(message_type::request).back().m.call;
    m.status = status;
    m.origin = gate::origin::broker;
    m.text = "no";
    f.client.received(m, f.now);
    return f.failures.back().retry;
  };
  f.begin();
  CHECK(answered(errc::unavailable) == retry_class::safe);
  f.begin(flag::idempotent);
  f.client.ended(errc::unavailable, "reset", f.now);
  f.reconnect();
  CHECK(answered(errc::unavailable) == retry_class::if_idempotent);  // the first attempt may have run
  f.begin(flag::idempotent);
  f.client.ended(errc::unavailable, "reset", f.now);
  f.begin();
  while (f.failures.size() < 4) f.pass(100ms);
  for (const std::size_t i : {2u, 3u}) {
    CHECK(f.failures[i].status == errc::unavailable);
    CHECK(f.failures[i].retry == (i == 2 ? retry_class::if_idempotent : retry_class::safe));
  }
}

TEST_CASE("a call is sent no more often than the attempts allow", "[client][session]") {
  session_fixture f;
  f.connect();
  f.begin(flag::idempotent);
  for (int i = 0; i < 2; ++i) {
    f.client.ended(errc::unavailable, "reset", f.now);
    CHECK(f.failures.empty());
    f.reconnect();
  }
  f.client.ended(errc::unavailable, "reset", f.now);
  CHECK(f.failures.size() == 1);
  CHECK(f.sent_of(message_type::request).size() == 3);
}

TEST_CASE("an idempotent call for whose copy there is no room is sent, but once only", "[client][session]") {
  session_fixture f(10);
  f.connect();
  f.begin(flag::idempotent, {}, std::string(100, 'x'));
  CHECK(f.sent_of(message_type::request).size() == 1);
  f.client.ended(errc::unavailable, "reset", f.now);
  CHECK(f.failures.size() == 1);
}

TEST_CASE("a one-way call ends well when it is handed over, and by the next tick", "[client][session]") {
  session_fixture f;
  f.connect();
  const call_id id = f.begin(flag::one_way);
  CHECK(f.sent.back().m.has(flag::one_way));
  CHECK(f.finals.empty());
  CHECK(f.client.next_deadline() <= f.now);
  f.client.tick(f.now);
  REQUIRE(f.finals.size() == 1);
  CHECK(f.finals[0].m.call == id);
  CHECK(f.finals[0].payload.empty());
  CHECK(f.client.open_calls() == 0);
}

TEST_CASE("a cancelled call has no further event, and the broker is told when it has it", "[client][session]") {
  session_fixture f;
  SECTION("sent") {
    f.connect();
    const call_id id = f.begin();
    f.client.cancel(id, f.now);
    f.client.cancel(id, f.now);
    CHECK(f.sent_of(message_type::cancel).size() == 1);
    f.from_broker(message_type::final, id);
  }
  SECTION("kept") {
    const call_id id = f.begin();
    f.client.cancel(id, f.now);
    CHECK(f.client.kept_bytes() == 0);
    f.welcome();
    CHECK(f.sent_of(message_type::request).empty());
    CHECK(f.sent_of(message_type::cancel).empty());
  }
  SECTION("handed over one-way") {
    f.connect();
    f.client.cancel(f.begin(flag::one_way), f.now);
    f.client.tick(f.now);
  }
  CHECK(f.finals.empty());
  CHECK(f.failures.empty());
  CHECK(f.client.open_calls() == 0);
}

TEST_CASE("the caller's own stream waits for credit, and its half-close does not", "[client][session]") {
  session_fixture f;
  f.connect();
  const call_id id = f.begin(flag::client_stream);
  CHECK_FALSE(f.client.window_open(id));
  f.credit_from_broker(id, 1, 100);
  CHECK(f.opened_windows == std::vector{id});
  CHECK(f.client.part(id, gate::bytes_view("one"), 0, f.now));
  CHECK(f.sent.back().payload == "one");
  CHECK_FALSE(f.client.window_open(id));
  CHECK(f.client.part(id, {}, flag::end_of_parts | flag::no_payload, f.now));
  CHECK(f.sent.back().m.has(flag::end_of_parts));
  f.credit_from_broker(id, 1, 100);
  CHECK_FALSE(f.client.window_open(id));
}

TEST_CASE("an end of the caller's stream that comes before the connection follows the request", "[client][session]") {
  session_fixture f;
  const call_id id = f.begin(flag::client_stream);
  CHECK(f.client.part(id, {}, flag::end_of_parts | flag::no_payload, f.now));
  f.welcome();
  CHECK(f.sent.back().m.type == message_type::part);
  CHECK(f.sent.back().m.call == id);
  CHECK(f.sent.back().m.has(flag::end_of_parts));
}

TEST_CASE("a call that has sent items of its own is not sent again", "[client][session]") {
  session_fixture f;
  f.connect();
  const call_id id = f.begin(flag::client_stream | flag::idempotent);
  f.credit_from_broker(id, 1, 100);
  f.client.part(id, gate::bytes_view("one"), 0, f.now);
  f.client.ended(errc::unavailable, "reset", f.now);
  CHECK(f.failures.size() == 1);
}

TEST_CASE("arguments that the broker would refuse are refused here", "[client][session]") {
  session_fixture f;
  f.connect();
  f.begin(0, {}, std::string(1001, 'x'));
  CHECK(f.sent_of(message_type::request).empty());
  f.client.tick(f.now);
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].status == errc::too_large);
}

TEST_CASE("a draining broker gets no new request, and what it has may end", "[client][session]") {
  session_fixture f;
  f.connect();
  const call_id running = f.begin();
  f.from_broker(message_type::drain, call_id{});
  CHECK(f.client.current() == state::leaving);
  const call_id later = f.begin();
  CHECK(f.sent_of(message_type::request).size() == 1);
  f.from_broker(message_type::final, running);
  CHECK(f.finals.size() == 1);
  f.from_broker(message_type::bye, call_id{});
  CHECK(f.failures.empty());
  f.reconnect();
  CHECK(f.sent_of(message_type::request).back().m.call == later);
}

TEST_CASE("that the broker drains is told as that, and so is why there is no connection", "[client][session]") {
  session_fixture f;
  f.connect();
  const auto wait_for_failure = [&](std::string_view refusal) {
    f.failures.clear();
    f.begin();
    while (f.failures.empty()) {
      if (f.client.current() == state::connecting) f.client.ended(errc::unavailable, refusal, f.now);
      f.step();
    }
    return f.failures[0].text;
  };
  f.from_broker(message_type::drain, call_id{});
  f.begin();
  while (f.failures.empty()) {
    f.from_broker(message_type::heartbeat, call_id{});
    f.step();
  }
  CHECK(f.failures[0].text == "the broker is draining and takes no new calls, and there is no other");
  f.from_broker(message_type::bye, call_id{});
  CHECK(wait_for_failure("nobody answers there") == "the broker drained and left, and there is no other");
  CHECK(wait_for_failure("there is no route to it, by IPv6") == "no connection to the broker");
  f.reconnect();
  f.client.ended(errc::unavailable, "the connection is gone", f.now);
  CHECK(wait_for_failure("nobody answers there") ==
        "no connection to the broker; is it running, and is the address right?");
}

TEST_CASE("what the broker may not send ends the connection, with a word", "[client][session]") {
  session_fixture f;
  f.connect();
  const call_id id = f.begin(flag::idempotent);
  SECTION("a request") { f.from_broker(message_type::request, call_id{1}); }
  SECTION("a part for a call that takes none") { f.from_broker(message_type::part, id, "x"); }
  SECTION("a part beyond the credit") {
    const call_id stream = f.begin(flag::wants_stream | flag::idempotent);
    f.from_broker(message_type::part, stream, "x");
    CHECK(f.parts.empty());
  }
  SECTION("something that cannot be parsed") { f.client.malformed("truncated", f.now); }
  CHECK(f.losses == std::vector{errc::protocol_error});
  CHECK(f.sent.back().m.type == message_type::bye);
  CHECK(f.closed_sockets == 1);
  CHECK(f.failures.empty());
}

TEST_CASE("a broker that refuses us ends every call with its reason, and later ones too", "[client][session]") {
  session_fixture f;
  f.begin();
  f.client.connected(f.now);
  message m;
  m.type = message_type::bye;
  m.status = errc::permission_denied;
  m.text = "clients of this address are not admitted";
  f.client.received(m, f.now);
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].status == errc::permission_denied);
  CHECK(f.failures[0].text == "clients of this address are not admitted");
  CHECK(f.ends == std::vector{errc::permission_denied});
  f.begin();
  f.client.tick(f.now);
  REQUIRE(f.failures.size() == 2);
  CHECK(f.failures[1].status == errc::permission_denied);
  CHECK(f.failures[1].text == "clients of this address are not admitted");
  CHECK(f.opened == 1);
}

TEST_CASE("closing ends every call as cancelled", "[client][session]") {
  session_fixture f;
  f.connect();
  f.begin();
  f.begin(flag::one_way);
  f.client.close(f.now);
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].status == errc::cancelled);
  CHECK(f.finals.size() == 1);
  CHECK(f.sent.back().m.type == message_type::bye);
  CHECK(f.client.open_calls() == 0);
  f.begin();
  f.client.tick(f.now);
  REQUIRE(f.failures.size() == 2);
  CHECK(f.failures.back().status == errc::cancelled);
}

TEST_CASE("a caller that begins another call at each end is served without recursion or loss", "[client][session]") {
  session_fixture f;
  f.connect();
  int left = 100;
  f.on_end = [&] {
    if (left-- > 0) f.begin(flag::one_way);
  };
  f.begin(flag::one_way);
  int ticks = 0;
  while (f.client.open_calls() > 0) {
    f.client.tick(f.now);
    REQUIRE(++ticks < 200);
  }
  CHECK(f.finals.size() == 101);
}

TEST_CASE("a caller may close the client from within a call's end", "[client][session]") {
  session_fixture f;
  f.connect();
  for (int i = 0; i < 5; ++i) f.begin();
  f.on_end = [&] { f.client.close(f.now); };
  f.client.ended(errc::unavailable, "reset", f.now);
  CHECK(f.failures.size() == 5);
  CHECK(f.client.open_calls() == 0);
  CHECK(f.ends == std::vector{errc::ok});
}
