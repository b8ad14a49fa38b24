#include "common/hugedata/chunk.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/common/hugedata/transfer.hpp"

using namespace gate;
using namespace gate::huge;
using gate::test::noise;
using gate::test::text;

namespace {

leaving_chunk encoded(std::string raw, chunk_options options = {}) {
  detail::huge_piece piece;
  piece.own = std::move(raw);
  return encode_chunk(std::move(piece), 0, options);
}

std::optional<std::string> decoded(const leaving_chunk& c) {
  const auto size = plain_bytes_of(c.payload, c.encoding, 1u << 20);
  if (!size) return std::nullopt;
  auto raw = decode_chunk(c.payload, c.encoding, *size, *c.checksum);
  if (!raw) return std::nullopt;
  return std::move(*raw);
}

}  // namespace

TEST_CASE("the sum of a chunk is XXH64 with seed 0", "[huge][chunk]") {
  CHECK(checksum_of("") == 0xef46db3751d8e999u);
  CHECK(checksum_of("abc") == 0x44bc2cf5ad770999u);
}

TEST_CASE("what compresses is compressed, what does not goes as it is", "[huge][chunk]") {
  for (const std::size_t size : {1u, 100u, 4096u, 30'000u, 262'144u, 1'048'576u}) {
    const leaving_chunk random = encoded(noise(size));
    CHECK(random.encoding == payload_encoding::plain);
    CHECK(random.payload == noise(size));
    CHECK(decoded(random) == noise(size));
    const leaving_chunk words = encoded(text(size));
    CHECK((words.encoding == payload_encoding::zstd) == (size > 1));
    CHECK(words.payload.size() <= size);
    CHECK(decoded(words) == text(size));
  }
}

TEST_CASE("a chunk that is partly noise is judged by its beginning, middle and end", "[huge][chunk]") {
  const std::string half = noise(100'000) + text(100'000);
  CHECK(encoded(half).encoding == payload_encoding::zstd);
  CHECK(decoded(encoded(half)) == half);
}

TEST_CASE("compression can be forbidden, and chosen by level and window", "[huge][chunk]") {
  const std::string raw = text(262'144);
  chunk_options none;
  none.compress = false;
  CHECK(encoded(raw, none).encoding == payload_encoding::plain);
  chunk_options fast;
  fast.level = -7;
  chunk_options small;
  small.level = 12;
  CHECK(encoded(raw, small).payload.size() < encoded(raw, fast).payload.size());
  chunk_options narrow;
  narrow.window_log = 10;
  CHECK(encoded(raw, narrow).payload.size() > encoded(raw).payload.size());
  CHECK(decoded(encoded(raw, narrow)) == raw);
}

TEST_CASE("a chunk that would look like a bomb goes as it is where that counts", "[huge][chunk]") {
  const std::string zeros(262'144, '\0');
  CHECK(encoded(zeros).encoding == payload_encoding::zstd);
  chunk_options bounded;
  bounded.ratio_max = 200;
  CHECK(encoded(zeros, bounded).encoding == payload_encoding::plain);
  CHECK(encoded(text(262'144), bounded).encoding == payload_encoding::zstd);
}

TEST_CASE("a chunk of many threads is as good as one of one", "[huge][chunk]") {
  std::vector<std::thread> threads;
  std::vector<std::string> got(4);
  for (unsigned i = 0; i < 4; ++i) {
    threads.emplace_back([i, &got] {
      for (int round = 0; round < 5; ++round) got[i] = decoded(encoded(text(50'000, i))).value_or("");
    });
  }
  for (std::thread& t : threads) t.join();
  for (unsigned i = 0; i < 4; ++i) CHECK(got[i] == text(50'000, i));
}

TEST_CASE("a payload that is no chunk is refused by its first bytes", "[huge][chunk]") {
  const leaving_chunk good = encoded(text(100'000));
  CHECK(*plain_bytes_of(good.payload, good.encoding, 100'000) == 100'000);
  CHECK(plain_bytes_of(good.payload, good.encoding, 99'999).error().code == errc::too_large);
  CHECK(plain_bytes_of("abc", payload_encoding::zstd, 1000).error().code == errc::data_loss);
  CHECK(plain_bytes_of("", payload_encoding::zstd, 1000).error().code == errc::data_loss);
  CHECK(plain_bytes_of("", payload_encoding::plain, 1000).error().code == errc::data_loss);
  CHECK(plain_bytes_of("abc", payload_encoding::gzip, 1000).error().code == errc::protocol_error);
  // Two zstd frames; the first one states the size.
  const std::string twice = good.payload + good.payload;
  CHECK(decode_chunk(twice, good.encoding, 100'000, *good.checksum).error().code == errc::data_loss);
}
