#pragma once

namespace gate {

// Has the allocator of this process keep some memory that was freed, instead of returning it to the system at once and
// taking it back, page by page, for the next batch: glibc's defaults do that with blocks of the size of our batches.
// Costs up to 4 MiB for each thread that allocates. For programs, at their start; a library leaves the process's
// allocator to the process. Does nothing where the allocator is not glibc's.
void keep_freed_memory() noexcept;

// The same for a library, of blocks of the size of chunks, without deciding anything for the process: glibc's bounds
// follow the largest block that was freed so far, until the process sets its own. Here one is freed.
void keep_freed_chunks() noexcept;

// Returns to the system what was freed and is kept. Walks all of it: for quiet times after busy ones.
void give_freed_memory_back() noexcept;

}  // namespace gate
