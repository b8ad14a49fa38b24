#include <catch2/catch.hpp>

#include "tests/unit/broker/core/core_fixture.hpp"

using namespace gate;
using namespace gate::broker;
using namespace gate::broker::testing;

namespace {

constexpr std::uint8_t feed = message_flag::client_stream;
constexpr std::uint8_t last = message_flag::end_of_parts;
constexpr std::uint8_t empty = message_flag::no_payload;

// Asks as a client that takes a huge answer.
void ask_huge(bench& b, peer_id from, std::uint64_t call, const ask& how = {}) {
  message m = bench::request_message(call, "s", how);
  m.accept = payload_encoding::all;
  b.receive(from, m);
}

message head_of(std::uint64_t call) {
  message m = bench::of(message_type::part, call);
  m.flags = empty;
  m.content = huge_content::raw;
  m.total_bytes = 6;
  m.offset = 0;
  m.etag = "v1";
  return m;
}

message chunk_of(std::uint64_t call, std::uint64_t offset, std::string_view raw) {
  message m = bench::of(message_type::part, call);
  m.payload = payload_view(raw);
  m.encoding = payload_encoding::zstd;
  m.offset = offset;
  m.checksum = 77;
  return m;
}

message final_of(std::uint64_t call, std::uint64_t total) {
  message m = bench::of(message_type::final, call);
  m.flags = empty;
  m.total_bytes = total;
  return m;
}

message huge_request(std::uint64_t call, const ask& how = {}) {
  message m = bench::request_message(call, "s", how);
  m.flags |= feed;
  m.content = huge_content::raw;
  m.total_bytes = 9;
  m.etag = "v2";
  return m;
}

message bare_end(std::uint64_t call, std::uint64_t total) {
  message m = bench::of(message_type::part, call);
  m.flags = last | empty;
  m.total_bytes = total;
  return m;
}

peer_context creditless() {
  peer_context c = bench::context();
  c.credit = false;
  c.huge = false;
  return c;
}

}  // namespace

TEST_CASE("a huge answer begins with a head, which costs no credit", "[broker][huge]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  ask_huge(b, c, 1);
  const sent given = b.one(w);
  CHECK(given.accept == payload_encoding::all);
  CHECK(given.credit_items == 0);
  b.receive(w, head_of(given.call));
  const sent head = b.one(c, message_type::part);
  CHECK(head.call == 1);
  CHECK(head.has(empty));
  CHECK(head.content == huge_content::raw);
  CHECK(head.total_bytes == 6);
  CHECK(head.offset == 0);
  CHECK(head.etag == "v1");
}

TEST_CASE("the chunks of a huge answer pass as far as its client has granted credit", "[broker][huge]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  ask_huge(b, c, 1);
  const auto call = b.given(w);
  b.receive(w, head_of(call));
  (void)b.take(c);
  b.credit(c, 1, 8, 5);
  CHECK(b.one(w, message_type::credit).credit_bytes == 5);
  b.receive(w, chunk_of(call, 0, "abc"));
  b.receive(w, chunk_of(call, 3, "def"));
  const auto chunks = b.take(c);
  REQUIRE(chunks.size() == 2);
  CHECK(chunks[1].payload == "def");
  CHECK(chunks[1].offset == 3);
  CHECK(chunks[1].checksum == 77);
  CHECK(chunks[1].encoding == payload_encoding::zstd);
  SECTION("and its final says where it ends") {
    b.receive(w, final_of(call, 6));
    const sent end = b.one(c, message_type::final);
    CHECK(end.has(empty));
    CHECK(end.total_bytes == 6);
    CHECK(b.ended(errc::ok) == 1);
  }
  SECTION("one beyond it ends the call") {
    b.receive(w, chunk_of(call, 6, "g"));
    CHECK(b.failed(c) == errc::too_slow);
    CHECK(b.one(w, message_type::cancel).call == call);
  }
}

