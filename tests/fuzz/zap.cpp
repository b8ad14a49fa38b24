// Messages for the ZAP handler and from an external service. An input is one message: a byte with the number of frames,
// then the frames, each with its length in two bytes before it.
#include "broker/security/zap.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "tests/fuzz/input.hpp"

using namespace gate;
using namespace gate::security;

namespace {

std::vector<bytes_view> take_message(std::string_view input) {
  std::vector<bytes_view> frames;
  const auto byte = [&] {
    const std::size_t value = static_cast<unsigned char>(input.empty() ? '\0' : input.front());
    input.remove_prefix(std::min<std::size_t>(1, input.size()));
    return value;
  };
  for (std::size_t left = byte(); left > 0 && !input.empty(); --left) {
    const std::size_t low = byte();
    const std::size_t length = std::min(low | byte() << 8, input.size());
    frames.push_back(input.substr(0, length));
    input.remove_prefix(length);
  }
  return frames;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<bytes_view> message = take_message(as_text(data, size));
  const zap::parsed_request parsed = zap::parse_request(message);
  GATE_ASSERT(parsed.valid.has_value() == parsed.why.empty());
  if (parsed.valid) {
    // The request can be sent on to an external service, which reads the same.
    const zap::frames again = zap::compose_request(*parsed.valid);
    const std::vector<bytes_view> seen(again.begin(), again.end());
    const zap::parsed_request second = zap::parse_request(seen);
    GATE_ASSERT(second.valid && second.valid->user == parsed.valid->user && second.valid->id == parsed.valid->id);
  }
  if (parsed.can_be_answered) {
    // The other side can read the answer.
    const bytes_view empty[] = {""};
    const zap::frames answer = zap::compose_reply(empty, parsed.id, zap::status::ok, parsed.why,
                                                  parsed.valid ? parsed.valid->user : bytes_view());
    const std::vector<bytes_view> seen(answer.begin(), answer.end());
    GATE_ASSERT(zap::parse_reply(seen).has_value());
  }
  if (const auto reply = zap::parse_reply(message)) {
    GATE_ASSERT(zap::parse_metadata(reply->metadata).has_value());
    GATE_ASSERT(reply->code == zap::status::ok || reply->user_id.empty());
  }
  return 0;
}
