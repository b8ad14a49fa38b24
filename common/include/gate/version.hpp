/// The version of the library: here alone, where CMake reads it too.
#pragma once

#include <string_view>

namespace gate {

/// As in "1.2.3" (semantic versioning).
inline constexpr std::string_view version = "0.1.0";

}  // namespace gate
