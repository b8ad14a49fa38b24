// What an outlet and its jobs in the pool share: see outlet.hpp for who calls what.
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

// The queue of chunks that are made, in order, and the making of them. Jobs share the ownership.
class sender final : public std::enable_shared_from_this<sender> {
 public:
  sender(const huge_options& how, const send_options& options, const head& h, thread_pool* pool);

  // Bytes come from here, read by the jobs; otherwise from feed(). Before the first pump().
  void read_from(HugeData data) noexcept { source_.emplace(std::move(data)); }
  bool reads() const noexcept { return source_.has_value(); }

  // --- the loop's thread

  void started_at(std::uint64_t offset) noexcept { read_ = position_ = offset; }
  // Has the pool make what it may.
  void pump();
  // Whether there is something to take: a chunk, the end, or a failure. Makes it here where no pool does.
  bool available();
  std::optional<leaving_chunk> take();
  bell::waiter arrival() noexcept { return bell_.wait(); }
  bool ready() const;
  std::uint64_t position() const noexcept { return position_; }

  // --- of a source that is not read by the jobs

  bool has_room() const;
  // The next bytes, a chunk's worth; empty at the end. Encoded in the pool, or (a compressed stream) where it is
  // called, which is then a job itself, never two at once.
  void feed(std::string raw);
  bool feeds_in_order() const noexcept { return encoder_ != nullptr; }
  void fail(std::exception_ptr why);

  std::size_t chunk_bytes() const noexcept { return chunk_bytes_; }
  thread_pool* pool() const noexcept { return pool_; }

 private:
  // A chunk's worth of bytes, of which one leaving chunk is made, or of a compressed stream several or none.
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
  std::uint64_t position_ = 0;  // the loop's thread

  mutable std::mutex mutex_;
  bell bell_;
  std::optional<HugeData> source_;  // read by the one job that has set reading_
  std::unique_ptr<stream_encoder> encoder_;
  std::deque<slot> slots_;
  std::uint64_t read_ = 0;  // of the whole, offset included
  bool reading_ = false;
  bool read_all_ = false;
  std::exception_ptr failure_;  // behind what is queued
};

}  // namespace gate::huge
