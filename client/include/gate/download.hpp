#pragma once

#include <chrono>
#include <cstdint>

namespace gate {

// How PendingCall::download() retries.
struct download_options {
  // How many attempts in a row may fail without a new byte. Then the download throws the error of the last one.
  std::uint32_t attempts_max = 10;
  // The pause before each new attempt.
  std::chrono::milliseconds pause{200};
};

}  // namespace gate
