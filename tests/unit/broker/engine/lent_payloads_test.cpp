#include "broker/engine/lent_payloads.hpp"

#include <optional>
#include <string>

#include <catch2/catch.hpp>

#include "broker/engine/out_queue.hpp"

using namespace gate;
using namespace gate::broker;

namespace {

// Sends in the same way as the port. Returns nothing for a payload that need not be counted.
std::optional<zmq::message_t> give(lent_payloads& lent, const std::string& raw) {
  if (!lent.is_due(raw.size())) return std::nullopt;
  return lent.copy(raw);
}

}  // namespace

TEST_CASE("what the transport has taken counts until it lets go of it", "[broker]") {
  byte_total all;
  lent_payloads first(all), second(all);
  {
    const zmq::message_t one = first.lend(zmq::message_t(std::string(100'000, 'x')));
    const std::optional<zmq::message_t> other = give(second, std::string(50'000, 'y'));
    REQUIRE(other);
    CHECK(other->to_string_view() == std::string(50'000, 'y'));
    CHECK(first.bytes() == 100'000);
    CHECK(second.bytes() >= 50'000);
    CHECK(all.bytes() == first.bytes() + second.bytes());
  }
  CHECK(first.bytes() == 0);
  CHECK(all.bytes() == 0);
}

TEST_CASE("of short frames every few kilobytes one counts for those before it", "[broker]") {
  byte_total all;
  lent_payloads lent(all);
  std::vector<zmq::message_t> taken;
  std::size_t sent = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string frame(100, 'x');
    sent += frame.size();
    if (std::optional<zmq::message_t> counted = give(lent, frame)) taken.push_back(std::move(*counted));
    CHECK(lent.bytes() + lent_payloads::uncounted_max >= sent);
  }
  CHECK(taken.size() < 100);
  taken.clear();
  CHECK(all.bytes() == 0);
}

TEST_CASE("who takes nothing stands still, from the first that waits for it on", "[broker]") {
  byte_total all;
  lent_payloads lent(all);
  const instant now = std::chrono::steady_clock::now();
  CHECK(lent.stands_still(now + std::chrono::seconds(5)) == duration::zero());
  zmq::message_t first = lent.lend(zmq::message_t(std::string(10'000, 'x')));
  const zmq::message_t second = lent.lend(zmq::message_t(std::string(10'000, 'x')));
  CHECK(lent.stands_still(now + std::chrono::seconds(5)) > std::chrono::seconds(4));
  const instant moved = std::chrono::steady_clock::now();
  first.rebuild();
  CHECK(lent.stands_still(moved) <= duration::zero());
}

TEST_CASE("the queues of all peers count together what each holds, and no more once they are gone", "[broker]") {
  struct taker final : sender {
    delivery send(outgoing&) override { return answer; }
    delivery answer = delivery::blocked;
  } transport;
  byte_total all(1000);
  buffer_pool spare;
  message m;
  m.type = message_type::part;
  m.call = call_id{1};
  const std::string text(400, 'x');
  m.payload = bytes_view(text);
  {
    out_queue first(spare, &all), second(spare, &all);
    first.append(m);
    second.append(m);
    CHECK(all.bytes() == first.bytes() + second.bytes());
    CHECK_FALSE(all.is_exceeded());
    first.flush(transport, {});
    first.append(m);
    CHECK(all.is_exceeded());
    transport.answer = delivery::sent;
    first.flush(transport, {});
    CHECK(first.bytes() == 0);
    CHECK(all.bytes() == second.bytes());
    CHECK(all.has_room_for(1000 - second.bytes()));
    CHECK_FALSE(all.has_room_for(1001 - second.bytes()));
    second.append(m);
  }
  CHECK(all.bytes() == 0);
}

TEST_CASE("a queue that waits takes no more room than it counts", "[broker]") {
  struct taker final : sender {
    delivery send(outgoing&) override { return delivery::blocked; }
  } transport;
  buffer_pool spare;
  std::string large;
  large.reserve(400'000);
  spare.give(std::move(large));
  out_queue queue(spare);
  message m;
  m.type = message_type::part;
  m.call = call_id{1};
  m.payload = bytes_view("short");
  queue.append(m);
  queue.flush(transport, {});
  std::size_t room = 0;
  struct looker final : sender {
    delivery send(outgoing& what) override {
      *room += what.batch.capacity();
      return delivery::sent;
    }
    std::size_t* room;
  } look;
  look.room = &room;
  queue.flush(look, {});
  CHECK(room < 1000);
}
