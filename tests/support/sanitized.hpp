// Defines GATE_TEST_SANITIZERS in builds under AddressSanitizer or ThreadSanitizer, for the few tests that cannot run
// beside one. Each says why.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GATE_TEST_SANITIZERS
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GATE_TEST_SANITIZERS
#endif
#endif
