// The first byte of an input says whether a client or a worker speaks, and in which form. See foreign.hpp for the
// rest.
#include "common/dialects/mdp02.hpp"

#include "tests/fuzz/foreign.hpp"

using namespace gate;
using namespace gate::wire;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input = as_text(data, size).substr(1);
  const peer_role role = (data[0] & 1) == 0 ? peer_role::client : peer_role::worker;
  const auto form = static_cast<mdp02::form>(data[0] >> 1 & 3);
  const mdp::layout& layout = mdp02::layout_of(form);
  fuzz::converse({dialect::mdp02, role, static_cast<std::uint8_t>(form)}, input, [&](frames_view frames) {
    return role == peer_role::worker ? layout.read_to_worker(frames).has_value()
                                     : layout.read_to_client(frames).has_value();
  });
  return 0;
}
