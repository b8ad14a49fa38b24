#include "common/wire/piece_joiner.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string>

#include <catch2/catch.hpp>

#include "common/base/byte_total.hpp"
#include "common/protocol/gate2_own.hpp"
#include "common/wire/gate2.hpp"
#include "tests/support/heap.hpp"

using namespace gate;
using namespace gate::peer;

namespace {

// The envelope of a request of call 7.
std::string request_7(bytes_view payload) {
  message m;
  m.type = message_type::request;
  m.call = call_id{7};
  m.service = "s";
  m.method = "m";
  m.payload = payload;
  std::string envelope;
  wire::gate2::append(envelope, m);
  return envelope;
}

}  // namespace

TEST_CASE("pieces that grow beyond what a frame may have are refused", "[pacer]") {
  piece_joiner joined;
  const std::string some(1000, 'x');
  message m;
  m.type = wire::gate2::type_piece;
  m.payload = bytes_view(some);
  CHECK(joined.add(m, 2500) == piece_joiner::outcome::more);
  CHECK(joined.add(m, 2500) == piece_joiner::outcome::more);
  CHECK(joined.add(m, 2500) == piece_joiner::outcome::too_large);
}

TEST_CASE("pieces that their owner lets go hold nothing, and their header tells what they were", "[pacer]") {
  constexpr std::size_t first_bytes = 1000;
  const std::string payload(3 * first_bytes, 'x');
  const std::string envelope = request_7(payload);
  message first, last;
  first.type = last.type = wire::gate2::type_piece;
  first.payload = bytes_view(envelope).substr(0, first_bytes);
  last.payload = bytes_view(envelope).substr(first_bytes);
  last.flags = message_flag::end_of_parts;

  byte_total held;
  piece_joiner joined(&held);
  const auto is_it = [&joined] {
    const auto header = wire::gate2::read_header(joined.header());
    return header && header->type == message_type::request && header->call == call_id{7};
  };
  CHECK(joined.add(first, 1u << 20) == piece_joiner::outcome::more);
  CHECK(is_it());
  CHECK(joined.bytes() >= first_bytes);
  CHECK(held.bytes() == joined.bytes());
  joined.let_go();
  CHECK(is_it());
  CHECK(joined.bytes() == 0);
  CHECK(held.bytes() == 0);
  CHECK(joined.add(last, 1u << 20) == piece_joiner::outcome::let_go);
  CHECK(is_it());
  CHECK(joined.take().empty());
  // The next one is kept.
  joined.add(first, 1u << 20);
  CHECK(joined.add(last, 1u << 20) == piece_joiner::outcome::whole);
  CHECK(joined.take() == envelope);
}

#ifndef GATE_TEST_SANITIZERS  // they replace operator new

TEST_CASE("pieces for which there is no memory are let go, and their header tells what they were", "[pacer]") {
  constexpr std::size_t piece_bytes = 100'000, envelope_bytes_max = 1u << 20;
  byte_total held;
  const auto add_all = [&held](piece_joiner& to, const std::string& envelope, std::size_t pieces_with_memory) {
    piece_joiner::outcome last{};
    for (std::size_t at = 0; at < envelope.size(); at += piece_bytes) {
      message m;
      m.type = wire::gate2::type_piece;
      m.payload = bytes_view(envelope).substr(at, piece_bytes);
      if (at + piece_bytes >= envelope.size()) m.flags = message_flag::end_of_parts;
      std::optional<test::short_memory> shortage;
      if (at / piece_bytes >= pieces_with_memory) shortage.emplace(piece_bytes / 2);
      last = to.add(m, envelope_bytes_max);
      if (at + piece_bytes < envelope.size()) CHECK(last == piece_joiner::outcome::more);
      if (shortage) CHECK(held.bytes() < 100);
    }
    return last;
  };
  const std::string payload(500'000, 'x');
  const std::string envelope = request_7(payload);
  const auto pieces_with_memory = GENERATE(std::size_t{0}, std::size_t{1});
  piece_joiner joined(&held);
  CHECK(add_all(joined, envelope, pieces_with_memory) == piece_joiner::outcome::no_memory);
  const auto header = wire::gate2::read_header(joined.header());
  REQUIRE(header);
  CHECK(header->type == message_type::request);
  CHECK(header->call == call_id{7});
  CHECK(joined.take().empty());
  // Now there is memory again.
  CHECK(add_all(joined, envelope, envelope.size()) == piece_joiner::outcome::whole);
  CHECK(joined.take() == envelope);
}

TEST_CASE("pieces for which there is no memory are refused as too large with the others", "[pacer]") {
  const std::string some(1000, 'x');
  message m;
  m.type = wire::gate2::type_piece;
  m.payload = bytes_view(some);
  piece_joiner joined;
  std::array<piece_joiner::outcome, 3> came{};
  {
    const test::short_memory shortage(100);
    for (auto& each : came) each = joined.add(m, 2500);
  }
  CHECK(came[0] == piece_joiner::outcome::more);
  CHECK(came[1] == piece_joiner::outcome::more);
  CHECK(came[2] == piece_joiner::outcome::too_large);
}

#endif
