// What is known of a huge transfer, and what travels of it. docs/protocol.md has the wire form; chunks are made of its
// messages, and back, here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <gate/limits.hpp>
#include <gate/protocol.hpp>

namespace gate::huge {

// The transfer goes as one stream of that encoding, and not as chunks that are compressed each by itself.
inline constexpr bool whole_stream(std::uint8_t encoding) noexcept {
  return encoding == payload_encoding::gzip || encoding == payload_encoding::bz2 || encoding == payload_encoding::lzma;
}

// How a transfer begins: the head of a reply, or the request that announces huge arguments.
struct head {
  huge_content content = huge_content::raw;
  std::uint8_t encoding =
      payload_encoding::plain;         // of the transfer as one stream; plain where each chunk says its own
  std::optional<std::uint64_t> total;  // bytes of the whole, before compression
  std::string etag;
  std::uint64_t offset = 0;
};

// One chunk (or, of a transfer as one stream, the next bytes of it) as it arrives: views, for the duration of a call.
struct arrived_chunk {
  bytes_view payload;
  std::uint8_t encoding = payload_encoding::plain;
  std::optional<std::uint64_t> offset;    // in the whole, before compression
  std::optional<std::uint64_t> checksum;  // XXH64 of the bytes before compression
};

// The same as it leaves. Of a transfer as one stream it has neither offset nor checksum, and the stream's encoding.
struct leaving_chunk {
  std::string payload;
  std::uint8_t encoding = payload_encoding::plain;
  std::optional<std::uint64_t> offset;
  std::optional<std::uint64_t> checksum;
};

// A `part` that is a chunk. The views are those of the message.
inline arrived_chunk chunk_of(const message& part) {
  arrived_chunk chunk;
  chunk.payload = part.payload.single();
  chunk.encoding = part.encoding;
  chunk.offset = part.offset;
  chunk.checksum = part.checksum;
  return chunk;
}

// And back; its views are those of the chunk. Of a transfer as one stream the head alone says the encoding.
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
