#include "tests/unit/huge/transfer.hpp"

#include <array>

#include <catch2/catch.hpp>

#include "common/src/huge/chunk.hpp"
#include "common/src/huge/stream_codec.hpp"

using namespace gate;
using namespace gate::huge;
using namespace gate::test;

namespace {

constexpr std::array encodings{payload_encoding::zstd, payload_encoding::gzip, payload_encoding::bz2,
                               payload_encoding::lzma};

send_options accepting(std::uint8_t encoding) {
  send_options o;
  o.accept = encoding;
  return o;
}

huge_options small_chunks() {
  huge_options o;
  o.chunk_bytes = 4096;
  return o;
}

generator<std::string> pieces_of(std::string all, std::size_t size) {
  for (std::size_t from = 0; from < all.size(); from += size) co_yield all.substr(from, size);
}

async_generator<std::string> slow_pieces_of(std::string all, std::size_t size) {
  for (std::size_t from = 0; from < all.size(); from += size) {
    co_await yield();
    co_yield all.substr(from, size);
  }
}

}  // namespace

TEST_CASE("octets of any size arrive as they were, by every encoding", "[huge]") {
  for (const std::uint8_t encoding : {std::uint8_t{0}, payload_encoding::zstd, payload_encoding::gzip,
                                      payload_encoding::bz2, payload_encoding::lzma}) {
    for (const std::size_t size : {0u, 1u, 4095u, 4096u, 4097u, 8192u, 40'000u}) {
      for (const std::string& octets : {noise(size), text(size)}) {
        const sent_transfer sent = send(HugeData::from_memory(octets, small_chunks()), accepting(encoding));
        CHECK(sent.total == size);
        CHECK(sent.head.total == size);
        const received_transfer got = receive(sent);
        CHECK(got.whole());
        CHECK(got.octets == octets);
        CHECK(got.times_abandoned == 0);
      }
    }
  }
}

TEST_CASE("the pool makes and reads the same as one thread does", "[huge]") {
  thread_pool pool(3, 1000);
  const std::string octets = text(3'000'000);
  for (const std::uint8_t encoding : encodings) {
    const sent_transfer sent = send(HugeData::from_memory(octets), accepting(encoding), &pool);
    const sent_transfer alone = send(HugeData::from_memory(octets), accepting(encoding));
    REQUIRE(sent.chunks.size() == alone.chunks.size());
    for (std::size_t i = 0; i < sent.chunks.size(); ++i) CHECK(sent.chunks[i].payload == alone.chunks[i].payload);
    const received_transfer got = receive(sent, {}, &pool);
    CHECK(got.whole());
    CHECK(got.octets == octets);
  }
}

TEST_CASE("generators of pieces of any size are sent in chunks", "[huge]") {
  thread_pool pool(2, 1000);
  const std::string octets = text(50'000);
  for (const std::size_t size : {7u, 4096u, 5000u, 50'000u}) {
    for (const std::uint8_t encoding : encodings) {
      for (thread_pool* const p : {static_cast<thread_pool*>(nullptr), &pool}) {
        const auto plain = send(HugeData::from_chunks(pieces_of(octets, size), small_chunks()), accepting(encoding), p);
        CHECK_FALSE(plain.head.total.has_value());
        CHECK(plain.total == octets.size());
        if (encoding == payload_encoding::zstd) CHECK(plain.chunks.size() == 13);
        CHECK(receive(plain, {}, p).octets == octets);
        const auto async =
            send(HugeData::from_chunks(slow_pieces_of(octets, size), small_chunks()), accepting(encoding), p);
        if (encoding == payload_encoding::zstd) CHECK(async.chunks.size() == 13);
        const received_transfer got = receive(async, {}, p);
        CHECK(got.whole());
        CHECK(got.octets == octets);
      }
    }
  }
}

TEST_CASE("every single octet that is damaged is found", "[huge]") {
  for (const std::uint8_t encoding : encodings) {
    const std::string octets = noise(300) + text(9000);
    const sent_transfer good = send(HugeData::from_memory(octets, small_chunks()), accepting(encoding));
    REQUIRE(receive(good).whole());
    unsigned undetected = 0;
    for (std::size_t chunk = 0; chunk < good.chunks.size(); ++chunk) {
      for (std::size_t at = 0; at < good.chunks[chunk].payload.size(); ++at) {
        sent_transfer bad = good;
        bad.chunks[chunk].payload[at] = static_cast<char>(bad.chunks[chunk].payload[at] ^ 0x10);
        const received_transfer got = receive(bad);
        const bool harmless = got.whole() && got.octets == octets;
        if (harmless) ++undetected;
        // A compressed stream has but one sum, at its end.
        const bool right_so_far = encoding != payload_encoding::zstd || octets.starts_with(got.octets);
        const bool as_it_should = harmless || (got.error == errc::data_loss || got.error == errc::too_large ||
                                               got.error == errc::protocol_error);
        if (!as_it_should || !right_so_far) {
          CAPTURE(int{encoding}, chunk, at, got.text);
          CHECK(as_it_should);
          CHECK(right_so_far);
        }
      }
    }
    // Octets that say nothing about the content: the time and system in a gzip header, unused bits of zstd, a table of
    // bz2 that is not used.
    CHECK(undetected <= 64);
    CHECK(receive(good).whole());
  }
}

TEST_CASE("a damaged sum, offset or total is found", "[huge]") {
  const std::string octets = text(20'000);
  const sent_transfer good = send(HugeData::from_memory(octets, small_chunks()));
  REQUIRE(good.chunks.size() == 5);
  for (std::size_t i = 0; i < good.chunks.size(); ++i) {
    sent_transfer sum = good;
    *sum.chunks[i].checksum ^= 1;
    CHECK(receive(sum).error == errc::data_loss);
    CHECK(receive(sum).octets == octets.substr(0, 4096 * i));
    sent_transfer offset = good;
    *offset.chunks[i].offset += 1;
    CHECK(receive(offset).error == errc::data_loss);
    sent_transfer bare = good;
    bare.chunks[i].checksum.reset();
    CHECK(receive(bare).error == errc::protocol_error);
  }
  for (const std::uint64_t total : {std::uint64_t{0}, std::uint64_t{19'999}, std::uint64_t{20'001}}) {
    sent_transfer wrong = good;
    wrong.total = total;
    CHECK(receive(wrong).error == errc::data_loss);
    CHECK(receive(wrong).octets == octets);
    wrong.total = 20'000;
    wrong.head.total = total;
    CHECK(receive(wrong).error == errc::data_loss);
  }
}

TEST_CASE("a transfer that is cut off at any chunk fails", "[huge]") {
  for (const std::uint8_t encoding : encodings) {
    const std::string octets = noise(100'000);
    const sent_transfer good = send(HugeData::from_memory(octets, small_chunks()), accepting(encoding));
    REQUIRE(good.chunks.size() >= 3);
    for (std::size_t keep = 0; keep < good.chunks.size(); ++keep) {
      sent_transfer cut = good;
      cut.chunks.resize(keep);
      const received_transfer got = receive(cut);
      CHECK(got.error == errc::data_loss);
      CHECK(octets.starts_with(got.octets));
      CHECK(got.times_abandoned == 0);  // it has ended: nothing to cancel
    }
  }
}

TEST_CASE("a chunk that is missing, doubled or in the wrong place is found", "[huge]") {
  const std::string octets = text(20'000);
  const sent_transfer good = send(HugeData::from_memory(octets, small_chunks()));
  for (std::size_t i = 0; i + 1 < good.chunks.size(); ++i) {
    sent_transfer missing = good;
    missing.chunks.erase(missing.chunks.begin() + static_cast<std::ptrdiff_t>(i));
    CHECK(receive(missing).error == errc::data_loss);
    CHECK(receive(missing).octets == octets.substr(0, 4096 * i));
    CHECK(receive(missing).times_abandoned == 1);
    sent_transfer doubled = good;
    doubled.chunks.insert(doubled.chunks.begin() + static_cast<std::ptrdiff_t>(i), good.chunks[i]);
    CHECK(receive(doubled).error == errc::data_loss);
    sent_transfer swapped = good;
    std::swap(swapped.chunks[i], swapped.chunks[i + 1]);
    CHECK(receive(swapped).error == errc::data_loss);
  }
  for (const std::uint8_t encoding : {payload_encoding::gzip, payload_encoding::bz2, payload_encoding::lzma}) {
    const sent_transfer stream = send(HugeData::from_memory(noise(100'000)), accepting(encoding));
    REQUIRE(stream.chunks.size() >= 3);
    sent_transfer swapped = stream;
    std::swap(swapped.chunks[0], swapped.chunks[1]);
    CHECK(receive(swapped).error == errc::data_loss);
    sent_transfer trailing = stream;
    trailing.chunks.push_back(stream.chunks.back());
    CHECK(receive(trailing).error == errc::data_loss);
    trailing.chunks.back().payload = "x";
    CHECK(receive(trailing).error == errc::data_loss);
    sent_transfer joined = stream;
    joined.chunks.back().payload += 'x';
    CHECK(receive(joined).error == errc::data_loss);
  }
}

TEST_CASE("a bomb of 1000 to 1 is refused, by every encoding", "[huge]") {
  // A sender of ours would not send it: what it makes is given another head.
  const std::string zeros(16u << 20, '\0');
  for (const std::uint8_t encoding : encodings) {
    huge_options tight;
    tight.level = 9;
    sent_transfer bomb = send(HugeData::from_memory(zeros, tight), accepting(encoding));
    std::size_t wire = 0;
    for (const auto& c : bomb.chunks) wire += c.payload.size();
    CHECK(zeros.size() / wire >= 900);
    bomb.head.total.reset();
    const received_transfer got = receive(bomb);
    CHECK(got.error == errc::too_large);
    CHECK(got.octets.size() <=
          limits::huge_ratio_free_bytes + limits::huge_ratio_max * wire + limits::huge_chunk_bytes);
    receive_bounds any;
    any.ratio_max = 0;
    CHECK(receive(bomb, any).octets == zeros);
    any.bytes_max = 1u << 20;
    CHECK(receive(bomb, any).error == errc::too_large);
    bomb.head.total = 2u << 20;
    CHECK(receive(bomb).error == errc::data_loss);
    CHECK(receive(bomb).octets.size() <= (2u << 20));
    bomb.head.total = zeros.size();
    CHECK(receive(bomb).octets == zeros);
    CHECK(receive(bomb, any).error == errc::too_large);
    CHECK(receive(bomb, any).octets.empty());
  }
}

TEST_CASE("zeros of unknown size are sent so that they look like no bomb", "[huge]") {
  const std::string zeros(4u << 20, '\0');
  const sent_transfer sent = send(HugeData::from_chunks(pieces_of(zeros, 1u << 20)));
  CHECK(receive(sent).octets == zeros);
}

TEST_CASE("a chunk larger than is taken is refused", "[huge]") {
  receive_bounds bounds;
  bounds.chunk_bytes_max = 4096;
  huge_options large;
  large.chunk_bytes = 8192;
  for (const std::string& octets : {noise(20'000), text(20'000)}) {
    CHECK(receive(send(HugeData::from_memory(octets, large)), bounds).error == errc::too_large);
    CHECK(receive(send(HugeData::from_memory(octets, small_chunks())), bounds).octets == octets);
  }
}

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
  CHECK(got.octets.size() == taken * 4096);
  CHECK(told.times_abandoned == 1);
}

TEST_CASE("credit comes back as the octets are read, and none is lost", "[huge]") {
  for (const std::uint8_t encoding : encodings) {
    loop here;
    told_events told;
    receive_bounds bounds;
    bounds.window_bytes = 100'000;
    const std::string octets = noise(1'000'000);
    const sent_transfer sent = send(HugeData::from_memory(octets), accepting(encoding));
    inlet in(here, told, bounds, nullptr);
    REQUIRE(in.begin(sent.head));
    HugeData data = in.data();
    std::int64_t window = bounds.window_bytes;
    std::uint64_t credited = 0;
    std::string got;
    auto read_what_there_is = [&]() -> task<void> {
      // What was fed and not read is more than a sixteenth of the window: reading it brings credit.
      const std::uint64_t before = told.credit_bytes;
      while (told.credit_bytes == before) {
        auto chunk = co_await data.next();
        got += chunk.value();
        co_await sleep_for(duration(0));  // what was told is told in the next turn
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
    CHECK(got + rest.octets == octets);
    CHECK(rest.whole());
  }
}

TEST_CASE("dropping what is received tells the runtime once", "[huge]") {
  loop here;
  told_events told;
  inlet in(here, told, {}, nullptr);
  REQUIRE(in.begin({}));
  { const HugeData dropped = in.data(); }
  CHECK(told.times_abandoned == 0);  // never from within
  here.run([]() -> task<void> { co_await yield(); }());
  CHECK(told.times_abandoned == 1);
  CHECK_FALSE(in.part({}));
  CHECK_FALSE(in.end(0));
}

TEST_CASE("a reader hears what its call failed with, behind what came before", "[huge]") {
  loop here;
  told_events told;
  const std::string octets = noise(8192);
  const sent_transfer sent = send(HugeData::from_memory(octets, small_chunks()));
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
  CHECK(got.octets == octets.substr(0, 4096));
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
  const std::string octets = text(3'000'000);
  const sent_transfer sent = send(HugeData::from_memory(octets));
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
  CHECK(got.octets == octets);
}

TEST_CASE("a head that cannot be is refused before anything else", "[huge]") {
  const auto error_of = [](const head& h, receive_bounds bounds = {}) {
    sent_transfer sent;
    sent.head = h;
    const received_transfer got = receive(sent, bounds);
    CHECK(got.octets.empty());
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

TEST_CASE("a transfer goes on at an offset when the content is the same", "[huge]") {
  loop here;
  const std::string octets = text(20'000);
  huge_options named = small_chunks();
  named.etag = "v1";
  const auto resumed = [&](std::uint64_t offset, std::string_view etag) {
    outlet out(HugeData::from_memory(octets, named), {}, nullptr);
    out.resume(offset, etag);
    return here.run(send_on(std::move(out)));
  };
  for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{4096}, std::uint64_t{20'000}}) {
    const sent_transfer sent = resumed(offset, "v1");
    CHECK(sent.head.offset == offset);
    CHECK(sent.head.total == 20'000);
    CHECK(sent.total == 20'000);
    CHECK(receive(sent).octets == octets.substr(offset));
  }
  CHECK(resumed(4096, "v2").head.offset == 0);
  CHECK(resumed(4096, "").head.offset == 0);
  CHECK(resumed(20'001, "v1").head.offset == 0);
  CHECK(receive(resumed(4096, "v2")).octets == octets);
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
  const std::string octets = text(1'000'000);
  for (int round = 0; round < 30; ++round) {
    loop here;
    const auto start = [](outlet& o) -> task<void> { auto chunk = co_await o.next(); };
    outlet out(HugeData::from_memory(octets), {}, &pool);
    here.run(start(out));
    outlet fed(HugeData::from_chunks(slow_pieces_of(octets, 50'000)), {}, &pool);
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
  // The last of its jobs lets go of it.
  const auto nothing = [](thread_pool& p) -> task<void> {
    const auto look = [] {};
    auto looked = p.run(look);
    co_await looked;
  };
  while (!w.gone) here.run(nothing(pool));
  CHECK(w.pieces <= static_cast<int>(limits::huge_chunks_ahead) + 2);
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

TEST_CASE("what was received is sent on", "[huge]") {
  thread_pool pool(2, 100);
  const std::string octets = text(1'000'000);
  const sent_transfer first = send(HugeData::from_memory(octets));
  loop here;
  told_events told;
  inlet in(here, told, {}, &pool);
  in.begin(first.head);
  outlet out(in.data(), {}, &pool);
  CHECK(out.head().total == octets.size());
  for (const leaving_chunk& c : first.chunks) in.part(arrived(c));
  in.end(first.total);
  const sent_transfer second = here.run(send_on(std::move(out)));
  CHECK(receive(second).octets == octets);
}
