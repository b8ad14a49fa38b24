// Names of the broker's own service and its methods.
#pragma once

#include <string_view>

namespace gate::broker {

// Names that no worker but the broker's own may register, and that mean the same in every namespace.
bool is_reserved(std::string_view service) noexcept;
// Of the broker's own methods, those that do no more than a client needs to find its services. The others are an
// operator's.
bool is_for_everybody(std::string_view method) noexcept;

}  // namespace gate::broker
