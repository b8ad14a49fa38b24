// The memory that a test's thread gets from operator new: how much it holds, and a limit for one block. Replaces
// operator new, so only one file of a program includes it. A sanitizer has an operator new of its own, so tests that
// use this are left out there (GATE_TEST_SANITIZERS).
#pragma once

#include <cstddef>
#include <cstdlib>
#include <limits>
#include <new>

#include <malloc.h>

#include "tests/support/sanitized.hpp"

namespace gate::test {

struct heap_state {
  std::ptrdiff_t held_bytes = 0;
  std::size_t block_bytes_max = std::numeric_limits<std::size_t>::max();
};
inline heap_state& heap() noexcept {
  static thread_local heap_state state;
  return state;
}

// What this thread has taken and not given back. Only differences mean something: other threads may give it back.
inline std::ptrdiff_t held_heap_bytes() noexcept { return heap().held_bytes; }

// While it lives, this thread gets no block of more than `bytes_max`: operator new throws std::bad_alloc.
class short_memory {
 public:
  explicit short_memory(std::size_t bytes_max) noexcept { heap().block_bytes_max = bytes_max; }
  short_memory(const short_memory&) = delete;
  short_memory& operator=(const short_memory&) = delete;
  ~short_memory() { heap().block_bytes_max = std::numeric_limits<std::size_t>::max(); }
};

// Not inlined: else g++ takes free() for the end of what a new of somebody else's has made.
[[gnu::noinline]] inline void give_back_heap(void* block) noexcept {
  if (block != nullptr) heap().held_bytes -= static_cast<std::ptrdiff_t>(::malloc_usable_size(block));
  std::free(block);
}

}  // namespace gate::test

#ifndef GATE_TEST_SANITIZERS
void* operator new(std::size_t bytes) {
  gate::test::heap_state& heap = gate::test::heap();
  void* const block = bytes > heap.block_bytes_max ? nullptr : std::malloc(bytes == 0 ? 1 : bytes);
  if (block == nullptr) throw std::bad_alloc();
  heap.held_bytes += static_cast<std::ptrdiff_t>(::malloc_usable_size(block));
  return block;
}
void operator delete(void* block) noexcept { gate::test::give_back_heap(block); }
void operator delete(void* block, std::size_t) noexcept { gate::test::give_back_heap(block); }
#endif
