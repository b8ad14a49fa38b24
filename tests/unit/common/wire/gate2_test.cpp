#include "common/wire/gate2.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/limits.hpp>

#include "common/protocol/gate2_own.hpp"
#include "tests/support/wire_samples.hpp"

using namespace gate;
using namespace gate::wire::gate2;
using namespace std::chrono_literals;

namespace {

std::string composed(const message& m) {
  std::string batch;
  append(batch, m);
  return batch;
}

message parsed(const std::string& batch) {
  reader r(batch);
  message m;
  REQUIRE(r.next(m));
  message other;
  REQUIRE_FALSE(r.next(other));
  REQUIRE(r.error() == parse_error::none);
  return m;
}

std::string raw_bytes(std::initializer_list<int> list) {
  std::string s;
  for (int byte : list) s.push_back(static_cast<char>(static_cast<unsigned char>(byte)));
  return s;
}

}  // namespace

TEST_CASE("every type of message comes back with every field it carries", "[wire][gate2]") {
  for (const message& m : samples::all()) {
    INFO(to_string(m.type));
    const std::string batch = composed(m);
    CHECK(samples::same(parsed(batch), m));
  }
}

TEST_CASE("the bytes of a client's hello are the ones of the specification", "[wire][gate2]") {
  const std::string golden = raw_bytes({0x17, 0,   0,   0,                          // size: 12 + 11
                                        1,    0,                                    // hello, no flags
                                        11,   0,                                    // bytes of fields
                                        'g',  'a', 't', 'e', '/', '2', '\r', '\n',  // magic
                                        21,   4,   0,   1,   0,   1,   0,           // versions 1 to 1
                                        23,   1,   0,   1});                        // role: client
  CHECK(composed(samples::client_hello()) == golden);
  CHECK(samples::same(parsed(golden), samples::client_hello()));
  CHECK(recognises(golden));
}

TEST_CASE("the bytes of a request are the ones of the specification", "[wire][gate2]") {
  message m = samples::of(message_type::request, 0x0102030405060708u);
  m.flags = message_flag::idempotent | message_flag::wants_stream;
  m.service = "svc";
  m.method = "go";
  m.budget = 1500ms;
  m.credit_items = 2;
  m.credit_bytes = 0x10000;
  m.payload = payload_view("\x91\x05");
  const std::string golden = raw_bytes({0x2b, 0,    0, 0,                      // size: 12 + 29 + 2
                                        3,    0x05,                            // request, idempotent and wants-stream
                                        29,   0,                               // bytes of fields
                                        8,    7,    6, 5,    4,    3,   2, 1,  // call
                                        1,    3,    0, 's',  'v',  'c',        // service
                                        2,    2,    0, 'g',  'o',              // method
                                        3,    4,    0, 0xdc, 0x05, 0,   0,     // budget
                                        15,   8,    0, 2,    0,    0,   0, 0, 0, 1, 0,  // credit
                                        0x91, 0x05});                                   // payload
  CHECK(composed(m) == golden);
  CHECK(samples::same(parsed(golden), m));
  CHECK_FALSE(recognises(golden));
}

TEST_CASE("the bytes of a huge payload's head and of a chunk are the ones of the specification", "[wire][gate2]") {
  const std::string head = raw_bytes({0x2f, 0,    0, 0,                           // size: 12 + 35
                                      4,    0x20,                                 // part, no-payload
                                      35,   0,                                    // bytes of fields
                                      11,   0,    0, 0,   0,   0, 0, 0,           // call
                                      12,   1,    0, 2,                           // encoding: gzip
                                      13,   8,    0, 0,   0,   0, 0, 0, 0, 0, 0,  // total
                                      28,   8,    0, 0,   0,   0, 0, 0, 0, 0, 0,  // offset
                                      14,   2,    0, 'v', '2',                    // etag
                                      30,   1,    0, 1});                         // content: one value
  CHECK(composed(samples::huge_head()) == head);
  CHECK(parsed(head).is_head());
  const std::string chunk = raw_bytes({0x2b, 0,   0,   0,                          // size: 12 + 26 + 5
                                       4,    0,                                    // part
                                       26,   0,                                    // bytes of fields
                                       11,   0,   0,   0,    0,    0,    0,    0,  // call
                                       12,   1,   0,   1,                          // encoding: zstd
                                       28,   8,   0,   0,    0,    4,    0,    0,    0,    0,    0,     // offset
                                       29,   8,   0,   0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe,  // checksum
                                       'b',  'y', 't', 'e',  's'});
  CHECK(composed(samples::chunk()) == chunk);
  CHECK_FALSE(parsed(chunk).is_head());
}

TEST_CASE("a batch gives its messages in order", "[wire][gate2]") {
  const std::vector<message> sent = samples::all();
  std::string batch;
  for (const message& m : sent) append(batch, m);
  reader r(batch);
  std::size_t count = 0;
  for (message m; r.next(m); ++count) {
    REQUIRE(count < sent.size());
    CHECK(samples::same(m, sent[count]));
  }
  CHECK(r.error() == parse_error::none);
  CHECK(count == sent.size());
}

TEST_CASE("a payload may travel as the frame behind the batch", "[wire][gate2]") {
  std::string batch;
  append(batch, samples::credit());
  message m = samples::request();
  append(batch, m, true);
  const std::string frame(m.payload.single());
  CHECK(batch.find(frame) == std::string::npos);

  reader r(batch, frame);
  message out;
  REQUIRE(r.next(out));
  CHECK(out.payload.frames() == 0);
  REQUIRE(r.next(out));
  CHECK(samples::same(out, m));
  CHECK(out.payload.single().data() == frame.data());
  CHECK_FALSE(r.next(out));
  CHECK(r.error() == parse_error::none);
}

