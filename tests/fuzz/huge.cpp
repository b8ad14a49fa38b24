// A huge transfer of arbitrary chunks. Either the reader gets the bytes of the chunks, within the limits, or it gets an
// error.
//
// An input is: a byte for the encoding of the whole, a byte for the declarations of the head, then the chunks. Each
// chunk begins with a byte for its encoding and its faults, and its length in two bytes. The rest of the input is the
// last chunk.
#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include <gate/error.hpp>
#include <gate/huge_data.hpp>
#include <gate/loop.hpp>

#include "common/hugedata/chunk.hpp"
#include "common/hugedata/inlet.hpp"
#include "tests/fuzz/input.hpp"

using namespace gate;

namespace {

class nobody final : public huge::inlet::events {
 public:
  void consumed(std::uint32_t, std::uint32_t) override {}
  void abandoned() override {}
};

struct read_result {
  std::string raw;
  bool whole = false;
};

task<read_result> read_all(HugeData data) {
  read_result got;
  try {
    while (auto chunk = co_await data.next()) {
      GATE_ASSERT(!chunk->empty());
      got.raw += *chunk;
    }
    got.whole = true;
  } catch (const Error& e) {
    GATE_ASSERT(e.code() == errc::data_loss || e.code() == errc::too_large || e.code() == errc::protocol_error);
  }
  GATE_ASSERT(data.position() == data.offset() + got.raw.size());
  co_return got;
}

std::size_t take_byte(std::string_view& input) {
  if (input.empty()) return 0;
  const auto byte = static_cast<unsigned char>(input.front());
  input.remove_prefix(1);
  return byte;
}

// A chunk with the checksum and the offset that a correct sender would set, so that not all chunks are refused.
huge::arrived_chunk honest(bytes_view payload, std::uint8_t encoding, std::uint64_t offset, std::size_t bytes_max,
                           std::size_t& plain_bytes) {
  huge::arrived_chunk c;
  c.payload = payload;
  c.encoding = encoding;
  c.offset = offset;
  c.checksum = 0;
  plain_bytes = 0;
  const auto size = huge::plain_bytes_of(payload, encoding, bytes_max);
  if (!size) return c;
  plain_bytes = *size;
  if (encoding == payload_encoding::plain) c.checksum = huge::checksum_of(payload);
  return c;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input = as_text(data, size);
  static loop here;
  nobody told;
  huge::receive_bounds bounds;
  bounds.chunk_bytes_max = 64u << 10;
  bounds.bytes_max = 4u << 20;
  huge::head h;
  constexpr std::array<std::uint8_t, 5> encodings{0, payload_encoding::gzip, payload_encoding::bz2,
                                                  payload_encoding::lzma, 16};
  h.encoding = encodings[take_byte(input) % encodings.size()];
  const std::size_t declared = take_byte(input);
  if (declared % 2 == 1) h.total = declared * 10;
  huge::inlet in(here, told, bounds, nullptr);
  bool good = in.begin(h);
  HugeData arriving = in.data();
  std::uint64_t offset = 0;
  while (good && !input.empty()) {
    const std::size_t how = take_byte(input);
    const std::size_t low = take_byte(input);
    const std::size_t length = std::min(low | take_byte(input) << 8, input.size());
    std::size_t plain_bytes = 0;
    huge::arrived_chunk c = honest(input.substr(0, length), static_cast<std::uint8_t>(how & 3), offset,
                                   bounds.chunk_bytes_max, plain_bytes);
    input.remove_prefix(length);
    if ((how & 0x10) != 0) c.offset.reset();
    if ((how & 0x20) != 0) *c.checksum += 1;
    if ((how & 0x40) != 0 && c.offset) *c.offset += 1;
    offset += plain_bytes;
    good = in.part(c);
  }
  if (good) in.end(h.encoding == 0 ? std::optional<std::uint64_t>(offset) : std::nullopt);
  const read_result got = here.run(read_all(std::move(arriving)));
  GATE_ASSERT(got.raw.size() <= bounds.bytes_max);
  GATE_ASSERT(!got.whole || !h.total || got.raw.size() == *h.total);
  return 0;
}
