// The sending end of a huge transfer: cuts a HugeData into chunks, compresses them and computes their checksums, a few
// chunks ahead. The runtime calls it on one thread, that of the loop on which next() is awaited.
//
//   outlet out(std::move(data), options);
//   out.resume(m.offset, m.etag);                        // if the request asks for it
//   send(out.head());                                    // `total`, `etag`, `offset`, `content`, `encoding`
//   while (auto chunk = co_await out.next()) {           // throws the source's exception, or `cancelled`
//     ... wait for credit, send the chunk
//   }
//   send final with out.position()                       // offset + bytes: the final's `total`
//
// Reading, compressing and the checksums run in the pool. The outlet may be destroyed at any time, even while next() is
// awaited. Its jobs own what they use and end by themselves; the last of them destroys the HugeData. An asynchronous
// source (an async_generator, a HugeData that was received) runs on the loop, in the scope of the first next(). That
// scope must outlive the outlet. The outlet destroys the source.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <gate/huge_data.hpp>
#include <gate/limits.hpp>
#include <gate/task.hpp>
#include <gate/thread_pool.hpp>

#include "common/hugedata/pool.hpp"
#include "common/hugedata/transfer.hpp"

namespace gate::huge {

struct send_options {
  huge_content content = huge_content::raw;
  // The encodings that the receiver takes: the bits of its `accept`. With zstd, each chunk is compressed by itself.
  // Without it, the transfer is one stream of the first of gzip, bz2, lzma. With 0 it is plain.
  std::uint8_t accept = payload_encoding::zstd;
  std::size_t chunks_ahead = limits::huge_chunks_ahead;  // made in advance
};

class outlet {
 public:
  // Without a pool (null), next() does the work.
  outlet(HugeData data, send_options options, thread_pool* pool = &transfer_pool());
  outlet(outlet&& other) noexcept;
  outlet& operator=(outlet&& other) noexcept;
  ~outlet();

  // Begins at `offset` if the source has this etag (not empty) and can begin there; else at the beginning. Call it
  // before head().
  void resume(std::uint64_t offset, std::string_view etag);
  const huge::head& head() const noexcept;
  // Returns the next chunk, in order; nothing at the end. One coroutine at a time awaits it, always on the same loop.
  // Cancelling a next() loses no chunk.
  task<std::optional<leaving_chunk>> next();
  // True if next() would not wait.
  bool ready() const noexcept;
  // Bytes of the whole, before compression, ahead of the next chunk. If the transfer is one stream: the bytes that were
  // read.
  std::uint64_t position() const noexcept;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace gate::huge
