// Names of the broker's own service and its methods.
#pragma once

#include <string_view>

namespace gate::broker {

// Whether only the broker itself may register this name. Such a name means the same in every namespace.
bool is_reserved(std::string_view service) noexcept;
// Whether every client may call this method of the broker, since it needs it to find services. The others are for
// operators.
bool is_for_everybody(std::string_view method) noexcept;

}  // namespace gate::broker
