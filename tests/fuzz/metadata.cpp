// Metadata is read to its end. If it is well-formed, its entries are composed again and must give the same bytes.
#include <string>

#include <gate/limits.hpp>
#include <gate/protocol.hpp>

#include "tests/fuzz/input.hpp"

using namespace gate;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bytes_view input = as_text(data, size);
  const metadata_view view(input);
  std::string rebuilt;
  for (const auto& entry : view) {
    GATE_ASSERT(view.find(entry.key).has_value());
    if (!append_metadata(rebuilt, entry.key, entry.value)) break;
  }
  GATE_ASSERT(input.substr(0, rebuilt.size()) == rebuilt);
  if (view.well_formed() && size <= limits::metadata_bytes_max) GATE_ASSERT(rebuilt == input);
  return 0;
}
