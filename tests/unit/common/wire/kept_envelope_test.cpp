#include "common/wire/kept_envelope.hpp"

#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include "tests/support/wire_samples.hpp"

using namespace gate;
using gate::wire::gate2::kept_envelope;

TEST_CASE("a kept envelope gives back each field of each message", "[wire]") {
  kept_envelope kept;
  CHECK(kept.empty());
  for (const message& m : samples::all()) {
    INFO(to_string(m.type));
    kept.keep(m);
    CHECK(samples::same(kept.view(), m));
  }
}

TEST_CASE("a kept envelope owns its bytes, and its memory serves the next message", "[wire]") {
  std::string payload(200, 'p');
  message m = samples::minimal_request();
  m.payload = bytes_view(payload);
  kept_envelope kept(m);
  payload.assign(payload.size(), '?');
  CHECK(kept.view().payload.single() == std::string(200, 'p'));
  const std::size_t capacity = kept.capacity_bytes();
  CHECK(capacity >= kept.bytes());
  kept.clear();
  CHECK(kept.empty());
  kept.keep(samples::minimal_request());
  CHECK(kept.capacity_bytes() == capacity);
  const kept_envelope moved = std::move(kept);
  CHECK(samples::same(moved.view(), samples::minimal_request()));
}
