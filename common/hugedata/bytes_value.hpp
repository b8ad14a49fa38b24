// HugeData and values: a HugeData of bytes as one msgpack value and back, for peers to whom a HugeData is a value, and
// ordinary values that are too large to travel as such.
#pragma once

#include <cstddef>
#include <string>

#include <gate/huge_data.hpp>
#include <gate/limits.hpp>
#include <gate/protocol.hpp>
#include <gate/task.hpp>

namespace gate::huge {

// The same bytes as one msgpack bin: header and bytes. A HugeData of unknown size is collected first; throws
// Error(errc::too_large) beyond `collect_bytes_max`, or when the size exceeds what a bin can have (4 GiB - 1).
task<HugeData> as_value(HugeData raw, std::size_t collect_bytes_max = limits::huge_value_bytes_max);

// The bytes of what arrived as one msgpack bin or str. Its reader gets Error(errc::invalid_argument) when it is some
// other value, Error(errc::data_loss) when it is longer or shorter than it says.
HugeData bytes_of_value(HugeData value);

// The same of one that came whole. Throws Error(errc::invalid_argument) when it is some other value.
HugeData bytes_of_value(bytes_view value);

}  // namespace gate::huge
