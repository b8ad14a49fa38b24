// A descriptor is decoded or refused. A decoded one encodes to an equal one.
#include <gate/descriptor.hpp>

#include "common/wire/descriptor_codec.hpp"
#include "tests/fuzz/input.hpp"

using namespace gate;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto decoded = decode_descriptor(as_text(data, size));
  if (!decoded) return 0;
  const std::string encoded = encode_descriptor(*decoded);
  const auto again = decode_descriptor(encoded);
  GATE_ASSERT(again.has_value());
  GATE_ASSERT(encode_descriptor(*again) == encoded);
  return 0;
}
