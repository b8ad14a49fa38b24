// Converts between a HugeData of bytes and one msgpack value. Some peers know a HugeData as a value only, and some
// ordinary values are too large for one message.
#pragma once

#include <cstddef>
#include <string>

#include <gate/huge_data.hpp>
#include <gate/limits.hpp>
#include <gate/protocol.hpp>
#include <gate/task.hpp>

namespace gate::huge {

// Returns the same bytes as one msgpack bin: its header and the bytes. If the size is unknown, collects all bytes
// first. Throws Error(errc::too_large) beyond `collect_bytes_max`, or if the size is more than a bin can have (4 GiB -
// 1).
task<HugeData> as_value(HugeData raw, std::size_t collect_bytes_max = limits::huge_value_bytes_max);

// Returns the bytes of one msgpack bin or str. Its reader gets Error(errc::invalid_argument) if the value is of another
// type, and Error(errc::data_loss) if it is longer or shorter than its header says.
HugeData bytes_of_value(HugeData value);

// The same for a value that arrived whole. Throws Error(errc::invalid_argument) if the value is of another type.
HugeData bytes_of_value(bytes_view value);

}  // namespace gate::huge
