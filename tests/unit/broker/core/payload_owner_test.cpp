#include "common/transport/payload_owner.hpp"

#include <catch2/catch.hpp>
#include <zmq.hpp>

#include "tests/unit/broker/core/core_fixture.hpp"

using namespace gate;
using namespace gate::broker;
using namespace gate::broker::testing;

namespace {

// A request whose payload is a received frame.
struct owned_request {
  explicit owned_request(std::uint64_t call) {
    m = bench::request_message(call, "s", plain);
    m.payload = payload_view({static_cast<const char*>(frame.data()), frame.size()}, &owner);
  }
  ask plain;
  zmq::message_t frame{std::string_view("the frame")};
  payload_owner owner{frame};
  message m;
};

}  // namespace

TEST_CASE("the owner of a payload goes with a message that passes straight through the core", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id w = b.worker("s");
  const owned_request request(1);
  b.receive(c, request.m);
  const sent given = b.one(w, message_type::request);
  CHECK(given.owner == &request.owner);
  message answer = bench::of(message_type::final, given.call);
  answer.payload = request.m.payload;
  b.receive(w, answer);
  CHECK(b.one(c, message_type::final).owner == &request.owner);
}

TEST_CASE("a request that waits has its own bytes and no owner", "[broker]") {
  bench b;
  const peer_id c = b.client();
  {
    const owned_request request(1);
    b.receive(c, request.m);
  }
  const peer_id w = b.worker("s");
  const sent given = b.one(w, message_type::request);
  CHECK(given.payload == "the frame");
  CHECK(given.owner == nullptr);
}

TEST_CASE("a request that is kept for a second attempt has its own bytes and no owner", "[broker]") {
  bench b;
  const peer_id c = b.client();
  const peer_id first = b.worker("s");
  {
    owned_request request(1);
    request.m.flags = message_flag::idempotent;
    b.receive(c, request.m);
    CHECK(b.one(first, message_type::request).owner == &request.owner);
  }
  const peer_id second = b.worker("s");
  b.close(first);
  const sent again = b.one(second, message_type::request);
  CHECK(again.payload == "the frame");
  CHECK(again.owner == nullptr);
}