TEST_CASE("a payload that is the frame behind the batch has that frame's owner, and no other has", "[wire][gate2]") {
  int stands_for_one = 0;
  auto* const owner = reinterpret_cast<payload_owner*>(&stands_for_one);
  message sent;
  sent.type = message_type::request;
  sent.service = "s";
  sent.method = "m";
  sent.payload = bytes_view("inside");
  std::string batch;
  sent.call = call_id{1};
  append(batch, sent);
  sent.call = call_id{2};
  append(batch, sent, true);
  reader both(batch, bytes_view("behind"), owner);
  message m;
  REQUIRE(both.next(m));
  CHECK(m.payload.single() == "inside");
  CHECK(m.payload.owner() == nullptr);
  REQUIRE(both.next(m));
  CHECK(m.payload.single() == "behind");
  CHECK(m.payload.owner() == owner);
}

TEST_CASE("an empty frame behind the batch is a payload of no bytes", "[wire][gate2]") {
  std::string batch;
  append(batch, samples::minimal_request(), true);
  reader r(batch, bytes_view());
  message out;
  REQUIRE(r.next(out));
  CHECK(out.payload.frames() == 1);
  CHECK(out.payload.size_bytes() == 0);
  CHECK_FALSE(r.next(out));
  CHECK(r.error() == parse_error::none);
}

TEST_CASE("the frames of a payload are composed into one", "[wire][gate2]") {
  const std::vector<bytes_view> rest{"cd", "", "e"};
  message m = samples::final();
  m.payload = payload_view("ab", rest);
  const std::string batch = composed(m);
  CHECK(parsed(batch).payload.single() == "abcde");
}

TEST_CASE("a message that was read before leaves nothing in the next", "[wire][gate2]") {
  std::string batch;
  append(batch, samples::request());
  append(batch, samples::minimal_request());
  append(batch, samples::of(message_type::heartbeat, 0));
  reader r(batch);
  message out;
  REQUIRE(r.next(out));
  REQUIRE(r.next(out));
  CHECK(samples::same(out, samples::minimal_request()));
  REQUIRE(r.next(out));
  CHECK(samples::same(out, samples::of(message_type::heartbeat, 0)));
}

TEST_CASE("durations that do not fit the wire saturate", "[wire][gate2]") {
  message m = samples::minimal_request();
  m.budget = std::chrono::milliseconds::max();
  CHECK(parsed(composed(m)).budget == std::chrono::milliseconds(0xffffffffu));
  m.budget = -5ms;
  CHECK(parsed(composed(m)).budget == 0ms);

  message f = samples::final();
  f.queue_time = std::chrono::microseconds::max();
  f.service_time = -1us;
  const std::string batch = composed(f);
  CHECK(parsed(batch).queue_time == std::chrono::microseconds(0xffffffffu));
  CHECK(parsed(batch).service_time == 0us);
}

TEST_CASE("a text for people is cut at its limit, between two characters", "[wire][gate2]") {
  std::string text(limits::error_text_bytes_max - 1, 'x');
  text += "\xc3\xa4 and more";  // an umlaut that begins just before the limit
  message m = samples::error();
  m.text = text;
  const std::string type(300, 't');
  m.remote_type = type;
  const std::string batch = composed(m);
  CHECK(parsed(batch).text == std::string(limits::error_text_bytes_max - 1, 'x'));
  CHECK(parsed(batch).remote_type.size() == 255);
}

TEST_CASE("an empty text of an error is no field", "[wire][gate2]") {
  message m = samples::error();
  m.text = m.remote_type = {};
  const std::string batch = composed(m);
  CHECK(samples::same(parsed(batch), m));
}

TEST_CASE("only a hello with the magic is recognised", "[wire][gate2]") {
  const std::string hello = composed(samples::worker_hello());
  CHECK(recognises(hello));
  for (std::size_t n = 0; n < 16; ++n) CHECK_FALSE(recognises(bytes_view(hello).substr(0, n)));
  CHECK_FALSE(recognises("MDPC01"));
  CHECK_FALSE(recognises(composed(samples::request())));
  std::string other = hello;
  other[13] = '3';
  CHECK_FALSE(recognises(other));
}

TEST_CASE("what concerns the connection alone makes the round trip", "[wire][gate2]") {
  message piece;
  piece.type = type_piece;
  piece.payload = payload_view("some of an envelope");
  piece.flags = message_flag::end_of_parts;
  message mark, marked, answering;
  mark.type = type_mark;
  mark.offset = 1u << 30;
  marked.type = type_marked;
  marked.offset = 0;
  answering.type = type_answering;
  answering.call = call_id{7};
  for (const message& m : {piece, mark, marked, answering}) {
    const std::string batch = composed(m);
    CHECK(samples::same(parsed(batch), m));
    CHECK(is_own(m.type));
  }
  CHECK_FALSE(is_own(message_type::recall));
}

TEST_CASE("the header of an envelope is read from its first bytes", "[wire]") {
  message m;
  m.type = message_type::request;
  m.flags = message_flag::one_way;
  m.call = call_id{0x1234567890};
  m.service = "s";
  m.method = "m";
  std::string envelope;
  append(envelope, m);
  const auto header = read_header(bytes_view(envelope).substr(0, 16));
  REQUIRE(header);
  CHECK(header->type == m.type);
  CHECK(header->flags == m.flags);
  CHECK(header->call == m.call);
  CHECK_FALSE(read_header(bytes_view(envelope).substr(0, 15)));
}
