#include "common/hugedata/chunk.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <utility>

#include <xxhash.h>
#include <zstd.h>

namespace gate::huge {

namespace {

struct free_compressor {
  void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
};
struct free_decompressor {
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};

// A context takes 1 MB to allocate and to clear: each thread that compresses keeps one.
ZSTD_CCtx& compressor() {
  static thread_local const std::unique_ptr<ZSTD_CCtx, free_compressor> context(ZSTD_createCCtx());
  if (!context) throw std::bad_alloc();
  return *context;
}

ZSTD_DCtx& decompressor() {
  static thread_local const std::unique_ptr<ZSTD_DCtx, free_decompressor> context(ZSTD_createDCtx());
  if (!context) throw std::bad_alloc();
  return *context;
}

// Space for the compressed bytes, until their size is known.
std::string& scratch() {
  static thread_local std::string room;
  return room;
}

// Returns nothing if this saves less than a sixteenth: decompressing costs more than that saves.
bytes_view compressed(bytes_view raw, int level, int window_log) {
  ZSTD_CCtx& context = compressor();
  std::string& room = scratch();
  const std::size_t bound = ZSTD_compressBound(raw.size());
  if (room.size() < bound) room.resize(bound);
  ZSTD_CCtx_reset(&context, ZSTD_reset_session_and_parameters);
  ZSTD_CCtx_setParameter(&context, ZSTD_c_compressionLevel, level);
  if (window_log != 0) ZSTD_CCtx_setParameter(&context, ZSTD_c_windowLog, window_log);
  const std::size_t size = ZSTD_compress2(&context, room.data(), room.size(), raw.data(), raw.size());
  if (ZSTD_isError(size) != 0 || size > raw.size() - raw.size() / 16) return {};
  return {room.data(), size};
}

constexpr std::size_t sample_bytes = 4u << 10;
constexpr std::size_t samples = 3;

// Tries the beginning, the middle and the end.
bool worth_compressing(bytes_view raw, int level) {
  if (raw.size() < 2 * samples * sample_bytes) return true;
  std::array<char, samples * sample_bytes> taken;  // NOLINT: filled below
  const std::size_t last = raw.size() - sample_bytes;
  char* to = taken.data();
  for (const std::size_t from : {std::size_t{0}, last / 2, last}) to = std::copy_n(raw.data() + from, sample_bytes, to);
  return !compressed({taken.data(), taken.size()}, std::min(level, 1), 0).empty();
}

chunk_fault damaged(std::string_view text) { return {errc::data_loss, text}; }

}  // namespace

std::uint64_t checksum_of(bytes_view raw) noexcept { return XXH64(raw.data(), raw.size(), 0); }

leaving_chunk encode_chunk(detail::huge_piece piece, std::uint64_t offset, const chunk_options& options) {
  leaving_chunk chunk;
  const bytes_view raw = piece.bytes();
  chunk.offset = offset;
  chunk.checksum = checksum_of(raw);
  if (options.compress && worth_compressing(raw, options.level)) {
    const bytes_view small = compressed(raw, options.level, options.window_log);
    const bool allowed = options.ratio_max == 0 || raw.size() / options.ratio_max < small.size();
    if (!small.empty() && allowed) {
      chunk.payload = small;
      chunk.encoding = payload_encoding::zstd;
      return chunk;
    }
  }
  chunk.payload = piece.own.empty() ? std::string(raw) : std::move(piece.own);
  return chunk;
}

result<std::size_t, chunk_fault> plain_bytes_of(bytes_view payload, std::uint8_t encoding, std::size_t bytes_max) {
  unsigned long long size = payload.size();
  if (encoding == payload_encoding::zstd) {
    size = ZSTD_getFrameContentSize(payload.data(), payload.size());
    if (size == ZSTD_CONTENTSIZE_ERROR) return damaged("a chunk is no zstd frame");
    if (size == ZSTD_CONTENTSIZE_UNKNOWN) return damaged("a chunk does not state its size");
  } else if (encoding != payload_encoding::plain) {
    return chunk_fault{errc::protocol_error, "a chunk has an encoding of its own that chunks cannot have"};
  }
  if (size == 0) return damaged("a chunk is empty");
  if (size > bytes_max) return chunk_fault{errc::too_large, "a chunk is larger than is taken"};
  return static_cast<std::size_t>(size);
}

result<std::string, chunk_fault> decode_chunk(std::string payload, std::uint8_t encoding, std::size_t plain_bytes,
                                              std::uint64_t checksum) {
  std::string raw;
  if (encoding == payload_encoding::zstd) {
    if (ZSTD_findFrameCompressedSize(payload.data(), payload.size()) != payload.size()) {
      return damaged("a chunk is not one zstd frame");
    }
    raw.resize(plain_bytes);
    const std::size_t size =
        ZSTD_decompressDCtx(&decompressor(), raw.data(), raw.size(), payload.data(), payload.size());
    if (ZSTD_isError(size) != 0 || size != plain_bytes) return damaged("a chunk does not decompress");
  } else {
    raw = std::move(payload);
  }
  if (checksum_of(raw) != checksum) return damaged("a chunk does not have the sum that was sent along");
  return raw;
}

}  // namespace gate::huge
