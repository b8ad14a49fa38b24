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

// Never reached: each transfer has only a few jobs.
constexpr std::size_t queue_max = 1u << 20;
constexpr int niceness = 10;

struct pool_of_process {
  made_in_process made;
  thread_pool threads{std::max<std::size_t>(1, std::thread::hardware_concurrency()), queue_max, niceness};
};

}  // namespace

// Throws nothing but std::bad_alloc. If no thread starts, the pool counts as full, and the loops do the work.
//
// There is no lock: a child of fork() might find it locked for ever. The pool is never destroyed: a thread may be at
// work when the process ends, and in a child there is no thread to join.
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
