// The encoding of descriptors: the payload of a hello.
#pragma once

#include <optional>
#include <string>

#include <gate/bytes.hpp>
#include <gate/descriptor.hpp>

namespace gate {

// Throws Error(errc::too_large) if there are more than limits::methods_max methods, 255 parameters of a method or
// labels, or if a name is longer than name_bytes_max. Throws Error(errc::invalid_argument) if a method has no name.
std::string encode_descriptor(const descriptor& d);
// Empty if the bytes are not a valid descriptor, or exceed a limit.
std::optional<descriptor> decode_descriptor(bytes_view payload);

}  // namespace gate
