// Frees the memory of strings. Assigning an empty string does not free it: libstdc++ keeps the buffer of the string
// that is assigned to.
#pragma once

#include <cstddef>
#include <string>

namespace gate {

inline void free_memory(std::string& text) noexcept { std::string().swap(text); }

// Empties a string that is used again and again. Frees a buffer of more than `kept_bytes_max`: otherwise one large use
// would hold its memory for ever.
inline void clear_for_reuse(std::string& text, std::size_t kept_bytes_max = 64u << 10) noexcept {
  if (text.capacity() > kept_bytes_max) {
    free_memory(text);
  } else {
    text.clear();
  }
}

}  // namespace gate
