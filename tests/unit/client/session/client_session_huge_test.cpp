// A client's session and answers, or arguments, that come in chunks.
#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/client/session/session_fixture.hpp"

using namespace std::chrono_literals;
using gate::call_id;
using gate::errc;
using gate::instant;
using gate::message;
using gate::message_type;
using gate::client::session;
using gate::test::sent_message;
using state = session::state;
namespace flag = gate::message_flag;

namespace {

struct fixture : gate::test::session_fixture {
  call_id begin_huge(std::uint32_t flags = 0) {
    message m;
    m.type = message_type::request;
    m.service = "files";
    m.method = "get";
    m.flags = flags;
    m.accept = gate::payload_encoding::all;
    return client.begin(m, now);
  }
  void head_from_broker(call_id call) {
    message m;
    m.type = message_type::part;
    m.call = call;
    m.flags = flag::no_payload;
    m.content = gate::huge_content::raw;
    m.total_bytes = 6;
    client.received(m, now);
  }
};

}  // namespace

TEST_CASE("a huge answer begins with a head, and its chunks wait for credit", "[client][session][huge]") {
  fixture f;
  f.connect();
  const call_id id = f.begin_huge();
  CHECK(f.sent.back().m.accept == gate::payload_encoding::all);
  f.head_from_broker(id);
  REQUIRE(f.parts.size() == 1);
  CHECK(f.parts[0].m.is_head());
  CHECK(f.client.grant(id, 2, 100, f.now));
  CHECK(f.sent.back().m.credit_bytes == 100);
  f.from_broker(message_type::part, id, "chunk");
  f.from_broker(message_type::part, id, "chunk");
  CHECK(f.parts.size() == 3);
  f.from_broker(message_type::part, id, "chunk");
  CHECK(f.losses == std::vector{errc::protocol_error});
}

TEST_CASE("a head that nobody asked for, or a second one, ends the connection", "[client][session][huge]") {
  fixture f;
  f.connect();
  call_id id{};
  SECTION("nobody asked") { id = f.begin(0); }
  SECTION("a stream was asked for") { id = f.begin_huge(flag::wants_stream); }
  SECTION("a second") {
    id = f.begin_huge();
    f.head_from_broker(id);
    CHECK(f.losses.empty());
  }
  f.head_from_broker(id);
  CHECK(f.losses == std::vector{errc::protocol_error});
}

TEST_CASE("an idempotent call whose huge answer has begun is not sent again", "[client][session][huge]") {
  fixture f;
  f.connect();
  const call_id id = f.begin_huge(flag::idempotent);
  SECTION("it has not") {
    f.client.ended(errc::unavailable, "reset", f.now);
    CHECK(f.failures.empty());
    f.reconnect();
    CHECK(f.sent.back().m.accept == gate::payload_encoding::all);
    CHECK(f.sent.back().m.attempt == 1);
  }
  SECTION("it has") {
    f.head_from_broker(id);
    f.client.ended(errc::unavailable, "reset", f.now);
    CHECK(f.failures.size() == 1);
  }
}

TEST_CASE("a consumer of a huge answer that takes its time does not time itself out", "[client][session][huge]") {
  fixture f;
  f.connect();
  const call_id id = f.begin_huge();
  f.head_from_broker(id);
  f.pass(1h);
  CHECK(f.failures.empty());
  f.client.grant(id, 1, 1, f.now);
  f.pass(1h);
  CHECK(f.failures.size() == 1);
}

TEST_CASE("the end of huge arguments says their total, also when it had to wait", "[client][session][huge]") {
  fixture f;
  message m;
  m.type = message_type::request;
  m.service = "files";
  m.method = "put";
  m.flags = flag::client_stream;
  m.content = gate::huge_content::value;
  const call_id id = f.client.begin(m, f.now);
  message end;
  end.call = id;
  end.flags = flag::end_of_parts | flag::no_payload;
  end.total_bytes = 0;
  CHECK(f.client.part(end, f.now));
  f.connect();
  REQUIRE(f.sent.size() >= 2);
  CHECK(f.sent[f.sent.size() - 2].m.content == gate::huge_content::value);
  CHECK(f.sent.back().m.total_bytes == 0);
}
