#include "worker/session/worker_session.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/sent_message.hpp"

using namespace std::chrono_literals;
using gate::call_id;
using gate::errc;
using gate::instant;
using gate::message;
using gate::message_type;
using gate::test::sent_message;
using gate::worker::session;
using state = session::state;
namespace flag = gate::message_flag;

namespace {

struct fixture : session::handler {
  fixture() : worker(options(), *this) {}

  static gate::worker::session_options options() {
    gate::worker::session_options o;
    o.service = "echo";
    o.name = "me";
    o.capacity = 4;
    o.heartbeat_interval = 1000ms;
    o.heartbeat_liveness = 3;
    o.connect_timeout = 5000ms;
    o.pause_min = 20ms;
    o.pause_max = 500ms;
    return o;
  }

  void open() override { ++opened; }
  void close() override { ++closed_sockets; }
  void send(const message& m) override { sent.emplace_back(m); }
  void request(const message& m) override { requests.emplace_back(m); }
  void part(const message& m) override { parts.emplace_back(m); }
  void window_opened(call_id call) override { opened_windows.push_back(call); }
  void cancelled(call_id call, errc why) override { cancels.emplace_back(call, why); }
  void serving(const message& m) override { welcomes.emplace_back(m); }
  void lost(errc why, std::string_view, std::chrono::milliseconds) override { losses.push_back(why); }
  void closed(errc why, std::string_view) override { ends.push_back(why); }

  void connect() {
    if (worker.current() == state::idle) worker.start(now);
    worker.connected(now);
    message m;
    m.type = message_type::welcome;
    m.version_min = m.version_max = gate::gate2_version;
    m.heartbeat_interval = 1000ms;
    m.liveness = 3;
    m.payload_bytes_max = 1000;
    worker.received(m, now);
    REQUIRE(worker.current() == state::serving);
  }
  void reconnect() {
    while (worker.current() == state::waiting) {
      now = worker.next_deadline();
      worker.tick(now);
    }
    connect();
  }
  static message make(message_type type, std::uint64_t call, std::uint8_t flags = 0) {
    message m;
    m.type = type;
    m.call = call_id{call};
    m.flags = flags;
    return m;
  }
  call_id request_from_broker(std::uint64_t call, std::uint8_t flags = 0, std::uint32_t items = 0,
                              std::uint32_t bytes = 0) {
    message m = make(message_type::request, call, flags);
    m.service = "echo";
    m.method = "say";
    m.payload = gate::bytes_view("hello");
    m.credit_items = items;
    m.credit_bytes = bytes;
    const std::size_t before = requests.size();
    worker.received(m, now);
    return requests.size() == before ? call_id{} : requests.back().m.call;
  }
  void from_broker(message_type type, std::uint64_t call = 0, std::uint8_t flags = 0, std::string_view payload = {}) {
    message m = make(type, call, flags);
    m.payload = payload;
    worker.received(m, now);
  }
  void credit_from_broker(std::uint64_t call, std::uint32_t items, std::uint32_t bytes) {
    message m = make(message_type::credit, call);
    m.credit_items = items;
    m.credit_bytes = bytes;
    worker.received(m, now);
  }
  bool answer(call_id call, std::string_view payload = "done") {
    message m;
    m.call = call;
    m.payload = payload;
    return worker.final(m);
  }

  session worker;
  instant now{1h};
  int opened = 0, closed_sockets = 0;
  std::vector<sent_message> sent, requests, parts, welcomes;
  std::vector<call_id> opened_windows;
  std::vector<std::pair<call_id, errc>> cancels;
  std::vector<errc> losses, ends;
};

}  // namespace

TEST_CASE("a worker registers, is given a request and answers it under the broker's number", "[worker][session]") {
  fixture f;
  f.connect();
  CHECK(f.sent[0].m.role == gate::peer_role::worker);
  CHECK(f.sent[0].m.capacity == 4);
  CHECK(f.welcomes.size() == 1);
  const call_id id = f.request_from_broker(77);
  CHECK(f.requests[0].payload == "hello");
  CHECK(f.worker.open_calls() == 1);
  CHECK(f.answer(id));
  CHECK(f.sent.back().m.type == message_type::final);
  CHECK(f.sent.back().m.call == call_id{77});
  CHECK(f.sent.back().payload == "done");
  CHECK(f.worker.open_calls() == 0);
}

