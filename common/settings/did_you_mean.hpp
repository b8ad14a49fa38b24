// A guess at what was meant by a name that does not exist.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace gate {

// " (did you mean 'queue_max'?)" for 'qeue_max': the name that differs in the fewest letters. Empty if none is close.
// A name is close if it differs in at most `letters_max` letters; 0: in 2, or in a third of the letters if that is
// more. For text that ends a message.
std::string did_you_mean(std::string_view unknown, std::span<const std::string_view> names,
                         std::size_t letters_max = 0);

}  // namespace gate
