// The first byte of an input says whether a client or a worker speaks. See foreign.hpp for the rest.
#include "common/dialects/gaterpc.hpp"

#include "tests/fuzz/foreign.hpp"

using namespace gate;
using namespace gate::wire;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input = as_text(data, size).substr(1);
  const peer_role role = (data[0] & 1) == 0 ? peer_role::client : peer_role::worker;
  fuzz::converse({dialect::gaterpc, role}, input, [&](frames_view frames) {
    if (role == peer_role::worker) return gaterpc::read_from_broker(frames).has_value();
    const std::optional<gaterpc::client_message> reply = gaterpc::read_client_reply(frames);
    return reply && gaterpc::read_answer(reply->body).has_value();
  });
  return 0;
}
