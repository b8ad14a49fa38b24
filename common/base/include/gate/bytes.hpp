// bytes_view: raw bytes.
#pragma once

#include <string_view>

namespace gate {

// A view of raw bytes, of no particular text encoding. It does not own them.
using bytes_view = std::string_view;

}  // namespace gate
