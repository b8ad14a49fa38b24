// More load than there is room for: what is refused, what is kept, and what it costs.
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/programs.hpp"
#include "tests/support/raw_peer.hpp"

using namespace gate;
using namespace gate::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t mebibyte = 1u << 20;

std::string request_bytes(std::uint64_t call, std::string_view method, const std::string& arguments,
                          std::uint8_t flags = 0) {
  message m;
  m.type = message_type::request;
  m.call = call_id{call};
  m.service = "test";
  m.method = method;
  m.flags = flags;
  m.payload = payload_view(arguments);
  return bytes_of(m);
}

}  // namespace

TEST_CASE("calls beyond the queue's bound are refused at once as busy, and the others are answered", "[chaos]") {
  const temporary_file config("queue_max = 1000\n");
  test_system system({"--config", config.path()}, {"--capacity", "1"});
  std::optional<Client> holder(system.broker.frontend());
  auto held = (*holder)["test"]["hang"]().future<void>();
  REQUIRE(rises_to(system.client, "now", "in_flight", 2));  // including the call that asks

  std::vector<std::future<int>> calls;
  for (int i = 0; i < 10'000; ++i) calls.push_back(system.test["add"](i, 1).future<int>());
  REQUIRE(rises_to(system.client, "refused", "busy", 9000));
  CHECK(count_of(system.client, "now", "queued") == 1000);
  CHECK(count_of(system.client, "refused", "busy") == 9000);

  // The slot is free again: a client that was let in is served.
  holder.reset();
  int busy = 0, right = 0;
  for (int i = 0; i < 10'000; ++i) {
    try {
      right += calls[static_cast<std::size_t>(i)].get() == i + 1 ? 1 : 0;
    } catch (const Error& e) {
      busy += e.code() == errc::busy && e.where() == origin::broker ? 1 : 0;
    }
  }
  CHECK(right == 1000);
  CHECK(busy == 9000);
}

TEST_CASE("a client that does not read is cut, and nobody else notices", "[chaos]") {
  const temporary_file config("out_queue_bytes_max = \"4MiB\"\nout_queue_age_max = \"60s\"\n");
  test_system system({"--config", config.path()});
  {
    raw_tcp deaf(system.broker.frontend());
    REQUIRE(deaf.shake_hands());
    REQUIRE(deaf.send(raw_tcp::frame(hello_bytes(peer_role::client), false)));
    for (std::uint64_t i = 1; i <= 100; ++i) {
      deaf.send(raw_tcp::frame(request_bytes(i, "big", encode_arguments(std::uint64_t{mebibyte})), false));
    }
    CHECK(rises_to(system.client, "transport", "too_slow", 1));
    CHECK(deaf.closed());
  }
  CHECK(system.test["add"](1, 2).get<int>() == 3);
  if (!sanitized) CHECK(system.broker.program().resident_bytes() < 64 * mebibyte);
}

TEST_CASE("a client that does not read is cut when its replies get old", "[chaos]") {
  const temporary_file config("out_queue_bytes_max = \"8MiB\"\nout_queue_age_max = \"300ms\"\n");
  test_system system({"--config", config.path()});
  raw_tcp deaf(system.broker.frontend());
  REQUIRE(deaf.shake_hands());
  REQUIRE(deaf.send(raw_tcp::frame(hello_bytes(peer_role::client), false)));
  // More than the buffers of socket and transport hold, and less than the out-queue may hold.
  for (std::uint64_t i = 1; i <= 18; ++i) {
    deaf.send(raw_tcp::frame(request_bytes(i, "big", encode_arguments(std::uint64_t{mebibyte})), false));
  }
  CHECK(rises_to(system.client, "transport", "too_slow", 1));
  CHECK(deaf.closed());
  CHECK(system.test["add"](1, 2).get<int>() == 3);
}

TEST_CASE("a producer that sends beyond its credit has its call ended", "[chaos]") {
  broker_program broker;
  raw_dealer worker(broker.backend());
  worker.hello_as_worker("raw", 4);
  worker.wait_for(message_type::welcome);
  Client client(broker.frontend());
  auto stream = client["raw"]["echo"]().window(4, 1000).stream<int>().blocking();
  auto reading = std::async(std::launch::async, [&] {
    return error_of([&] {
      while (stream.next()) {
      }
    });
  });
  const call_id call = worker.next_request();
  message part;
  part.type = message_type::part;
  part.call = call;
  part.payload = payload_view("\x01");
  std::string batch;
  for (int i = 0; i < 1000; ++i) batch += bytes_of(part);
  worker.send(batch);
  CHECK(reading.get().code() == errc::too_slow);
  worker.wait_for(message_type::cancel);
  Client other(broker.frontend());
  CHECK(count_of(other, "calls", "overruns") == 1);
}

TEST_CASE("a consumer that reads nothing of a million items costs nobody any memory", "[chaos]") {
  test_system system;
  auto warm = system.test["count"](20'000).stream<int>().blocking();
  while (warm.next()) {
  }
  const std::size_t broker_before = system.broker.program().resident_bytes();
  const std::size_t worker_before = system.worker.program().resident_bytes();
  auto stalled = system.test["count_async"](1'000'000).stream<int>().blocking();
  CHECK(stalled.next() == 0);
  for (int i = 0; i < 1000; ++i) REQUIRE(system.test["add"](i, i).get<int>() == 2 * i);
  CHECK(system.test["tally"]("count_async.items").get<int>() <= int{limits::stream_window_items} + 2);
  if (!sanitized) {
    CHECK(system.broker.program().resident_bytes() < broker_before + 8 * mebibyte);
    CHECK(system.worker.program().resident_bytes() < worker_before + 8 * mebibyte);
  }
}
