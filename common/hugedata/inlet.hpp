// The receiving end of a huge transfer, as the runtime that speaks with the network sees it.
//
// Who calls what: the runtime owns an `inlet` for as long as the call is open, and calls it on one thread, that of its
// loop (`where`). The reader owns the HugeData that inlet::data() gives, on any thread. The two share a state behind a
// mutex; decoding runs in the pool, at most limits::huge_chunks_ahead chunks before the reader. What the reader does
// reaches the runtime as calls to its `inlet::events`, always on the runtime's loop, never from within a call to the
// inlet, and never after the inlet is gone.
//
//   reply head (or request)  ->  inlet(where, events, bounds); begin(head); data() to who waits; grant first_credit()
//   part with payload        ->  part(chunk)
//   final, half-close        ->  end(total)
//   error, cancel, lost      ->  fail(exception)
//   events::consumed         <-  send so much credit
//   events::abandoned        <-  the reader has gone, or what came is bad: cancel the call at its producer; say nothing
//                                more to the reader, who knows
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

// Counts what collected transfers hold: one for each peer (a client has one for its broker). Thread-safe.
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
  std::uint32_t window_bytes = limits::huge_window_bytes;  // of payloads, granted as they are read
  std::uint32_t window_items = limits::huge_window_items;
  std::size_t chunk_bytes_max = limits::huge_chunk_bytes_max;
  std::uint64_t bytes_max = limits::huge_bytes_max;      // of the whole, before compression
  std::uint32_t ratio_max = limits::huge_ratio_max;      // where no total is declared; 0: any
  std::size_t chunks_ahead = limits::huge_chunks_ahead;  // decoded before they are asked for
  // What to_memory() collects counts here until its HugeData is destroyed. Null: is not counted.
  std::shared_ptr<memory_account> account;
};

class inlet {
 public:
  class events {
   public:
    // The producer may send so much more. Comes in steps of a sixteenth of the window, so that it neither runs dry nor
    // is filled at one go.
    virtual void consumed(std::uint32_t items, std::uint32_t byte_count) = 0;
    virtual void abandoned() = 0;

   protected:
    ~events() = default;
  };

  // `where` and `told` outlive the inlet. Without a pool (null) the reader's thread decodes.
  inlet(loop& where, events& told, receive_bounds bounds = {}, thread_pool* pool = &transfer_pool());
  inlet(inlet&& other) noexcept;
  inlet& operator=(inlet&& other) noexcept;
  // A transfer that has not ended fails as data_loss.
  ~inlet();

  // First, once. Where it asks for what `bounds` do not allow, is false, like the following ones.
  bool begin(const head& h);
  // The bytes to grant at first, in place of all that the bounds allow: from now on credit follows what arrives, up to
  // that. Before the first part.
  std::uint32_t first_credit() noexcept;
  // Once, after begin(), whatever that returned: the reader's side.
  HugeData data();
  // Copies the payload. False when the transfer has failed now; events::abandoned() follows as well.
  bool part(const arrived_chunk& chunk);
  // All has been sent: `total` is offset + bytes, as the sender counted. The reader sees the end after it has read the
  // last chunk and that is so; until then its HugeData does not need the inlet any more: drop it.
  bool end(std::optional<std::uint64_t> total);
  // The call has failed: the reader gets this once it has read what came before.
  void fail(std::exception_ptr why);

  const receive_bounds& bounds() const noexcept;

 private:
  std::shared_ptr<receiver> receiver_;
};

}  // namespace gate::huge
