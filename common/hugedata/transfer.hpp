// The head and the chunks of a huge transfer, and the messages that carry the chunks. docs/protocol.md has the wire
// form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <gate/limits.hpp>
#include <gate/protocol.hpp>

namespace gate::huge {

// True if this encoding makes the transfer one stream, instead of chunks that are each compressed by themselves.
inline constexpr bool whole_stream(std::uint8_t encoding) noexcept {
  return encoding == payload_encoding::gzip || encoding == payload_encoding::bz2 || encoding == payload_encoding::lzma;
}

// The beginning of a transfer: the head of a reply, or the request that announces huge arguments.
struct head {
  huge_content content = huge_content::raw;
  std::uint8_t encoding = payload_encoding::plain;  // of the transfer as one stream; plain if each chunk has its own
  std::optional<std::uint64_t> total;               // bytes of the whole, before compression
  std::string etag;
  std::uint64_t offset = 0;
};

// One chunk as it arrives; if the transfer is one stream, the next bytes of it. The views are valid during a call.
struct arrived_chunk {
  bytes_view payload;
  std::uint8_t encoding = payload_encoding::plain;
  std::optional<std::uint64_t> offset;    // in the whole, before compression
  std::optional<std::uint64_t> checksum;  // XXH64 of the bytes before compression
};

// One chunk as it leaves. If the transfer is one stream, it has the stream's encoding, and no offset or checksum.
struct leaving_chunk {
  std::string payload;
  std::uint8_t encoding = payload_encoding::plain;
  std::optional<std::uint64_t> offset;
  std::optional<std::uint64_t> checksum;
};

// Reads a chunk from a `part`. Its views are those of the message.
inline arrived_chunk chunk_of(const message& part) {
  arrived_chunk chunk;
  chunk.payload = part.payload.single();
  chunk.encoding = part.encoding;
  chunk.offset = part.offset;
  chunk.checksum = part.checksum;
  return chunk;
}

// Makes a `part` of a chunk. Its views are those of the chunk. In a transfer as one stream, only the head names the
// encoding.
inline message part_of(call_id call, const leaving_chunk& chunk) {
  message part;
  part.type = message_type::part;
  part.call = call;
  part.payload = bytes_view(chunk.payload);
  if (!whole_stream(chunk.encoding)) part.encoding = chunk.encoding;
  part.offset = chunk.offset;
  part.checksum = chunk.checksum;
  return part;
}

}  // namespace gate::huge
