#pragma once

// GATE_ASSERT(condition) checks an invariant of this library or a rule for its caller, in release builds too.
//
// If the condition is false, it prints the expression and its place on stderr and aborts the process: a program whose
// state is wrong must not go on. A mistake of a peer, a file or an operator is an error instead, never an assertion.

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
