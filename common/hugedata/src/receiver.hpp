// The state that the two ends of a receiving transfer share: see inlet.hpp for the threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <gate/error.hpp>
#include <gate/loop.hpp>
#include <gate/thread_pool.hpp>

#include "common/hugedata/flow_window.hpp"
#include "common/hugedata/inlet.hpp"
#include "common/hugedata/src/bell.hpp"
#include "common/hugedata/stream_codec.hpp"
#include "common/hugedata/transfer.hpp"

namespace gate::huge {

// All members below the first group are guarded by the mutex. Jobs in the pool share the ownership, so the state lives
// as long as they use it.
class receiver final : public std::enable_shared_from_this<receiver> {
 public:
  receiver(loop& where, inlet::events& told, receive_bounds bounds, thread_pool* pool);

  // --- the runtime's thread
  bool begin(const head& h);
  std::uint32_t first_credit() noexcept;
  bool part(const arrived_chunk& chunk);
  bool end(std::optional<std::uint64_t> total);
  void fail(std::exception_ptr why);
  void detach() noexcept;
  const receive_bounds& bounds() const noexcept { return bounds_; }
  const huge::head& head() const noexcept { return head_; }

  // --- the reader's thread
  // Whether there is something to take: bytes, the end, or a failure. Decodes what no thread of the pool has decoded.
  bool available();
  // Returns the next bytes; nothing at the end. Throws the failure.
  std::optional<std::string> take();
  bell::waiter arrival() noexcept { return bell_.wait(); }
  void drop() noexcept;
  bool on_its_own_thread() const;

 private:
  // A chunk that can be decoded by itself. It does not move in memory while a thread decodes it.
  struct chunk {
    enum class state : std::uint8_t { waiting, decoding, ready, failed };
    std::string payload;  // the decoded bytes, once ready
    std::exception_ptr failure;
    std::size_t wire_bytes = 0;
    std::size_t plain_bytes = 0;
    std::uint64_t checksum = 0;
    std::uint8_t encoding = payload_encoding::plain;
    chunk::state now = chunk::state::waiting;
  };

  bool streamed() const noexcept { return decoder_ != nullptr; }
  bool over() const noexcept { return failure_ != nullptr || closed_; }
  bool admit_chunk(const arrived_chunk& arrived);
  bool admit_stream(const arrived_chunk& arrived);
  bool admit_total(std::uint64_t plain_bytes, std::uint64_t wire_bytes);

  void pump();
  void decode(chunk& next, std::unique_lock<std::mutex>& locked);
  void decode_stream(std::unique_lock<std::mutex>& locked);
  void stream_step(std::unique_lock<std::mutex>& locked);
  bool stream_starved() const noexcept { return input_.empty() && !more_output_; }
  bool stream_wants_work() const noexcept;
  void settle_stream();
  bool chunk_available(std::unique_lock<std::mutex>& locked);
  bool stream_available(std::unique_lock<std::mutex>& locked);

  // Both return false, for the caller to return.
  bool refuse(errc code, std::string_view text);
  bool refuse(std::exception_ptr why);
  void consumed(std::uint32_t items, std::size_t byte_count);
  void tell_abandoned();

  loop& where_;
  const receive_bounds bounds_;
  thread_pool* const pool_;
  huge::head head_;      // written by begin(), before any thread reads it
  inlet::events* told_;  // for the runtime's thread only

  mutable std::mutex mutex_;
  bell bell_;
  bool attached_ = true;  // the runtime still exists
  bool told_abandoned_ = false;
  bool closed_ = false;         // the reader is gone
  bool ended_ = false;          // all bytes have arrived
  std::exception_ptr failure_;  // the reader gets it after the queued bytes
  std::uint64_t held_wire_bytes_ = 0;
  std::uint64_t wire_bytes_ = 0;   // of the whole transfer
  std::uint64_t plain_bytes_ = 0;  // known to be in the transfer, including the offset
  std::uint32_t consumed_items_ = 0;
  std::uint32_t consumed_bytes_ = 0;
  flow_window flow_;

  std::deque<chunk> chunks_;

  // For a transfer as one stream.
  std::unique_ptr<stream_decoder> decoder_;
  std::deque<std::string> input_;
  std::size_t input_used_ = 0;  // bytes of input_.front() that are used up
  std::deque<std::string> output_;
  bool decoding_ = false;
  bool more_output_ = false;   // the decoder has more output without more input
  bool stream_ended_ = false;  // or is damaged: no more output comes
  std::uint64_t decoded_wire_bytes_ = 0;
  std::optional<std::uint64_t> final_total_;
};

}  // namespace gate::huge
