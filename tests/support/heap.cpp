#include "tests/support/heap.hpp"

#include <cstdlib>
#include <limits>
#include <new>

#include <malloc.h>

namespace gate::test {
namespace {

struct heap_state {
  std::ptrdiff_t held_bytes = 0;
  std::size_t block_bytes_max = std::numeric_limits<std::size_t>::max();
};

thread_local heap_state heap;

// Not inlined: otherwise g++ warns that free() does not match the operator new of other code.
[[gnu::noinline]] [[maybe_unused]] void give_back(void* block) noexcept {
  if (block != nullptr) heap.held_bytes -= static_cast<std::ptrdiff_t>(::malloc_usable_size(block));
  std::free(block);
}

[[maybe_unused]] void* take(std::size_t bytes) {
  void* const block = bytes > heap.block_bytes_max ? nullptr : std::malloc(bytes == 0 ? 1 : bytes);
  if (block == nullptr) throw std::bad_alloc();
  heap.held_bytes += static_cast<std::ptrdiff_t>(::malloc_usable_size(block));
  return block;
}

}  // namespace

std::ptrdiff_t held_heap_bytes() noexcept { return heap.held_bytes; }

short_memory::short_memory(std::size_t bytes_max) noexcept { heap.block_bytes_max = bytes_max; }
short_memory::~short_memory() { heap.block_bytes_max = std::numeric_limits<std::size_t>::max(); }

}  // namespace gate::test

#ifndef GATE_TEST_SANITIZERS
void* operator new(std::size_t bytes) { return gate::test::take(bytes); }
void operator delete(void* block) noexcept { gate::test::give_back(block); }
void operator delete(void* block, std::size_t) noexcept { gate::test::give_back(block); }
#endif
