#include "common/base/process_generation.hpp"

#include <atomic>

#include <pthread.h>

namespace gate {
namespace {

std::atomic<unsigned> generation{0};

extern "C" void count_child() { generation.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

unsigned process_generation() noexcept {
  // Should there be no memory for it, children do not know that they are some.
  static const int registered = ::pthread_atfork(nullptr, nullptr, count_child);
  static_cast<void>(registered);
  return generation.load(std::memory_order_relaxed);
}

}  // namespace gate