TEST_CASE("a second answer to a call is refused and not sent", "[worker][session]") {
  fixture f;
  f.connect();
  const call_id id = f.request_from_broker(1);
  CHECK(f.answer(id));
  const std::size_t before = f.sent.size();
  CHECK_FALSE(f.answer(id));
  message m;
  m.call = id;
  m.status = errc::failed;
  CHECK_FALSE(f.worker.error(m));
  CHECK_FALSE(f.worker.part(id, gate::bytes_view("x")));
  CHECK_FALSE(f.worker.grant(id, 1, 1));
  CHECK(f.sent.size() == before);
}

TEST_CASE("an error says that it comes from the worker, and is never ok", "[worker][session]") {
  fixture f;
  f.connect();
  message m;
  m.call = f.request_from_broker(5);
  m.text = "no";
  CHECK(f.worker.error(m));
  CHECK(f.sent.back().m.status == errc::internal);
  CHECK(f.sent.back().m.origin == gate::origin::worker);
  CHECK(f.sent.back().text == "no");
}

TEST_CASE("when the connection ends, calls in hand are cancelled and late answers go nowhere", "[worker][session]") {
  fixture f;
  f.connect();
  const call_id old = f.request_from_broker(1);
  f.worker.ended(errc::unavailable, "reset", f.now);
  REQUIRE(f.cancels.size() == 1);
  CHECK(f.cancels[0] == std::pair{old, errc::unavailable});
  CHECK(f.worker.open_calls() == 0);
  f.reconnect();
  // The new broker counts from 1 again.
  const call_id fresh = f.request_from_broker(1);
  CHECK(fresh != old);
  const std::size_t before = f.sent.size();
  CHECK_FALSE(f.answer(old, "the old one's"));
  CHECK(f.sent.size() == before);
  CHECK(f.answer(fresh, "the new one's"));
  CHECK(f.sent.back().payload == "the new one's");
}

TEST_CASE("a cancel reaches the call once, and the call still owes its answer", "[worker][session]") {
  fixture f;
  f.connect();
  const call_id id = f.request_from_broker(9, flag::wants_stream, 10, 1000);
  f.from_broker(message_type::cancel, 9);
  f.from_broker(message_type::cancel, 9);
  f.from_broker(message_type::cancel, 1234);
  CHECK(f.cancels == std::vector{std::pair{id, errc::cancelled}});
  CHECK_FALSE(f.worker.window_open(id));
  CHECK(f.worker.open_calls() == 1);
  CHECK(f.answer(id));
  CHECK(f.sent.back().m.type == message_type::final);
}

TEST_CASE("parts are sent within the credit, and its return is reported once", "[worker][session]") {
  fixture f;
  f.connect();
  const call_id id = f.request_from_broker(9, flag::wants_stream, 2, 1000);
  CHECK(f.worker.window_open(id));
  CHECK(f.worker.part(id, gate::bytes_view("a")));
  CHECK(f.worker.part(id, gate::bytes_view("b")));
  CHECK(f.sent.back().m.type == message_type::part);
  CHECK(f.sent.back().m.call == call_id{9});
  CHECK_FALSE(f.worker.window_open(id));
  f.credit_from_broker(9, 1, 0);
  f.credit_from_broker(9, 1, 0);
  CHECK(f.opened_windows == std::vector{id});
  CHECK(f.worker.window_open(id));
}

TEST_CASE("bytes close the window as well, though an item larger than it passes", "[worker][session]") {
  fixture f;
  f.connect();
  const call_id id = f.request_from_broker(9, flag::wants_stream, 100, 10);
  CHECK(f.worker.part(id, gate::bytes_view(std::string_view("0123456789abcdef"))));
  CHECK_FALSE(f.worker.window_open(id));
  f.credit_from_broker(9, 0, 6);
  CHECK_FALSE(f.worker.window_open(id));
  f.credit_from_broker(9, 0, 1);
  CHECK(f.worker.window_open(id));
}

