// Hashing and maps with text as keys. They are searched with a string_view, without making a string.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace gate {

struct text_hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
};

template <class V> using text_map = std::unordered_map<std::string, V, text_hash, std::equal_to<>>;

}  // namespace gate
