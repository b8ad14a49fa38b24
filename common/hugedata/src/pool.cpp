#include "common/hugedata/pool.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <thread>

#include "common/base/allocator.hpp"
#include "common/base/process_generation.hpp"

namespace gate::huge {

namespace {

// Each transfer has a few jobs at most, so that this many are never met.
constexpr std::size_t queue_max = 1u << 20;
constexpr int niceness = 10;

struct pool_of_process {
  made_in_process made;
  thread_pool threads{std::max<std::size_t>(1, std::thread::hardware_concurrency()), queue_max, niceness};
};

}  // namespace

// Throws nothing but std::bad_alloc: a pool without threads is full, and what is to be done is then done on the loops.
//
// Without a lock, which a child of fork() might find held for ever. Never destroyed: a thread may still be at work when
// the process ends, and in a child there is nobody to be joined.
thread_pool& transfer_pool() {
  static std::atomic<pool_of_process*> current{nullptr};
  pool_of_process* known = current.load(std::memory_order_acquire);
  while (known == nullptr || known->made.gone()) {
    if (known == nullptr) keep_freed_chunks();
    auto made = std::make_unique<pool_of_process>();
    if (current.compare_exchange_strong(known, made.get(), std::memory_order_acq_rel)) return made.release()->threads;
  }
  return known->threads;
}

}  // namespace gate::huge
