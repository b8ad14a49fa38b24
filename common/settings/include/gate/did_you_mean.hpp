// A guess at what was meant by a name that does not exist.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace gate {

// " (did you mean 'queue_max'?)" for 'qeue_max': the name that differs in the fewest letters. Empty if none is close.
// For text that ends a message.
std::string did_you_mean(std::string_view unknown, std::span<const std::string_view> names);

}  // namespace gate
