// The encoding of descriptors: the payload of a hello.
#pragma once

#include <optional>
#include <string>

#include <gate/bytes.hpp>
#include <gate/descriptor.hpp>

namespace gate {

// Throws Error(errc::too_large) beyond limits::methods_max methods, 255 parameters a method or labels, or
// name_bytes_max a name; Error(errc::invalid_argument) for a method without a name.
std::string encode_descriptor(const descriptor& d);
// Empty when the bytes are not such a map, or exceed a limit.
std::optional<descriptor> decode_descriptor(bytes_view payload);

}  // namespace gate
