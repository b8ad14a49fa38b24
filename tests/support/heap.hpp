// Measures and limits the memory that a test's thread gets from operator new: how much it holds, and the largest block.
// A program that uses this links gate_test_heap, which replaces operator new. A sanitizer has its own operator new, so
// these tests are left out there (GATE_TEST_SANITIZERS).
#pragma once

#include <cstddef>

#include "tests/support/sanitized.hpp"

namespace gate::test {

// The bytes that this thread has taken and not given back. Use differences only: another thread may give memory back.
std::ptrdiff_t held_heap_bytes() noexcept;

// While this object lives, its thread gets no block of more than `bytes_max`: operator new throws std::bad_alloc.
class short_memory {
 public:
  explicit short_memory(std::size_t bytes_max) noexcept;
  short_memory(const short_memory&) = delete;
  short_memory& operator=(const short_memory&) = delete;
  ~short_memory();
};

}  // namespace gate::test
