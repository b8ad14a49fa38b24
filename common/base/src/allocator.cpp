#include "common/base/allocator.hpp"

#include <cstddef>
#include <cstdlib>  // defines __GLIBC__

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace gate {

void keep_freed_memory() noexcept {
#if defined(__GLIBC__)
  constexpr int kept_bytes_max = 4 << 20;    // at the end of an arena
  constexpr int mapped_bytes_min = 2 << 20;  // larger blocks are returned when they are freed
  ::mallopt(M_TRIM_THRESHOLD, kept_bytes_max);
  ::mallopt(M_MMAP_THRESHOLD, mapped_bytes_min);
#endif
}

void keep_freed_chunks() noexcept {
#if defined(__GLIBC__)
  constexpr std::size_t bytes = std::size_t{2} << 20;
  void* volatile block = std::malloc(bytes);  // NOLINT: on purpose; volatile, or a compiler leaves it out
  std::free(block);                           // NOLINT
#endif
}

void give_freed_memory_back() noexcept {
#if defined(__GLIBC__)
  static_cast<void>(::malloc_trim(0));
#endif
}

}  // namespace gate
