// A view of raw bytes.
#pragma once

#include <string_view>

namespace gate {

// Raw bytes that belong to somebody else; no text encoding is implied.
using bytes_view = std::string_view;

}  // namespace gate
