// Where in gate-broker's file a key belongs that stands in another place.
#pragma once

#include <string>
#include <string_view>

namespace gate::broker {

// "at the top of the file or in [service.NAME]"; empty if no part of the file has a key of this name.
std::string places_of_key(std::string_view name);

}  // namespace gate::broker
