#pragma once

namespace gate {

// Makes the allocator of this process keep some of the freed memory. With its defaults, glibc returns blocks of the
// size of our batches to the system at once, and takes them back, page by page, for the next batch. Costs up to 4 MiB
// for each thread that allocates. Call it at the start of a program; a library must not decide this for its process.
// Does nothing if the allocator is not glibc's.
void keep_freed_memory() noexcept;

// The same for blocks of the size of a chunk, and for use in a library: it sets nothing for the process. As long as the
// process sets no limits of its own, those of glibc follow the largest block that was freed so far. So this frees one.
void keep_freed_chunks() noexcept;

// Returns to the system the freed memory that the allocator keeps. It walks all of that memory: call it in quiet times.
void give_freed_memory_back() noexcept;

}  // namespace gate
