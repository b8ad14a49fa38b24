// The state that an outlet and its jobs in the pool share: see outlet.hpp for the threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <gate/event.hpp>
#include <gate/huge_data.hpp>
#include <gate/task.hpp>
#include <gate/thread_pool.hpp>

#include "common/hugedata/chunk.hpp"
#include "common/hugedata/outlet.hpp"
#include "common/hugedata/source.hpp"
#include "common/hugedata/src/bell.hpp"
#include "common/hugedata/stream_codec.hpp"

namespace gate::huge {

// Makes the chunks and queues them, in order. Jobs share the ownership.
class sender final : public std::enable_shared_from_this<sender> {
 public:
  sender(const huge_options& how, const send_options& options, const head& h, thread_pool* pool);

  // The jobs read the bytes from `data`. Without this call, feed() brings them. Call it before the first pump().
  void read_from(HugeData data) noexcept { source_.emplace(std::move(data)); }
  bool reads() const noexcept { return source_.has_value(); }

  // --- the loop's thread

  void started_at(std::uint64_t offset) noexcept { read_ = position_ = offset; }
  // Starts the jobs that may run now.
  void pump();
  // Whether there is something to take: a chunk, the end, or a failure. Makes the chunk itself if no pool does.
  bool available();
  std::optional<leaving_chunk> take();
  bell::waiter arrival() noexcept { return bell_.wait(); }
  bool ready() const;
  std::uint64_t position() const noexcept { return position_; }

  // --- of a source that is not read by the jobs

  bool has_room() const;
  // Adds the next bytes, a chunk's worth; empty at the end. A job in the pool encodes them. A compressed stream is
  // encoded in this call, so the call is a job of its own: never make two at once.
  void feed(std::string raw);
  bool feeds_in_order() const noexcept { return encoder_ != nullptr; }
  void fail(std::exception_ptr why);

  std::size_t chunk_bytes() const noexcept { return chunk_bytes_; }
  thread_pool* pool() const noexcept { return pool_; }

 private:
  // A chunk's worth of bytes. One chunk is made of it; with a compressed stream, any number of chunks.
  struct slot {
    detail::huge_piece piece;
    std::uint64_t offset = 0;
    std::size_t plain_bytes = 0;
    std::deque<leaving_chunk> made;
    std::exception_ptr failure;
    bool ready = false;
  };

  void make_one();
  bool admit(std::size_t bytes, bool last);
  slot* begin_slot(detail::huge_piece piece);
  void encode(slot& at) noexcept;
  void encode_stream(std::deque<leaving_chunk>& made, bytes_view raw);
  void drop_used();

  thread_pool* const pool_;
  const chunk_options chunk_;
  const std::size_t chunk_bytes_;
  const std::size_t ahead_;
  const std::uint8_t stream_encoding_;
  const std::optional<std::uint64_t> total_;
  std::uint64_t position_ = 0;  // for the loop's thread only

  mutable std::mutex mutex_;
  bell bell_;
  std::optional<HugeData> source_;  // the job that has set reading_ reads it
  std::unique_ptr<stream_encoder> encoder_;
  std::deque<slot> slots_;
  std::uint64_t read_ = 0;  // of the whole, including the offset
  bool reading_ = false;
  bool read_all_ = false;
  std::exception_ptr failure_;  // comes after the queued chunks
};

}  // namespace gate::huge