TEST_CASE("the caller's items come in order until its half-close, as far as credit was granted", "[worker][session]") {
  fixture f;
  f.connect();
  const call_id id = f.request_from_broker(3, flag::client_stream);
  CHECK(f.worker.grant(id, 2, 100));
  CHECK(f.sent.back().m.type == message_type::credit);
  CHECK(f.sent.back().m.call == call_id{3});
  CHECK(f.sent.back().m.credit_items == 2);
  f.from_broker(message_type::part, 3, 0, "one");
  f.from_broker(message_type::part, 3, flag::end_of_parts | flag::no_payload);
  REQUIRE(f.parts.size() == 2);
  CHECK(f.parts[0].payload == "one");
  CHECK(f.parts[0].m.call == id);
  CHECK(f.parts[1].m.has(flag::end_of_parts));
  const std::size_t before = f.sent.size();
  CHECK(f.worker.grant(id, 1, 1));  // no caller is there to use the credit
  CHECK(f.sent.size() == before);
}

TEST_CASE("what the broker may not send ends the connection, with a word", "[worker][session]") {
  fixture f;
  f.connect();
  SECTION("a request under an open number") {
    f.request_from_broker(1);
    f.request_from_broker(1);
  }
  SECTION("more requests than the capacity") {
    for (std::uint64_t i = 1; i <= 5; ++i) f.request_from_broker(i);
    CHECK(f.requests.size() == 4);
  }
  SECTION("a part beyond the credit") {
    f.request_from_broker(1, flag::client_stream);
    f.from_broker(message_type::part, 1, 0, "x");
    CHECK(f.parts.empty());
  }
  SECTION("a part for a call without a stream") {
    f.request_from_broker(1);
    f.from_broker(message_type::part, 1, 0, "x");
  }
  SECTION("a final") { f.from_broker(message_type::final, 1); }
  SECTION("drained without a drain") { f.from_broker(message_type::drained); }
  SECTION("something that cannot be parsed") { f.worker.malformed("truncated", f.now); }
  CHECK(f.losses == std::vector{errc::protocol_error});
  CHECK(f.sent.back().m.type == message_type::bye);
  CHECK(f.closed_sockets == 1);
  CHECK(f.worker.current() == state::waiting);
  CHECK(f.worker.open_calls() == 0);
}

TEST_CASE("what crosses the end of a call is dropped", "[worker][session]") {
  fixture f;
  f.connect();
  f.answer(f.request_from_broker(1, flag::client_stream));
  f.from_broker(message_type::part, 1, 0, "x");
  f.from_broker(message_type::cancel, 1);
  f.credit_from_broker(1, 1, 1);
  CHECK(f.parts.empty());
  CHECK(f.cancels.empty());
  CHECK(f.losses.empty());
}

TEST_CASE("a draining worker hands requests back whole, finishes the others, and leaves after the broker's word",
          "[worker][session]") {
  fixture f;
  f.connect();
  const call_id id = f.request_from_broker(1);
  f.worker.drain(f.now);
  f.worker.drain(f.now);
  CHECK(f.sent.back().m.type == message_type::drain);
  CHECK(f.worker.current() == state::draining);
  f.request_from_broker(2, flag::idempotent);
  CHECK(f.requests.size() == 1);
  CHECK(f.sent.back().m.type == message_type::returned);
  CHECK(f.sent.back().m.call == call_id{2});
  CHECK(f.sent.back().service == "echo");
  CHECK(f.sent.back().method == "say");
  CHECK(f.sent.back().payload == "hello");
  CHECK(f.sent.back().m.has(flag::idempotent));
  SECTION("the last call ends after drained") {
    f.from_broker(message_type::drained);
    CHECK(f.ends.empty());
    f.answer(id);
  }
  SECTION("the last call ends before drained") {
    f.answer(id);
    CHECK(f.ends.empty());
    f.from_broker(message_type::drained);
  }
  CHECK(f.sent.back().m.type == message_type::bye);
  CHECK(f.sent.back().m.status == errc::ok);
  CHECK(f.ends == std::vector{errc::ok});
  CHECK(f.worker.current() == state::closed);
}

