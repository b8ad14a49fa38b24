// Streams and HugeData of a gate-rpc broker's workers, as a client's session passes them on.
#include <string>

#include <catch2/catch.hpp>

#include "tests/support/gaterpc_vectors.hpp"
#include "tests/unit/client/session/gaterpc_fixture.hpp"

using gate::errc;
using gate::message;
using gate::samples::frames;
using gate::samples::gaterpc::single;
using gate::samples::gaterpc::vector_named;
using fixture = gate::test::gaterpc_session_fixture;
namespace flag = gate::message_flag;

namespace {

const frames streamed_end{"GateStreamGenerator", "GateStreamEnd"};
frames item(char value) { return {"GateStreamGenerator", std::string(1, value)}; }

// Answers with the messages that were captured of a Python worker's HugeData, up to message `last`.
void captured_huge(fixture& f, const frames& request, int last) {
  for (int n = 0; n <= last; ++n) {
    const frames& captured = vector_named("hugedata.crep." + std::to_string(n));
    f.answer(request, frames(captured.begin() + 4, captured.end()));
  }
}

fixture::begun begin_huge(fixture& f) {
  message m = fixture::request_of("huge", "\x90");
  m.accept = gate::payload_encoding::all;
  return f.begin(m);
}

}  // namespace

TEST_CASE("a captured stream arrives item by item", "[client][gaterpc]") {
  fixture f;
  f.connect();
  const auto call = f.begin("gen", "\x91\x03", flag::wants_stream, 10, 1000);
  for (const std::string n : {"0", "1", "2", "3"}) {
    const frames& captured = vector_named("generator3.crep." + n);
    f.answer(call.request, frames(captured.begin() + 4, captured.end()));
  }
  REQUIRE(f.parts.size() == 3);
  CHECK(f.parts[2].payload == "\x02");
  REQUIRE(f.finals.size() == 1);
  CHECK(f.finals[0].m.has(flag::no_payload));

  const auto failing = f.begin("gen", "\x91\x03", flag::wants_stream, 10, 1000);
  const frames& captured = vector_named("generator_exception.crep.2");
  f.answer(failing.request, frames(captured.begin() + 4, captured.end()));
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].text == "ValueError('gen boom!')");
}

TEST_CASE("items that their reader did not ask for yet wait for it, and the end behind them", "[client][gaterpc]") {
  fixture f;
  f.connect();
  const auto call = f.begin("gen", "\x90", flag::wants_stream, 2, 1000);
  for (char i = 1; i <= 5; ++i) f.answer(call.request, item(i));
  f.answer(call.request, streamed_end);
  CHECK(f.parts.size() == 2);
  CHECK(f.finals.empty());
  CHECK(f.client.grant(call.id, 2, 1000, f.now));
  f.deliver();
  CHECK(f.parts.size() == 4);
  CHECK(f.finals.empty());
  CHECK(f.client.grant(call.id, 1, 1000, f.now));
  f.deliver();
  REQUIRE(f.parts.size() == 5);
  CHECK(f.parts[4].payload == "\x05");
  CHECK(f.finals.size() == 1);
  CHECK(f.broker.open_calls() == 0);
}

TEST_CASE("a failure behind waiting items comes after them", "[client][gaterpc]") {
  fixture f;
  f.connect();
  const auto call = f.begin("gen", "\x90", flag::wants_stream, 1, 1000);
  f.answer(call.request, item(1));
  f.answer(call.request, item(2));
  f.answer(call.request, {"GateStreamGenerator", "GateStreamException",
                          "\x93\xa1"
                          "E\xa1t\xa0"});
  f.answer(call.request, item(3));  // nothing counts after the end
  CHECK(f.failures.empty());
  f.client.grant(call.id, 5, 1000, f.now);
  f.deliver();
  CHECK(f.parts.size() == 2);
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].type == "E");
  CHECK(f.failures[0].text == "t");
}

