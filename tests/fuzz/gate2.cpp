// For any batch the reader comes to an end. A message that it has read is composed and read again, and must be the
// same.
//
// The first byte of an input says whether a payload frame follows the batch, and how many of the last bytes it takes.
#include "common/wire/gate2.hpp"

#include <optional>
#include <string>

#include "tests/fuzz/input.hpp"
#include "tests/support/wire_samples.hpp"

using namespace gate;
using namespace gate::wire::gate2;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input = as_text(data, size);
  const std::size_t frame_bytes = std::min<std::size_t>(data[0] & 0x7f, size - 1);
  const bool has_frame = (data[0] & 0x80) != 0;
  const bytes_view batch = input.substr(1, size - 1 - (has_frame ? frame_bytes : 0));
  std::optional<bytes_view> frame;
  if (has_frame) frame = input.substr(size - frame_bytes);

  (void)recognises(batch);
  reader r(batch, frame);
  std::size_t messages = 0;
  for (message m; r.next(m); ++messages) {
    std::string composed;
    append(composed, m);
    reader again(composed);
    message n;
    GATE_ASSERT(again.next(n));
    // An empty frame is not composed.
    if (m.payload.frames() != 0 && m.payload.size_bytes() == 0) n.payload = m.payload;
    GATE_ASSERT(samples::same(m, n));
    GATE_ASSERT(!again.next(n));
    GATE_ASSERT(again.error() == parse_error::none);
  }
  GATE_ASSERT(messages <= batch.size() / 16);
  return 0;
}
