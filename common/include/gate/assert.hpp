#pragma once

// GATE_ASSERT(condition): an invariant of our own, checked in release builds too.
//
// When it does not hold, the expression and its place are printed on stderr and the process aborts: state that is known
// to be wrong must not go on serving. Never for what a peer, a file or a user may get wrong: those are errors.

#include <cstdio>
#include <cstdlib>

namespace gate::detail {
[[noreturn]] inline void assertion_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "gate: assertion failed: %s (%s:%d)\n", expression, file, line);
  std::fflush(stderr);
  std::abort();
}
}  // namespace gate::detail

#define GATE_ASSERT(...) \
  ((__VA_ARGS__) ? static_cast<void>(0) : ::gate::detail::assertion_failed(#__VA_ARGS__, __FILE__, __LINE__))
