#include "common/src/huge/pool.hpp"

#include <algorithm>
#include <cstddef>
#include <thread>

#include "common/src/allocator.hpp"

namespace gate::huge {

thread_pool& transfer_pool() {
  // Each transfer has a few jobs at most, so that this many are never met.
  constexpr std::size_t queue_max = 1u << 20;
  constexpr int niceness = 10;
  static thread_pool* const pool = [] {
    keep_freed_chunks();
    return new thread_pool(std::max<std::size_t>(1, std::thread::hardware_concurrency()), queue_max, niceness);
  }();
  return *pool;
}

}  // namespace gate::huge
