#pragma once

#include <coroutine>

namespace gate::detail {

// Destroys a coroutine where it is suspended. What a destructor of its locals or parameters throws ends here: it would
// end the process, since it is thrown within another destructor.
inline void destroy_frame(std::coroutine_handle<> handle) noexcept {
  try {
    handle.destroy();
  } catch (...) {
  }
}

}  // namespace gate::detail
