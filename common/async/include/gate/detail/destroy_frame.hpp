#pragma once

#include <coroutine>

namespace gate::detail {

// Destroys a suspended coroutine. Ignores an exception of a destructor of its locals or parameters: passing it on would
// end the process, since the caller is a destructor.
inline void destroy_frame(std::coroutine_handle<> handle) noexcept {
  try {
    handle.destroy();
  } catch (...) {
  }
}

}  // namespace gate::detail
