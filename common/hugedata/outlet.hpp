// The sending end of a huge transfer: what a HugeData gives, cut into chunks, compressed and summed, a few chunks
// before they are asked for. The runtime calls it on one thread, that of the loop on which next() is awaited.
//
//   outlet out(std::move(data), options);
//   out.resume(m.offset, m.etag);                        // when the request asks for it
//   send(out.head());                                    // `total`, `etag`, `offset`, `content`, `encoding`
//   while (auto chunk = co_await out.next()) {           // throws what the source throws; `cancelled`
//     ... wait for credit, send the chunk
//   }
//   send final with out.position()                       // offset + bytes: the final's `total`
//
// Reading, compressing and summing run in the pool. Dropping the outlet, also while next() is awaited, lets jobs under
// way end by themselves: they own what they use. The HugeData goes with the last of them. An asynchronous source (an
// async_generator, a HugeData that was received) runs on the loop, in the scope of the first next(), which must outlive
// the outlet; it goes with the outlet.
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
  // What the receiver can take: the bits of its `accept`. zstd if it is there; else the transfer goes as one stream of
  // the first of gzip, bz2, lzma; else (0) plain.
  std::uint8_t accept = payload_encoding::zstd;
  std::size_t chunks_ahead = limits::huge_chunks_ahead;  // made before they are asked for
};

class outlet {
 public:
  // Without a pool (null) the work is done within next().
  outlet(HugeData data, send_options options, thread_pool* pool = &transfer_pool());
  outlet(outlet&& other) noexcept;
  outlet& operator=(outlet&& other) noexcept;
  ~outlet();

  // Begins at `offset` if the source has this etag (not empty) and can; else from the beginning. Before head().
  void resume(std::uint64_t offset, std::string_view etag);
  const huge::head& head() const noexcept;
  // The next chunk in order; nothing at the end. Awaited by one coroutine at a time, always on the same loop. A next()
  // that was cancelled loses no chunk.
  task<std::optional<leaving_chunk>> next();
  // A chunk is there: next() would not wait.
  bool ready() const noexcept;
  // Bytes of the whole, before compression, that lie before the next chunk; of a transfer as one stream, those read.
  std::uint64_t position() const noexcept;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace gate::huge
