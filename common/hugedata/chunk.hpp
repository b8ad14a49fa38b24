// Encodes and decodes one chunk of a huge transfer. Thread-safe: each thread keeps a codec of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include <gate/error.hpp>
#include <gate/protocol.hpp>
#include <gate/result.hpp>

#include "common/hugedata/source.hpp"
#include "common/hugedata/transfer.hpp"

namespace gate::huge {

// XXH64, seed 0.
std::uint64_t checksum_of(bytes_view raw) noexcept;

struct chunk_options {
  bool compress = true;
  int level = limits::huge_zstd_level;
  int window_log = 0;           // 0: as large as the chunk needs
  std::uint32_t ratio_max = 0;  // a chunk that compresses better is sent plain; 0: any ratio
};

// `offset` is the place of the chunk's first byte in the whole.
leaving_chunk encode_chunk(detail::huge_piece piece, std::uint64_t offset, const chunk_options& options);

// Why a chunk is refused.
struct chunk_fault {
  errc code = errc::data_loss;
  std::string_view text;
};

// Returns how many bytes the chunk has once decoded, as its first bytes say: more than 0, at most `bytes_max`.
result<std::size_t, chunk_fault> plain_bytes_of(bytes_view payload, std::uint8_t encoding, std::size_t bytes_max);

// Returns the decoded bytes. `plain_bytes` is what plain_bytes_of() returned, `checksum` came with the chunk. A plain
// payload is moved, not copied.
result<std::string, chunk_fault> decode_chunk(std::string payload, std::uint8_t encoding, std::size_t plain_bytes,
                                              std::uint64_t checksum);

}  // namespace gate::huge
