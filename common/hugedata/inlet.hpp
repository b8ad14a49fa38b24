// The receiving end of a huge transfer, for the runtime that owns the connection.
//
// Threads: the runtime owns an `inlet` as long as the call is open, and calls it on the thread of its loop (`where`).
// The reader owns the HugeData that inlet::data() returns, on any thread. The two share a state with a mutex. The pool
// decodes, at most limits::huge_chunks_ahead chunks ahead of the reader. The runtime hears of the reader by calls to
// its `inlet::events`: always on the runtime's loop, never within a call to the inlet, and never after the inlet is
// gone.
//
//   reply head (or request)  ->  inlet(where, events, bounds); begin(head); give data() to the reader; grant
//                                first_credit()
//   part with payload        ->  part(chunk)
//   final, half-close        ->  end(total)
//   error, cancel, lost      ->  fail(exception)
//   events::consumed         <-  grant this much credit
//   events::abandoned        <-  the reader has gone, or the data is bad: cancel the call at its producer. The reader
//                                knows already: tell it nothing
//
// After abandoned(), or once begin, part or end returned false, further calls do nothing.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>

#include <gate/error.hpp>
#include <gate/huge_data.hpp>
#include <gate/limits.hpp>
#include <gate/loop.hpp>
#include <gate/thread_pool.hpp>

#include "common/hugedata/pool.hpp"
#include "common/hugedata/transfer.hpp"

namespace gate::huge {

class receiver;

// Counts the memory of collected transfers. There is one for each peer (a client has one for its broker). Thread-safe.
class memory_account {
 public:
  explicit memory_account(std::uint64_t bytes_max) noexcept : bytes_max_(bytes_max) {}
  bool take(std::uint64_t bytes) noexcept;
  void give_back(std::uint64_t bytes) noexcept;
  std::uint64_t held() const noexcept { return held_.load(std::memory_order_relaxed); }

 private:
  const std::uint64_t bytes_max_;
  std::atomic<std::uint64_t> held_ = 0;
};

struct receive_bounds {
  std::uint32_t window_bytes = limits::huge_window_bytes;  // payload bytes on their way; granted as they are read
  std::uint32_t window_items = limits::huge_window_items;
  std::size_t chunk_bytes_max = limits::huge_chunk_bytes_max;
  std::uint64_t bytes_max = limits::huge_bytes_max;      // decoded bytes of the whole
  std::uint32_t ratio_max = limits::huge_ratio_max;      // if no total is declared; 0: any
  std::size_t chunks_ahead = limits::huge_chunks_ahead;  // decoded ahead of the reader
  // Data that to_memory() collects counts here until its HugeData is destroyed. Null: not counted.
  std::shared_ptr<memory_account> account;
};

class inlet {
 public:
  class events {
   public:
    // The producer may send this much more. Called for each sixteenth of the window, so that the producer neither runs
    // out of credit nor gets all of it at once.
    virtual void consumed(std::uint32_t items, std::uint32_t byte_count) = 0;
    virtual void abandoned() = 0;

   protected:
    ~events() = default;
  };

  // `where` and `told` must outlive the inlet. Without a pool (null), the reader's thread decodes.
  inlet(loop& where, events& told, receive_bounds bounds = {}, thread_pool* pool = &transfer_pool());
  inlet(inlet&& other) noexcept;
  inlet& operator=(inlet&& other) noexcept;
  // If the transfer has not ended, it fails as data_loss.
  ~inlet();

  // Call it first, once. Returns false if the head asks for more than `bounds` allow; all later calls then return false
  // too.
  bool begin(const head& h);
  // Returns the bytes to grant at first, less than the bounds allow. From now on the credit adapts to how fast bytes
  // arrive, up to the bounds. Call it before the first part.
  std::uint32_t first_credit() noexcept;
  // Returns the reader's side. Call it once, after begin(), even if that returned false.
  HugeData data();
  // Copies the payload. Returns false if the transfer has now failed; events::abandoned() follows.
  bool part(const arrived_chunk& chunk);
  // The sender has sent everything. `total` is offset + bytes, as the sender counted. The reader sees the end after the
  // last chunk, if the total is right. It does not need the inlet any more: destroy the inlet.
  bool end(std::optional<std::uint64_t> total);
  // The call has failed. The reader gets `why` after the bytes that came before.
  void fail(std::exception_ptr why);

  const receive_bounds& bounds() const noexcept;

 private:
  std::shared_ptr<receiver> receiver_;
};

}  // namespace gate::huge
