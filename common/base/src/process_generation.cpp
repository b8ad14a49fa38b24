#include "common/base/process_generation.hpp"

#include <atomic>

#include <pthread.h>

namespace gate {
namespace {

std::atomic<unsigned> generation{0};

extern "C" void count_child() { generation.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

unsigned process_generation() noexcept {
  // If there is no memory for the handler, a child of fork() is not recognised as a child.
  static const int registered = ::pthread_atfork(nullptr, nullptr, count_child);
  static_cast<void>(registered);
  return generation.load(std::memory_order_relaxed);
}

}  // namespace gate