TEST_CASE("chunks before the client's first credit end the call", "[broker][huge]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  ask_huge(b, c, 1);
  const auto call = b.given(w);
  b.credit(c, 1, 100, 100);  // nothing has begun: the credit opens no window
  CHECK(b.none(w));
  b.receive(w, head_of(call));
  (void)b.take(c);
  b.receive(w, chunk_of(call, 0, "abc"));
  CHECK(b.failed(c) == errc::too_slow);
}

TEST_CASE("a huge answer to a call that takes none ends it as protocol_error", "[broker][huge]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.request(c, 1, "s");
  const auto call = b.given(w);
  b.receive(w, head_of(call));
  CHECK(b.failed(c) == errc::protocol_error);
  CHECK(b.one(w, message_type::cancel).call == call);
}

TEST_CASE("a call that takes a stream and a huge answer opens one window for whichever comes", "[broker][huge]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  ask_huge(b, c, 1, {.flags = message_flag::wants_stream, .credit_items = 9, .credit_bytes = 99});
  const sent given = b.one(w);
  CHECK(given.credit_items == 9);
  SECTION("a huge answer") {
    b.receive(w, head_of(given.call));
    b.receive(w, chunk_of(given.call, 0, "abcdef"));
    b.receive(w, final_of(given.call, 6));
    const auto answer = b.take(c);
    REQUIRE(answer.size() == 3);
    CHECK(answer[0].content == huge_content::raw);
    CHECK(answer[1].payload == "abcdef");
    CHECK(answer[2].total_bytes == 6);
  }
  SECTION("not both") {
    b.receive(w, chunk_of(given.call, 0, "item"));
    (void)b.take(c);
    b.receive(w, head_of(given.call));
    CHECK(b.failed(c) == errc::protocol_error);
  }
}

TEST_CASE("a huge answer of a worker who is not told what its caller takes ends the call as unsupported",
          "[broker][huge]") {
  bench b;
  const peer_id c = b.client();
  peer_context foreign = bench::context();
  foreign.huge = false;
  const peer_id w = b.worker("s", 1, {}, foreign);
  SECTION("when it takes none") {
    b.request(c, 1, "s");
    b.receive(w, head_of(b.given(w)));
  }
  SECTION("when it does not read the encoding") {
    const ask plain{};
    message m = bench::request_message(1, "s", plain);
    m.accept = payload_encoding::zstd;
    b.receive(c, m);
    message head = head_of(b.given(w));
    head.encoding = payload_encoding::gzip;
    b.receive(w, head);
  }
  CHECK(b.failed(c) == errc::unsupported);
}

TEST_CASE("a second head ends the call", "[broker][huge]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  ask_huge(b, c, 1);
  const auto call = b.given(w);
  b.receive(w, head_of(call));
  (void)b.take(c);
  b.receive(w, head_of(call));
  CHECK(b.failed(c) == errc::protocol_error);
}

TEST_CASE("a call that takes a huge answer may run again until its head has passed", "[broker][huge]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  const peer_id other = b.worker("s");
  const ask idempotent{.flags = message_flag::idempotent};
  message m = bench::request_message(1, "s", idempotent);
  m.accept = payload_encoding::all;
  m.offset = 4;
  m.etag = "v1";
  b.receive(c, m);
  const bool first = !b.out.all.empty() && b.out.all.front().to == w;
  const peer_id held_by = first ? w : other;
  const peer_id spare = first ? other : w;
  const auto call = b.given(held_by);
  SECTION("with where to go on") {
    b.close(held_by);
    const sent again = b.one(spare, message_type::request);
    CHECK(again.attempt == 1);
    CHECK(again.accept == payload_encoding::all);
    CHECK(again.offset == 4);
    CHECK(again.etag == "v1");
  }
  SECTION("and not behind it") {
    b.receive(held_by, head_of(call));
    (void)b.take(c);
    b.close(held_by);
    CHECK(b.failed(c) == errc::worker_lost);
    CHECK(b.none(spare));
  }
}

