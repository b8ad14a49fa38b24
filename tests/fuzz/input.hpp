// Shared by the fuzz entries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <gate/assert.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}
