#include "common/hugedata/inlet.hpp"

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include <catch2/catch.hpp>

#include "tests/unit/common/hugedata/transfer.hpp"

using namespace gate;
using namespace gate::huge;
using namespace gate::test;

TEST_CASE("more than was asked for is refused", "[huge]") {
  loop here;
  told_events told;
  receive_bounds bounds;
  bounds.window_bytes = 10'000;
  bounds.chunk_bytes_max = 4096;
  const sent_transfer sent = send(HugeData::from_memory(noise(100'000), small_chunks()));
  inlet in(here, told, bounds, nullptr);
  REQUIRE(in.begin(sent.head));
  HugeData data = in.data();
  std::size_t taken = 0;
  while (taken < sent.chunks.size() && in.part(arrived(sent.chunks[taken]))) ++taken;
  CHECK(taken >= 3);
  CHECK(taken <= 5);
  received_transfer got;
  here.run(read_all(std::move(data), got));
  CHECK(got.error == errc::protocol_error);
  CHECK(got.raw.size() == taken * 4096);
  CHECK(told.times_abandoned == 1);
}

TEST_CASE("credit comes back as the bytes are read, and none is lost", "[huge]") {
  for (const std::uint8_t encoding : encodings) {
    loop here;
    told_events told;
    receive_bounds bounds;
    bounds.window_bytes = 100'000;
    const std::string raw = noise(1'000'000);
    const sent_transfer sent = send(HugeData::from_memory(raw), accepting(encoding));
    inlet in(here, told, bounds, nullptr);
    REQUIRE(in.begin(sent.head));
    HugeData data = in.data();
    std::int64_t window = bounds.window_bytes;
    std::uint64_t credited = 0;
    std::string got;
    auto read_what_there_is = [&]() -> task<void> {
      // More than a sixteenth of the window was fed and not read: reading it brings credit.
      const std::uint64_t before = told.credit_bytes;
      while (told.credit_bytes == before) {
        auto chunk = co_await data.next();
        got += chunk.value();
        co_await sleep_for(duration(0));  // reports arrive in the next turn
      }
    };
    for (const leaving_chunk& c : sent.chunks) {
      if (window <= 0) here.run(read_what_there_is());
      window += static_cast<std::int64_t>(told.credit_bytes - credited);
      credited = told.credit_bytes;
      REQUIRE(window > 0);
      REQUIRE(in.part(arrived(c)));
      window -= static_cast<std::int64_t>(c.payload.size());
    }
    REQUIRE(in.end(sent.total));
    received_transfer rest;
    here.run(read_all(std::move(data), rest));
    CHECK(got + rest.raw == raw);
    CHECK(rest.whole());
  }
}

TEST_CASE("dropping what is received tells the runtime once", "[huge]") {
  loop here;
  told_events told;
  inlet in(here, told, {}, nullptr);
  REQUIRE(in.begin({}));
  { const HugeData dropped = in.data(); }
  CHECK(told.times_abandoned == 0);  // never reported within a call
  here.run([]() -> task<void> { co_await yield(); }());
  CHECK(told.times_abandoned == 1);
  CHECK_FALSE(in.part({}));
  CHECK_FALSE(in.end(0));
}

TEST_CASE("a reader hears what its call failed with, behind what came before", "[huge]") {
  loop here;
  told_events told;
  const std::string raw = noise(8192);
  const sent_transfer sent = send(HugeData::from_memory(raw, small_chunks()));
  received_transfer got;
  {
    inlet in(here, told, {}, nullptr);
    REQUIRE(in.begin(sent.head));
    HugeData data = in.data();
    REQUIRE(in.part(arrived(sent.chunks[0])));
    in.fail(std::make_exception_ptr(Error(errc::worker_lost, "gone", origin::broker)));
    CHECK_FALSE(in.part(arrived(sent.chunks[1])));
    here.run(read_all(std::move(data), got));
  }
  CHECK(got.raw == raw.substr(0, 4096));
  CHECK(got.error == errc::worker_lost);
  received_transfer broken;
  HugeData orphan = [&] {
    inlet in(here, told, {}, nullptr);
    in.begin(sent.head);
    return in.data();
  }();
  here.run(read_all(std::move(orphan), broken));
  CHECK(broken.error == errc::data_loss);
  CHECK(told.times_abandoned == 0);
}

TEST_CASE("a receiver reads on when the inlet is gone after the end", "[huge]") {
  thread_pool pool(2, 100);
  loop here;
  told_events told;
  const std::string raw = text(3'000'000);
  const sent_transfer sent = send(HugeData::from_memory(raw));
  HugeData data = [&] {
    inlet in(here, told, {}, &pool);
    in.begin(sent.head);
    HugeData d = in.data();
    for (const leaving_chunk& c : sent.chunks) in.part(arrived(c));
    in.end(sent.total);
    return d;
  }();
  received_transfer got;
  here.run(read_all(std::move(data), got));
  CHECK(got.whole());
  CHECK(got.raw == raw);
}

TEST_CASE("a head that cannot be is refused before anything else", "[huge]") {
  const auto error_of = [](const head& h, receive_bounds bounds = {}) {
    sent_transfer sent;
    sent.head = h;
    const received_transfer got = receive(sent, bounds);
    CHECK(got.raw.empty());
    CHECK(got.times_abandoned == 1);
    return got.error;
  };
  receive_bounds small;
  small.bytes_max = 1000;
  head h;
  h.total = 1001;
  CHECK(error_of(h, small) == errc::too_large);
  h.total.reset();
  h.offset = 1001;
  CHECK(error_of(h, small) == errc::too_large);
  h.total = 1000;
  CHECK(error_of(h) == errc::data_loss);
  h = {};
  h.encoding = payload_encoding::zstd;
  CHECK(error_of(h) == errc::protocol_error);
  h.encoding = 16;
  CHECK(error_of(h) == errc::protocol_error);
  h.encoding = payload_encoding::gzip;
  h.offset = 1;
  CHECK(error_of(h) == errc::protocol_error);
}

TEST_CASE("a receiver that is dropped lets its jobs end by themselves", "[huge]") {
  thread_pool pool(2, 100);
  const sent_transfer sent = send(HugeData::from_memory(text(2'000'000)));
  const sent_transfer stream = send(HugeData::from_memory(text(2'000'000)), accepting(payload_encoding::gzip));
  for (int round = 0; round < 50; ++round) {
    loop here;
    told_events told;
    for (const sent_transfer* s : {&sent, &stream}) {
      inlet in(here, told, {}, &pool);
      in.begin(s->head);
      HugeData data = in.data();
      for (const leaving_chunk& c : s->chunks) in.part(arrived(c));
      const auto read_one = [](HugeData d) -> task<void> { auto chunk = co_await d.next(); };
      if (round % 2 == 0) here.run(read_one(std::move(data)));
    }
  }
}