TEST_CASE("the clock of a huge answer stands while its client has granted no credit", "[broker][huge]") {
  options settings;
  settings.idle_timeout = 1000ms;
  bench b(settings);
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  ask_huge(b, c, 1);
  const auto call = b.given(w);
  b.receive(w, head_of(call));
  (void)b.take(c);
  b.pass(10s);
  CHECK(b.none(c));
  b.credit(c, 1, 1, 10);
  (void)b.take(w);
  b.pass(900ms);
  CHECK(b.none(c));
  b.pass(200ms);
  CHECK(b.failed(c) == errc::timed_out);
}

TEST_CASE("a client without credit gets a huge answer as its out-queue drains", "[broker][huge]") {
  bench b;
  const peer_id c = b.client(creditless());
  const peer_id w = b.worker("s");
  const ask plain;
  message m = bench::request_message(1, "s", plain);
  m.accept = payload_encoding::gzip;
  b.receive(c, m);
  const auto call = b.given(w);
  b.receive(w, head_of(call));
  const sent window = b.one(w, message_type::credit);
  CHECK(window.credit_bytes == limits::stream_window_bytes);
  message chunk = chunk_of(call, 0, "abcdef");
  chunk.encoding = payload_encoding::plain;  // the head has the encoding of the whole
  b.receive(w, chunk);
  b.core.flushed(c, b.now);
  CHECK(b.one(w, message_type::credit).credit_bytes == 6);
}

TEST_CASE("huge arguments pass with what their request says of them", "[broker][huge]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  b.receive(c, huge_request(1));
  const sent given = b.one(w);
  CHECK(given.content == huge_content::raw);
  CHECK(given.total_bytes == 9);
  CHECK(given.etag == "v2");
  b.credit(w, given.call, 10, 1000);
  CHECK(b.one(c, message_type::credit).credit_bytes == 1000);
  b.receive(c, chunk_of(1, 0, "abc"));
  CHECK(b.one(w, message_type::part).checksum == 77);
  b.receive(c, bare_end(1, 3));
  const sent end = b.one(w, message_type::part);
  CHECK(end.has(last));
  CHECK(end.has(empty));
  CHECK(end.total_bytes == 3);
}

TEST_CASE("the end of huge arguments that came while the call was queued has its total", "[broker][huge]") {
  bench b;
  const peer_id c = b.client();
  b.receive(c, huge_request(1));
  b.receive(c, bare_end(1, 0));
  const peer_id w = b.worker("s");
  const auto told = b.take(w);
  REQUIRE(told.size() == 2);
  CHECK(told[0].content == huge_content::raw);
  CHECK(told[0].etag == "v2");
  CHECK(told[1].total_bytes == 0);
}

TEST_CASE("a worker whose dialect has no huge payloads is given none", "[broker][huge]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s", 1, {}, creditless());
  b.receive(c, huge_request(1));
  const sent answer = b.one(c, message_type::error);
  CHECK(answer.status == errc::unsupported);
  CHECK(b.none(w));
  CHECK(b.core.workers().front().in_flight == 0);
}

TEST_CASE("a caller who does not take a huge answer gives the worker's place back after credit_timeout",
          "[broker][huge]") {
  options settings;
  settings.credit_timeout = 10min;
  bench b(settings);
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  ask how;
  SECTION("without a budget") {}
  SECTION("with one") { how.budget = 24h; }
  ask_huge(b, c, 1, how);
  const auto call = b.given(w);
  b.receive(w, head_of(call));
  CHECK(b.one(c, message_type::part).has(empty));
  b.pass(9min + 59s);
  CHECK(b.none(c));
  b.pass(2s);
  CHECK(b.failed(c) == errc::too_slow);
  CHECK(b.one(w, message_type::cancel).call == call);
}

TEST_CASE("a credit_timeout shorter than idle_timeout holds for a huge answer without a budget", "[broker][huge]") {
  options settings;
  settings.idle_timeout = 10min;
  settings.credit_timeout = 30s;
  bench b(settings);
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  ask_huge(b, c, 1);
  const auto call = b.given(w);
  b.receive(w, head_of(call));
  CHECK(b.one(c, message_type::part).has(empty));
  b.pass(29s);
  CHECK(b.none(c));
  b.pass(2s);
  CHECK(b.failed(c) == errc::too_slow);
  CHECK(b.one(w, message_type::cancel).call == call);
}
