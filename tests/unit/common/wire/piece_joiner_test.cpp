#include "common/wire/piece_joiner.hpp"

#include <string>

#include <catch2/catch.hpp>

#include "common/base/byte_total.hpp"
#include "common/protocol/gate2_own.hpp"
#include "common/wire/gate2.hpp"

using namespace gate;
using namespace gate::peer;

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
  message request;
  request.type = message_type::request;
  request.call = call_id{7};
  request.service = "s";
  request.method = "m";
  const std::string payload(3 * first_bytes, 'x');
  request.payload = bytes_view(payload);
  std::string envelope;
  wire::gate2::append(envelope, request);
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
