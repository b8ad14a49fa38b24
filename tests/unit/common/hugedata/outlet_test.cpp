#include "common/hugedata/outlet.hpp"

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <catch2/catch.hpp>

#include "tests/unit/common/hugedata/transfer.hpp"

using namespace gate;
using namespace gate::huge;
using namespace gate::test;

TEST_CASE("a transfer goes on at an offset when the content is the same", "[huge]") {
  loop here;
  const std::string raw = text(20'000);
  huge_options named = small_chunks();
  named.etag = "v1";
  const auto resumed = [&](std::uint64_t offset, std::string_view etag) {
    outlet out(HugeData::from_memory(raw, named), {}, nullptr);
    out.resume(offset, etag);
    return here.run(send_on(std::move(out)));
  };
  for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{4096}, std::uint64_t{20'000}}) {
    const sent_transfer sent = resumed(offset, "v1");
    CHECK(sent.head.offset == offset);
    CHECK(sent.head.total == 20'000);
    CHECK(sent.total == 20'000);
    CHECK(receive(sent).raw == raw.substr(offset));
  }
  CHECK(resumed(4096, "v2").head.offset == 0);
  CHECK(resumed(4096, "").head.offset == 0);
  CHECK(resumed(20'001, "v1").head.offset == 0);
  CHECK(receive(resumed(4096, "v2")).raw == raw);
}

TEST_CASE("a source that fails, fails the transfer behind what it gave", "[huge]") {
  loop here;
  thread_pool pool(2, 100);
  const auto failing = [](std::string first) -> generator<std::string> {
    co_yield first;
    throw Error(errc::permission_denied, "no more");
  };
  const auto failing_later = [](std::string first) -> async_generator<std::string> {
    co_yield first;
    co_await yield();
    throw Error(errc::permission_denied, "no more");
  };
  const auto chunks_before_failure = [&here](HugeData data, thread_pool* p) {
    outlet out(std::move(data), {}, p);
    const auto count = [](outlet& o) -> task<int> {
      int n = 0;
      try {
        while (auto chunk = co_await o.next()) ++n;
      } catch (const Error& e) {
        if (e.code() == errc::permission_denied || e.code() == errc::failed) co_return n;
      }
      co_return -1;
    };
    return here.run(count(out));
  };
  for (thread_pool* const p : {static_cast<thread_pool*>(nullptr), &pool}) {
    CHECK(chunks_before_failure(HugeData::from_chunks(failing(text(8192)), small_chunks()), p) == 2);
    CHECK(chunks_before_failure(HugeData::from_chunks(failing_later(text(8192)), small_chunks()), p) == 2);
    huge_options wrong = small_chunks();
    wrong.total = 8191;
    CHECK(chunks_before_failure(HugeData::from_chunks(pieces_of(text(8192), 100), wrong), p) == 1);
    wrong.total = 8193;
    CHECK(chunks_before_failure(HugeData::from_chunks(pieces_of(text(8192), 100), wrong), p) == 2);
    CHECK(chunks_before_failure(HugeData::from_chunks(slow_pieces_of(text(8192), 100), wrong), p) == 2);
  }
}

TEST_CASE("an outlet that is dropped lets its jobs end by themselves", "[huge]") {
  thread_pool pool(2, 100);
  const std::string raw = text(1'000'000);
  for (int round = 0; round < 30; ++round) {
    loop here;
    const auto start = [](outlet& o) -> task<void> { auto chunk = co_await o.next(); };
    outlet out(HugeData::from_memory(raw), {}, &pool);
    here.run(start(out));
    outlet fed(HugeData::from_chunks(slow_pieces_of(raw, 50'000)), {}, &pool);
    const auto start_and_drop = [](outlet o) -> task<void> { auto chunk = co_await o.next(); };
    here.run(start_and_drop(std::move(fed)));
  }
}

TEST_CASE("an outlet that is dropped reads no further, and lets its source go", "[huge]") {
  thread_pool pool(1, 100);
  struct watched {
    std::atomic<int> pieces = 0;
    std::atomic<bool> gone = false;
  };
  struct end_of {
    explicit end_of(watched& w) : of(w) {}
    ~end_of() { of.gone = true; }
    watched& of;
  };
  watched w;
  const auto endless = [](watched& of) -> generator<std::string> {
    const end_of at_end(of);
    for (;;) {
      ++of.pieces;
      co_yield std::string(4096, 'x');
    }
  };
  loop here;
  const auto start_and_drop = [](outlet o) -> task<void> { auto chunk = co_await o.next(); };
  here.run(start_and_drop(outlet(HugeData::from_chunks(endless(w), small_chunks()), {}, &pool)));
  // The last of its jobs destroys it.
  const auto nothing = [](thread_pool& p) -> task<void> {
    const auto look = [] {};
    auto looked = p.run(look);
    co_await looked;
  };
  while (!w.gone) here.run(nothing(pool));
  CHECK(w.pieces <= static_cast<int>(limits::huge_chunks_ahead) + 2);
}
