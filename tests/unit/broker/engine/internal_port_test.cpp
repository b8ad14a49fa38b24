#include "broker/engine/internal_port.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace gate;
using namespace gate::broker;
using namespace std::chrono_literals;

namespace {

constexpr peer_id client{1};

// A core whose internal service is behind a port, and a client that keeps what it is sent.
struct small_broker final : output {
  small_broker() {
    service.open(now);
    message hello;
    hello.type = message_type::hello;
    hello.version_min = hello.version_max = gate2_version;
    hello.role = peer_role::worker;
    hello.service = "gate";
    hello.capacity = 1'000'000;
    service.received(hello, nullptr, now);
    hello.role = peer_role::client;
    hello.service = {};
    hello.capacity = 0;
    core_guard->opened(client, {}, now);
    core_guard->received(client, hello, nullptr, now);
  }

  void send(peer_id to, const message& m) override {
    if (to == internal_peer) return service.add(m);
    if (m.type == message_type::final) answered.push_back(static_cast<std::uint64_t>(m.call));
  }
  void cut(peer_id, errc, std::string_view) override {}

  void call(std::uint64_t id) {
    message m;
    m.type = message_type::request;
    m.call = call_id{id};
    m.service = "gate";
    m.method = "ping";
    core_guard->received(client, m, nullptr, now);
  }
  void answer(const message& request) {
    message m;
    m.type = message_type::final;
    m.call = request.call;
    m.payload = bytes_view("\xc0");
    service.received(m, nullptr, now);
  }

  instant now = instant(1000s);
  broker_limits limits;
  core state{limits, {}, nullptr, nullptr, nullptr, *this, now};
  guarded_core core_guard{state};
  buffer_pool spare;
  internal_port service{core_guard, spare};
  std::vector<std::uint64_t> answered;
};

}  // namespace

TEST_CASE("the internal service gets its messages in order, once the core has ended its work", "[broker][internal]") {
  small_broker b;
  std::vector<message_type> delivered;
  b.service.on_message([&](const message& m) {
    CHECK_FALSE(b.core_guard.works());
    delivered.push_back(m.type);
  });
  for (std::uint64_t id = 1; id <= 2; ++id) b.call(id);
  CHECK(delivered.empty());
  CHECK(b.service.has_work());
  b.service.flush(b.now);
  CHECK(delivered == std::vector{message_type::welcome, message_type::request, message_type::request});
  CHECK_FALSE(b.service.has_work());
}

TEST_CASE("the internal service may answer while it is given messages", "[broker][internal]") {
  small_broker b;
  b.service.on_message([&](const message& m) {
    if (m.type != message_type::request) return;
    b.answer(m);
    if (b.answered.size() < 3) b.call(b.answered.size() + 1);
  });
  b.call(1);
  b.service.flush(b.now);
  CHECK(b.answered == std::vector<std::uint64_t>{1, 2, 3});
  CHECK_FALSE(b.service.has_work());
}

TEST_CASE("what takes the internal service long is delivered in several turns, and nothing twice",
          "[broker][internal]") {
  small_broker b;
  b.service.on_message([&](const message& m) {
    if (m.type != message_type::request) return;
    const instant until = std::chrono::steady_clock::now() + 1ms;
    while (std::chrono::steady_clock::now() < until) {
    }
    b.answer(m);
  });
  std::vector<std::uint64_t> all;
  for (std::uint64_t id = 1; id <= 40; ++id) {
    b.call(id);
    all.push_back(id);
  }
  b.service.flush(b.now);
  CHECK(b.answered.size() < all.size());
  CHECK(b.service.has_work());
  while (b.service.has_work()) b.service.flush(b.now);
  CHECK(b.answered == all);
}
