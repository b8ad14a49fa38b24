/// The version of the library. CMake reads it from this file.
#pragma once

#include <string_view>

namespace gate {

/// "major.minor.patch", semantic versioning.
inline constexpr std::string_view version = "0.1.0";

}  // namespace gate
