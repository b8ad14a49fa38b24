// What gate 0.1 put on the wire: its composer made tests/vectors/gate2.json. Later revisions must not change these
// bytes, and what they add must be fields that 0.1 skips.
#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "common/protocol/gate2_own.hpp"
#include "common/wire/gate2.hpp"
#include "tests/support/wire_samples.hpp"

using namespace gate;
using namespace gate::wire::gate2;

namespace {

constexpr std::uint8_t last_tag_of_01 = 30;

struct named_message {
  std::string name;
  message what;
  bool external = false;
};

message with(message m, std::uint32_t flags) {
  m.flags = flags;
  return m;
}

message mark(message_type type) {
  message m = samples::of(type, 0);
  m.offset = 7;
  return m;
}

std::vector<named_message> messages_of_01() {
  message returned = samples::request();
  returned.type = message_type::returned;
  message piece = with(samples::of(type_piece, 0), message_flag::end_of_parts);
  piece.payload = payload_view("abc");
  return {
      {"request", samples::request()},
      {"request, its payload a frame of its own", samples::request(), true},
      {"returned", returned},
      {"minimal request", samples::minimal_request()},
      {"one-way request", with(samples::minimal_request(), message_flag::one_way)},
      {"part", samples::part()},
      {"ended parts", samples::ended_parts()},
      {"final", samples::final()},
      {"void final", with(samples::of(message_type::final, 4), message_flag::no_payload)},
      {"error", samples::error()},
      {"credit", samples::credit()},
      {"cancel", samples::of(message_type::cancel, 9)},
      {"worker hello", samples::worker_hello()},
      {"client hello", samples::client_hello()},
      {"welcome", samples::welcome()},
      {"heartbeat", samples::of(message_type::heartbeat, 0)},
      {"drain", samples::of(message_type::drain, 0)},
      {"drained", samples::of(message_type::drained, 0)},
      {"bye", samples::bye()},
      {"recall", samples::of(message_type::recall, 9)},
      {"huge request", samples::huge_request()},
      {"huge head", samples::huge_head()},
      {"chunk", samples::chunk()},
      {"huge final", samples::huge_final()},
      {"piece", piece},
      {"mark", mark(type_mark)},
      {"marked", mark(type_marked)},
      {"answering", samples::of(type_answering, 9)},
  };
}

const nlohmann::json& vectors() {
  static const nlohmann::json all = [] {
    std::ifstream file(GATE_TEST_VECTORS "/gate2.json");
    REQUIRE(file);
    return nlohmann::json::parse(file);
  }();
  return all;
}

std::string bytes_of(const std::string& name) {
  const std::string hex = vectors().at(name).get<std::string>();
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

std::string composed(const message& m, bool external = false) {
  std::string batch;
  append(batch, m, external);
  return batch;
}

std::size_t number_at(const std::string& from, std::size_t at, std::size_t byte_count) {
  std::size_t value = 0;
  for (std::size_t i = byte_count; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(from[at + i]);
  return value;
}

void put(std::string& to, std::size_t at, std::size_t byte_count, std::size_t value) {
  for (std::size_t i = 0; i < byte_count; ++i)
    to[at + i] = static_cast<char>(static_cast<std::uint8_t>(value >> 8 * i));
}

// One envelope as 0.1 sees it: without the fields that it skips.
std::string as_01_sees(std::string envelope) {
  constexpr std::size_t fields_at = 16;
  std::size_t end = fields_at + number_at(envelope, 6, 2);
  std::size_t at = fields_at;
  while (at < end) {
    const std::size_t size = 3 + number_at(envelope, at + 1, 2);
    if (static_cast<std::uint8_t>(envelope[at]) <= last_tag_of_01) {
      at += size;
      continue;
    }
    envelope.erase(at, size);
    end -= size;
  }
  put(envelope, 0, 4, envelope.size() - 4);
  put(envelope, 6, 2, end - fields_at);
  return envelope;
}

}  // namespace

TEST_CASE("each message has the bytes that gate 0.1 gave it", "[wire][gate2]") {
  CHECK(vectors().size() == messages_of_01().size());
  for (const named_message& each : messages_of_01()) {
    INFO(each.name);
    CHECK(composed(each.what, each.external) == bytes_of(each.name));
  }
}

TEST_CASE("what gate 0.1 sent is read as it was meant", "[wire][gate2]") {
  for (const named_message& each : messages_of_01()) {
    INFO(each.name);
    const std::string batch = bytes_of(each.name);
    const std::string frame(each.what.payload.single());
    reader r(batch, each.external ? std::optional<bytes_view>(frame) : std::nullopt);
    message m;
    REQUIRE(r.next(m));
    CHECK(samples::same(m, each.what));
    CHECK_FALSE(r.next(m));
    CHECK(r.error() == parse_error::none);
  }
}

TEST_CASE("gate 0.1 sees a hello with several services as a hello with the first", "[wire][gate2]") {
  const std::string now = composed(samples::services_hello());
  CHECK(now != bytes_of("worker hello"));
  CHECK(as_01_sees(now) == bytes_of("worker hello"));
}

TEST_CASE("gate 0.1 sees a request with end-to-end flags as a request without", "[wire][gate2]") {
  const std::string now = composed(samples::flagged_request());
  CHECK(now != bytes_of("request"));
  CHECK(as_01_sees(now) == bytes_of("request"));
}
