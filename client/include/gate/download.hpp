#pragma once

#include <chrono>
#include <cstdint>

namespace gate {

// How PendingCall::download() goes on after a loss.
struct download_options {
  // Times in a row that it may break off without having got any further, before it gives up.
  std::uint32_t attempts_max = 10;
  // The pause before it goes on.
  std::chrono::milliseconds pause{200};
};

}  // namespace gate
