#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gate::cli {

// RFC 4648, with padding.
std::string to_base64(std::string_view raw);
// Returns nothing if the text is not base64.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace gate::cli