TEST_CASE("a reader that stays too far behind ends its call as too slow, by items or by bytes", "[client][gaterpc]") {
  fixture f;
  f.connect();
  const auto call = f.begin("gen", "\x90", flag::wants_stream, 1000, 1u << 20);
  const std::size_t bound = 1000 + 8000;
  for (std::size_t i = 0; i < bound; ++i) f.answer(call.request, item(1));
  CHECK(f.failures.empty());
  f.answer(call.request, item(1));
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].status == errc::too_slow);
  f.answer(call.request, item(1));  // the rest is dropped
  CHECK(f.failures.size() == 1);
  CHECK(f.broker.open_calls() == 0);

  const auto large = f.begin("gen", "\x90", flag::wants_stream, 1000, 1);
  const std::string half = "\xc6" + std::string("\x00\x08\x00\x00", 4) + std::string(0x80000, 'x');
  f.answer(large.request, {"GateStreamGenerator", half});
  f.answer(large.request, {"GateStreamGenerator", half});
  CHECK(f.failures.size() == 1);
  f.answer(large.request, {"GateStreamGenerator", half});
  CHECK(f.failures.size() == 2);
}

TEST_CASE("a stream for a call that takes none is refused, and one answer for a call that takes a stream is taken",
          "[client][gaterpc]") {
  fixture f;
  f.connect();
  const auto plain = f.begin("gen", "\x90");
  f.answer(plain.request, item(1));
  f.answer(plain.request, streamed_end);
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].status == errc::invalid_argument);
  const auto stream = f.begin("one", "\x90", flag::wants_stream, 10, 100);
  f.answer(stream.request, {single("\x07")});
  REQUIRE(f.finals.size() == 1);
  CHECK(f.finals[0].payload == "\x07");
}

TEST_CASE("a HugeData is a huge answer, whose chunks wait for credit", "[client][gaterpc]") {
  fixture f;
  f.connect();
  const auto call = begin_huge(f);
  captured_huge(f, call.request, 5);
  REQUIRE(f.parts.size() == 1);
  CHECK(f.parts[0].m.is_head());
  CHECK(f.parts[0].m.content == gate::huge_content::value);
  CHECK(f.parts[0].m.encoding == gate::payload_encoding::gzip);
  f.client.grant(call.id, 100, 1 << 20, f.now);
  f.deliver();
  REQUIRE(f.parts.size() >= 2);
  std::string raw;
  for (std::size_t i = 1; i < f.parts.size(); ++i) raw += f.parts[i].payload;
  std::string sent;
  for (int n = 0; n < 5; ++n) sent += vector_named("hugedata.crep." + std::to_string(n)).back();
  CHECK(raw == sent);
  REQUIRE(f.finals.size() == 1);
  CHECK(f.finals[0].m.has(flag::no_payload));
  CHECK(f.broker.open_calls() == 0);
}

TEST_CASE("a HugeData that fails is told behind what came of it", "[client][gaterpc]") {
  fixture f;
  f.connect();
  const auto call = begin_huge(f);
  for (const std::string n : {"0", "1"}) {
    const frames& captured = vector_named("hugedata_exception.crep." + n);
    f.answer(call.request, frames(captured.begin() + 4, captured.end()));
  }
  CHECK(f.failures.empty());
  f.client.grant(call.id, 100, 1 << 20, f.now);
  f.deliver();
  CHECK(f.parts.size() == 2);
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].status == errc::failed);
}

TEST_CASE("a HugeData to a call that reads a stream is unsupported, and the rest of it dropped", "[client][gaterpc]") {
  fixture f;
  f.connect();
  const auto call = f.begin("huge", "\x90", flag::wants_stream, 10, 1000);
  captured_huge(f, call.request, 5);
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].status == errc::unsupported);
  CHECK(f.parts.empty());
}

TEST_CASE("the end of a HugeData that did not begin ends its call", "[client][gaterpc]") {
  fixture f;
  f.connect();
  const auto call = begin_huge(f);
  f.answer(call.request, {"GateStreamHugData", "HugeDataEND"});
  REQUIRE(f.failures.size() == 1);
  CHECK(f.failures[0].status == errc::protocol_error);
}
