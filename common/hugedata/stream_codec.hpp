// A whole transfer as one compressed stream: gzip, bz2 or lzma, as gate-rpc peers send and take it. Incremental: each
// step has a limit for its output. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <gate/protocol.hpp>

namespace gate::huge {

class stream_encoder {
 public:
  stream_encoder() = default;
  stream_encoder(const stream_encoder&) = delete;
  stream_encoder& operator=(const stream_encoder&) = delete;
  virtual ~stream_encoder() = default;
  // Appends the output for the next bytes; with `last`, all the rest of it. Throws std::bad_alloc.
  virtual void encode(bytes_view raw, bool last, std::string& out) = 0;
};

class stream_decoder {
 public:
  enum class state : std::uint8_t {
    hungry,     // all input is used up
    full,       // there is more output
    ended,      // the stream has ended and its checksum was right; any input left comes after it
    damaged,    // this is no such stream
    too_large,  // it needs more memory than a decoder may use
  };

  stream_decoder() = default;
  stream_decoder(const stream_decoder&) = delete;
  stream_decoder& operator=(const stream_decoder&) = delete;
  virtual ~stream_decoder() = default;
  // Takes bytes from the front of `in`, and appends at most `out_bytes_max` bytes to `out`.
  virtual state decode(bytes_view& in, std::string& out, std::size_t out_bytes_max) = 0;
};

// gzip: one member with a plain header; bz2; lzma: the xz format. `level` is 1 to 9; without it, a fast level. Throws
// std::bad_alloc.
std::unique_ptr<stream_encoder> make_stream_encoder(std::uint8_t encoding, std::optional<int> level);
// gzip: one member; bz2: one stream; lzma: one stream of xz or of the legacy format.
std::unique_ptr<stream_decoder> make_stream_decoder(std::uint8_t encoding);

}  // namespace gate::huge
