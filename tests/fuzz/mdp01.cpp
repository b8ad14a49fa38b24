// The first byte of an input says whether a client or a worker speaks. See foreign.hpp for the rest.
#include "common/dialects/mdp01.hpp"

#include "tests/fuzz/foreign.hpp"

using namespace gate;
using namespace gate::wire;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input = as_text(data, size).substr(1);
  const peer_role role = (data[0] & 1) == 0 ? peer_role::client : peer_role::worker;
  fuzz::converse({dialect::mdp01, role}, input, [&](frames_view frames) {
    return role == peer_role::worker ? mdp01::layout.read_to_worker(frames).has_value()
                                     : mdp01::layout.read_to_client(frames).has_value();
  });
  return 0;
}