TEST_CASE("a worker that drains while it is not registered is closed at once", "[worker][session]") {
  fixture f;
  SECTION("never started") {}
  SECTION("connecting") { f.worker.start(f.now); }
  SECTION("waiting") {
    f.worker.start(f.now);
    f.worker.ended(errc::unavailable, "refused", f.now);
  }
  f.worker.drain(f.now);
  CHECK(f.ends == std::vector{errc::ok});
  CHECK(f.worker.current() == state::closed);
}

TEST_CASE("a draining worker whose connection ends does not come back", "[worker][session]") {
  fixture f;
  f.connect();
  f.request_from_broker(1);
  f.worker.drain(f.now);
  f.worker.ended(errc::unavailable, "gone", f.now);
  CHECK(f.cancels.size() == 1);
  CHECK(f.ends == std::vector{errc::ok});
  CHECK(f.worker.next_deadline() == instant::max());
}

TEST_CASE("a result that the broker would refuse becomes a precise error", "[worker][session]") {
  fixture f;
  f.connect();
  const std::string large(1001, 'x');
  SECTION("final") { CHECK(f.answer(f.request_from_broker(1), large)); }
  SECTION("part") {
    CHECK_FALSE(f.worker.part(f.request_from_broker(1, flag::wants_stream, 9, 9000), gate::bytes_view(large)));
  }
  CHECK(f.sent.back().m.type == message_type::error);
  CHECK(f.sent.back().m.status == errc::too_large);
  CHECK(f.worker.open_calls() == 0);
}

TEST_CASE("closing at once cancels what is in hand and says bye", "[worker][session]") {
  fixture f;
  f.connect();
  f.request_from_broker(1);
  f.worker.close(f.now);
  CHECK(f.cancels.size() == 1);
  CHECK(f.sent.back().m.type == message_type::bye);
  CHECK(f.ends == std::vector{errc::ok});
}

TEST_CASE("the head of a huge answer needs no window, and its chunks do", "[worker][session][huge]") {
  fixture f;
  f.connect();
  message request = fixture::make(message_type::request, 7);
  request.service = "echo";
  request.method = "say";
  request.accept = gate::payload_encoding::all;
  f.worker.received(request, f.now);
  const call_id id = f.requests.back().m.call;
  message head;
  head.call = id;
  head.flags = flag::no_payload;
  head.content = gate::huge_content::raw;
  CHECK(f.worker.part(head));
  CHECK(f.sent.back().m.is_head());
  CHECK(f.sent.back().m.call == call_id{7});
  CHECK_FALSE(f.worker.window_open(id));
  f.credit_from_broker(7, 1, 10);
  CHECK(f.opened_windows == std::vector{id});
  CHECK(f.worker.part(id, gate::bytes_view("chunk")));
  CHECK_FALSE(f.worker.window_open(id));
  message end;
  end.call = id;
  end.flags = flag::no_payload;
  end.total_bytes = 5;
  CHECK(f.worker.final(end));
  CHECK(f.sent.back().m.total_bytes == 5);
}

TEST_CASE("the end of huge arguments tells their total", "[worker][session][huge]") {
  fixture f;
  f.connect();
  const call_id id = f.request_from_broker(7, flag::client_stream);
  CHECK(f.worker.grant(id, 4, 100));
  f.from_broker(message_type::part, 7, 0, "chunk");
  message end = fixture::make(message_type::part, 7, flag::end_of_parts | flag::no_payload);
  end.total_bytes = 5;
  f.worker.received(end, f.now);
  REQUIRE(f.parts.size() == 2);
  CHECK(f.parts[1].m.call == id);
  CHECK(f.parts[1].m.total_bytes == 5);
}
