#include "common/hugedata/stream_codec.hpp"

#include <algorithm>
#include <new>

#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>

#include <gate/assert.hpp>

namespace gate::huge {

namespace {

// What the three libraries have in common: they move pointers into the input and the output. `Codec` is one direction
// of one library: `stream` (the library's struct), step(last) -> progress, and the types of its counters.
enum class progress : std::uint8_t { going, ended, damaged, too_large };

// The output grows in steps, so that a small output needs little memory.
constexpr std::size_t step_bytes = 32u << 10;

template <class Codec> void give_input(Codec& codec, bytes_view in) {
  using pointer = decltype(codec.stream.next_in);
  // The two older libraries take pointers that are not const, but do not write through them.
  codec.stream.next_in = reinterpret_cast<pointer>(const_cast<char*>(in.data()));  // NOLINT
  codec.stream.avail_in = static_cast<decltype(codec.stream.avail_in)>(in.size());
}

// Runs the codec once, with room for `room` more bytes at the end of `out`.
template <class Codec> progress run_once(Codec& codec, std::string& out, std::size_t room, bool last) {
  using pointer = decltype(codec.stream.next_out);
  const std::size_t before = out.size();
  out.resize(before + room);
  codec.stream.next_out = reinterpret_cast<pointer>(out.data() + before);  // NOLINT
  codec.stream.avail_out = static_cast<decltype(codec.stream.avail_out)>(room);
  const progress p = codec.step(last);
  out.resize(before + room - codec.stream.avail_out);
  return p;
}

template <class Codec> class encoder_of final : public stream_encoder {
 public:
  explicit encoder_of(int level) : codec_(level) {}
  void encode(bytes_view raw, bool last, std::string& out) override {
    give_input(codec_, raw);
    for (;;) {
      const progress p = run_once(codec_, out, step_bytes, last);
      if (p == progress::ended) return;
      if (p != progress::going) throw std::bad_alloc();  // an encoder fails for no other reason
      if (!last && codec_.stream.avail_in == 0 && codec_.stream.avail_out != 0) return;
    }
  }

 private:
  Codec codec_;
};

template <class Codec> class decoder_of final : public stream_decoder {
 public:
  state decode(bytes_view& in, std::string& out, std::size_t out_bytes_max) override {
    if (ended_) return state::ended;
    // Two of the libraries count in 32 bits.
    GATE_ASSERT(in.size() < (std::size_t{1} << 31));
    give_input(codec_, in);
    const std::size_t end = out.size() + out_bytes_max;
    state s = state::full;
    while (s == state::full && out.size() < end) {
      const progress p = run_once(codec_, out, std::min(step_bytes, end - out.size()), false);
      if (p == progress::ended) {
        ended_ = true;
        s = state::ended;
      } else if (p == progress::damaged) {
        s = state::damaged;
      } else if (p == progress::too_large) {
        s = state::too_large;
      } else if (codec_.stream.avail_in == 0 && codec_.stream.avail_out != 0) {
        s = state::hungry;
      }
    }
    in.remove_prefix(in.size() - codec_.stream.avail_in);
    return s;
  }

 private:
  Codec codec_;
  bool ended_ = false;
};

// --- gzip

struct gzip_encoding {
  static constexpr int quick = 1;
  explicit gzip_encoding(int level) {
    constexpr int window_bits = 15 + 16;  // 16: a gzip header and trailer
    constexpr int memory_level = 8;
    if (deflateInit2(&stream, level, Z_DEFLATED, window_bits, memory_level, Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  gzip_encoding(const gzip_encoding&) = delete;
  gzip_encoding& operator=(const gzip_encoding&) = delete;
  ~gzip_encoding() { deflateEnd(&stream); }
  progress step(bool last) {
    const int r = deflate(&stream, last ? Z_FINISH : Z_NO_FLUSH);
    if (r == Z_STREAM_END) return progress::ended;
    return r == Z_OK || r == Z_BUF_ERROR ? progress::going : progress::damaged;
  }
  z_stream stream{};
};

struct gzip_decoding {
  gzip_decoding() {
    if (inflateInit2(&stream, 15 + 16) != Z_OK) throw std::bad_alloc();
  }
  gzip_decoding(const gzip_decoding&) = delete;
  gzip_decoding& operator=(const gzip_decoding&) = delete;
  ~gzip_decoding() { inflateEnd(&stream); }
  progress step(bool) {
    const int r = inflate(&stream, Z_NO_FLUSH);
    if (r == Z_STREAM_END) return progress::ended;
    return r == Z_OK || r == Z_BUF_ERROR ? progress::going : progress::damaged;
  }
  z_stream stream{};
};

// --- bz2

struct bz2_encoding {
  static constexpr int quick = 1;
  explicit bz2_encoding(int level) {
    if (BZ2_bzCompressInit(&stream, level, 0, 0) != BZ_OK) throw std::bad_alloc();
  }
  bz2_encoding(const bz2_encoding&) = delete;
  bz2_encoding& operator=(const bz2_encoding&) = delete;
  ~bz2_encoding() { BZ2_bzCompressEnd(&stream); }
  progress step(bool last) {
    // Unlike the other libraries, bz2 fails if there is no input.
    if (!last && stream.avail_in == 0) return progress::going;
    const int r = BZ2_bzCompress(&stream, last ? BZ_FINISH : BZ_RUN);
    if (r == BZ_STREAM_END) return progress::ended;
    return r == BZ_RUN_OK || r == BZ_FINISH_OK ? progress::going : progress::damaged;
  }
  bz_stream stream{};
};

struct bz2_decoding {
  bz2_decoding() {
    if (BZ2_bzDecompressInit(&stream, 0, 0) != BZ_OK) throw std::bad_alloc();
  }
  bz2_decoding(const bz2_decoding&) = delete;
  bz2_decoding& operator=(const bz2_decoding&) = delete;
  ~bz2_decoding() { BZ2_bzDecompressEnd(&stream); }
  progress step(bool) {
    const int r = BZ2_bzDecompress(&stream);
    if (r == BZ_STREAM_END) return progress::ended;
    return r == BZ_OK ? progress::going : progress::damaged;
  }
  bz_stream stream{};
};

// --- lzma

// The memory that decompressing `xz -9` needs, and a little more.
constexpr std::uint64_t lzma_memory_bytes_max = 80u << 20;

struct lzma_encoding {
  static constexpr int quick = 0;
  explicit lzma_encoding(int level) {
    if (lzma_easy_encoder(&stream, static_cast<std::uint32_t>(level), LZMA_CHECK_CRC64) != LZMA_OK) {
      throw std::bad_alloc();
    }
  }
  lzma_encoding(const lzma_encoding&) = delete;
  lzma_encoding& operator=(const lzma_encoding&) = delete;
  ~lzma_encoding() { lzma_end(&stream); }
  progress step(bool last) {
    const lzma_ret r = lzma_code(&stream, last ? LZMA_FINISH : LZMA_RUN);
    if (r == LZMA_STREAM_END) return progress::ended;
    return r == LZMA_OK || r == LZMA_BUF_ERROR ? progress::going : progress::damaged;
  }
  lzma_stream stream{};  // LZMA_STREAM_INIT is all zeros
};

struct lzma_decoding {
  lzma_decoding() {
    if (lzma_auto_decoder(&stream, lzma_memory_bytes_max, 0) != LZMA_OK) throw std::bad_alloc();
  }
  lzma_decoding(const lzma_decoding&) = delete;
  lzma_decoding& operator=(const lzma_decoding&) = delete;
  ~lzma_decoding() { lzma_end(&stream); }
  progress step(bool) {
    const lzma_ret r = lzma_code(&stream, LZMA_RUN);
    if (r == LZMA_STREAM_END) return progress::ended;
    if (r == LZMA_MEMLIMIT_ERROR || r == LZMA_MEM_ERROR) return progress::too_large;
    return r == LZMA_OK || r == LZMA_BUF_ERROR ? progress::going : progress::damaged;
  }
  lzma_stream stream{};
};

template <class Codec> std::unique_ptr<stream_encoder> encoder(std::optional<int> level) {
  return std::make_unique<encoder_of<Codec>>(level ? std::clamp(*level, 1, 9) : Codec::quick);
}

}  // namespace

std::unique_ptr<stream_encoder> make_stream_encoder(std::uint8_t encoding, std::optional<int> level) {
  if (encoding == payload_encoding::gzip) return encoder<gzip_encoding>(level);
  if (encoding == payload_encoding::bz2) return encoder<bz2_encoding>(level);
  GATE_ASSERT(encoding == payload_encoding::lzma);
  return encoder<lzma_encoding>(level);
}

std::unique_ptr<stream_decoder> make_stream_decoder(std::uint8_t encoding) {
  if (encoding == payload_encoding::gzip) return std::make_unique<decoder_of<gzip_decoding>>();
  if (encoding == payload_encoding::bz2) return std::make_unique<decoder_of<bz2_decoding>>();
  GATE_ASSERT(encoding == payload_encoding::lzma);
  return std::make_unique<decoder_of<lzma_decoding>>();
}

}  // namespace gate::huge
