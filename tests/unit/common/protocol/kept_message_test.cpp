#include "common/protocol/kept_message.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/wire_samples.hpp"

using namespace gate;

namespace {

// Keeps a message whose own bytes are overwritten afterwards.
template <class Check> void keep(message m, Check check) {
  std::string bytes = "service method key parent state etag text type payload";
  const auto part = [&bytes](std::string_view word) {
    return std::string_view(bytes).substr(bytes.find(word), word.size());
  };
  m.service = part("service");
  m.method = part("method");
  m.idempotency_key = part("key");
  m.traceparent = part("parent");
  m.tracestate = part("state");
  m.etag = part("etag");
  m.text = part("text");
  m.remote_type = part("type");
  m.caller = part("state");
  const std::vector<bytes_view> more{part("key"), bytes_view()};
  m.payload = payload_view(part("payload"), more);
  const kept_message kept(m);
  CHECK(kept.bytes() == kept_message::measure(m));
  bytes.assign(bytes.size(), '?');
  check(kept);
}

}  // namespace

TEST_CASE("a kept message has its own bytes of each text and of each frame", "[protocol]") {
  message m;
  m.type = message_type::request;
  m.call = call_id{7};
  m.flags = message_flag::named | 0x01000000u;
  m.offset = 9;
  keep(m, [](const kept_message& kept) {
    const message& v = kept.view();
    CHECK(v.call == call_id{7});
    CHECK(v.flags == (message_flag::named | 0x01000000u));
    CHECK(v.offset == 9);
    CHECK(v.service == "service");
    CHECK(v.method == "method");
    CHECK(v.idempotency_key == "key");
    CHECK(v.traceparent == "parent");
    CHECK(v.tracestate == "state");
    CHECK(v.etag == "etag");
    CHECK(v.text == "text");
    CHECK(v.remote_type == "type");
    CHECK(v.caller.empty());
    REQUIRE(v.payload.frames() == 3);
    CHECK(v.payload[0] == "payload");
    CHECK(v.payload[1] == "key");
    CHECK(v.payload[2].empty());
  });
}

TEST_CASE("a kept message has its own metadata", "[protocol]") {
  std::string encoded = samples::metadata();
  message m = samples::minimal_request();
  m.metadata = metadata_view(encoded);
  const kept_message kept(m);
  const std::string before = encoded;
  encoded.assign(encoded.size(), '?');
  CHECK(kept.view().metadata.encoded() == before);
  CHECK(kept.bytes() == before.size() + 2);
}
