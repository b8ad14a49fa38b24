// For the few tests that cannot run under a sanitizer. Each of them says why. Defines GATE_TEST_SANITIZERS in builds
// with AddressSanitizer or ThreadSanitizer, and GATE_TEST_THREAD_SANITIZER only with the latter.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GATE_TEST_SANITIZERS
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GATE_TEST_SANITIZERS
#endif
#endif

#if defined(__SANITIZE_THREAD__)
#define GATE_TEST_THREAD_SANITIZER
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define GATE_TEST_THREAD_SANITIZER
#endif
#endif
