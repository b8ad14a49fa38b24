// A huge transfer without a network: all messages that its sender makes, and what its receiver makes of them.
#pragma once

#include <array>
#include <cstdint>
#include <exception>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gate/async_generator.hpp>
#include <gate/error.hpp>
#include <gate/generator.hpp>
#include <gate/huge_data.hpp>
#include <gate/loop.hpp>
#include <gate/sleep.hpp>
#include <gate/thread_pool.hpp>

#include "common/hugedata/inlet.hpp"
#include "common/hugedata/outlet.hpp"

namespace gate::test {

// Bytes that do not compress, the same at each run.
inline std::string noise(std::size_t size, unsigned seed = 1) {
  std::mt19937_64 random(seed);
  std::string raw(size, '\0');
  for (char& c : raw) c = static_cast<char>(random());
  return raw;
}

// Bytes that compress some three times.
inline std::string text(std::size_t size, unsigned seed = 1) {
  std::mt19937_64 random(seed);
  std::string raw;
  while (raw.size() < size) raw += std::to_string(random() % 1000) + (random() % 8 == 0 ? " and a line\n" : " ");
  raw.resize(size);
  return raw;
}

// Those that compress.
inline constexpr std::array encodings{payload_encoding::zstd, payload_encoding::gzip, payload_encoding::bz2,
                                      payload_encoding::lzma};

inline huge::send_options accepting(std::uint8_t encoding) {
  huge::send_options o;
  o.accept = encoding;
  return o;
}

inline huge_options small_chunks() {
  huge_options o;
  o.chunk_bytes = 4096;
  return o;
}

inline generator<std::string> pieces_of(std::string all, std::size_t size) {
  for (std::size_t from = 0; from < all.size(); from += size) co_yield all.substr(from, size);
}

inline async_generator<std::string> slow_pieces_of(std::string all, std::size_t size) {
  for (std::size_t from = 0; from < all.size(); from += size) {
    co_await yield();
    co_yield all.substr(from, size);
  }
}

struct sent_transfer {
  huge::head head;
  std::vector<huge::leaving_chunk> chunks;
  std::optional<std::uint64_t> total;
};

inline task<sent_transfer> send_on(huge::outlet out) {
  sent_transfer sent;
  sent.head = out.head();
  while (auto chunk = co_await out.next()) sent.chunks.push_back(std::move(*chunk));
  sent.total = out.position();
  co_return sent;
}

inline sent_transfer send(HugeData data, huge::send_options options = {}, thread_pool* pool = nullptr) {
  loop here;
  return here.run(send_on(huge::outlet(std::move(data), options, pool)));
}

class told_events final : public huge::inlet::events {
 public:
  void consumed(std::uint32_t items, std::uint32_t byte_count) override {
    credit_items += items;
    credit_bytes += byte_count;
  }
  void abandoned() override { ++times_abandoned; }
  std::uint64_t credit_items = 0, credit_bytes = 0;
  int times_abandoned = 0;
};

inline huge::arrived_chunk arrived(const huge::leaving_chunk& c) {
  huge::arrived_chunk a;
  a.payload = c.payload;
  a.encoding = c.encoding;
  a.offset = c.offset;
  a.checksum = c.checksum;
  return a;
}

struct received_transfer {
  std::string raw;
  std::optional<errc> error;
  std::string text;  // the error's text
  int times_abandoned = 0;
  bool whole() const { return !error.has_value(); }
};

inline task<void> read_all(HugeData data, received_transfer& into) {
  try {
    while (auto chunk = co_await data.next()) into.raw += *chunk;
  } catch (const Error& e) {
    into.error = e.code();
    into.text = e.what();
  }
}

// Feeds all of it, then reads all of it.
inline received_transfer receive(const sent_transfer& sent, huge::receive_bounds bounds = {},
                                 thread_pool* pool = nullptr) {
  // This test looks at the bytes only: the credit must not limit it.
  bounds.window_bytes = 1u << 30;
  loop here;
  told_events told;
  received_transfer got;
  {
    huge::inlet in(here, told, bounds, pool);
    bool good = in.begin(sent.head);
    HugeData data = in.data();
    for (const huge::leaving_chunk& c : sent.chunks) good = good && in.part(arrived(c));
    if (good) in.end(sent.total);
    here.run(read_all(std::move(data), got));
    here.run([]() -> task<void> { co_await yield(); }());
  }
  got.times_abandoned = told.times_abandoned;
  return got;
}

}  // namespace gate::test
