// Base64 of RFC 4648, with padding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gate {

std::string to_base64(std::string_view raw);
// Empty if the text is not base64. Blanks and newlines are not base64, nor are bits that belong to no byte.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace gate
