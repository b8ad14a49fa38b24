#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/limits.hpp>
#include <gate/value.hpp>

#include "common/dialects/gaterpc.hpp"
#include "common/dialects/src/gaterpc_peer.hpp"
#include "tests/support/foreign_frames.hpp"
#include "tests/support/gaterpc_frames.hpp"

using namespace gate;
using namespace gate::wire;
using namespace gate::wire::gaterpc;
using namespace gate::samples::gaterpc;
using samples::foreign_harness;
using samples::frames;
using samples::views_of;
using outcome = received::outcome;

namespace {

struct a_worker {
  worker_peer peer{foreign_options{}};
  foreign_harness wire{peer, {}, {}, {}};

  a_worker() {
    wire.hear(to_broker(1, {"calc:adds:7"}));
    peer.settle();
  }
  received answer(const frames& body) { return wire.hear(reply_frames(5, body)); }
};

message request(std::uint64_t call, bytes_view payload = "\x90", std::uint8_t flags = 0) {
  message m;
  m.type = message_type::request;
  m.call = call_id{call};
  m.flags = flags;
  m.service = "calc";
  m.method = "add";
  m.payload = payload;
  return m;
}

}  // namespace

TEST_CASE("a READY is acknowledged, and the worker is asked for its methods", "[wire][gaterpc]") {
  worker_peer peer{foreign_options{}};
  foreign_harness wire{peer, {}, {}, {}};
  const received r = wire.hear(to_broker(1, {"calc:adds:7"}));
  CHECK(r.what == outcome::taken);
  CHECK(r.messages().empty());
  CHECK(peer.asking());
  CHECK(samples::messages_of(wire.out) == std::vector<frames>{{none, "MDPW01", "\x04"},
                                                              {none, "MDPW01", "\x02", name_of(0), none, name_of(0),
                                                               "\xae"
                                                               "get_interfaces",
                                                               "\x90", "\x80"}});

  const received told = wire.hear(reply_frames(0, {single("\x81\xa3"
                                                          "add\x81\xa9signature\xa6(n=10)")}));
  CHECK_FALSE(peer.asking());
  REQUIRE(told.messages().size() == 1);
  CHECK(told.messages()[0].type == message_type::hello);
  CHECK(told.messages()[0].role == peer_role::worker);
  CHECK(told.messages()[0].service == "calc");
  CHECK(told.messages()[0].capacity == 7);
  REQUIRE(told.described != nullptr);
  CHECK(told.described->description == "adds");
  REQUIRE(told.described->methods.size() == 1);
  CHECK(told.described->methods[0].name == "add");
  CHECK(peer.settle().messages().empty());
}

TEST_CASE("a worker that does not tell its methods is registered all the same", "[wire][gaterpc]") {
  worker_peer peer{foreign_options{}};
  foreign_harness wire{peer, {}, {}, {}};
  wire.hear(to_broker(1, {"calc:adds:7"}));
  SECTION("it is silent") {
    CHECK(peer.settle().messages().size() == 1);
    CHECK(wire.hear(reply_frames(0, {single("\x80")})).what == outcome::ignored);
  }
  SECTION("it has no such method") {
    const received r = wire.hear(reply_frames(0, {failure("\x93\xa1"
                                                          "A\xa1"
                                                          "b\xa0")}));
    REQUIRE(r.messages().size() == 1);
    CHECK(r.described->methods.empty());
  }
}

TEST_CASE("a READY needs a name, a description and a number", "[wire][gaterpc]") {
  CHECK(read_ready("a::1")->capacity == 1);
  // A long description is cut, between two characters.
  const std::string wordy(limits::description_bytes_max - 1, 'x');
  CHECK(read_ready("a:" + wordy + "\xc3\xa9:1")->description == wordy);
  CHECK(read_ready("a:b: +32 ")->capacity == 32);
  CHECK(read_ready("a:b:0")->capacity == 1);
  CHECK(read_ready("a:b:-5")->capacity == 1);
  CHECK(read_ready("a:b:99999999999999999999999")->capacity == 4294967295u);
  for (const char* bad : {"", "a", "a:b", "a:b:", "a:b:x", "a:b:1:2", "a:b:c:1", "a:b:1.5", "a:b:- 1", "a:b:+-1"}) {
    CAPTURE(bad);
    CHECK_FALSE(read_ready(bad));
  }
  CHECK(compose_ready({"s", "a: b", 3}) == "s:a; b:3");
}

TEST_CASE("a second READY from a live worker is refused", "[wire][gaterpc]") {
  a_worker w;
  CHECK(w.wire.hear(to_broker(1, {"calc:adds:7"})).what == outcome::refused);
  message bye;
  bye.type = message_type::bye;
  CHECK(w.wire.say(bye) == std::vector<frames>{{none, "MDPW01", "\x05"}});
  CHECK(w.wire.say(bye).empty());
}

TEST_CASE("a worker's heartbeats may carry frames, and need a READY before them", "[wire][gaterpc]") {
  worker_peer fresh{foreign_options{}};
  foreign_harness wire{fresh, {}, {}, {}};
  CHECK(wire.hear(to_broker(4)).what == outcome::ignored);
  a_worker w;
  for (const frames& rest : {frames{}, frames{"more"}, frames{"PLAIN", "u", "p"}}) {
    const received r = w.wire.hear(to_broker(4, rest));
    REQUIRE(r.messages().size() == 1);
    CHECK(r.messages()[0].type == message_type::heartbeat);
    CHECK(r.credentials.given == (rest.size() == 3));
  }
}

TEST_CASE("a worker leaves with a DISCONNECT, bare or with a frame, and hears nothing more", "[wire][gaterpc]") {
  for (const frames& rest : {frames{}, frames{none}, frames{"PLAIN", "u", "p", none}}) {
    a_worker w;
    const received r = w.wire.hear(to_broker(5, rest));
    REQUIRE(r.messages().size() == 1);
    CHECK(r.messages()[0].type == message_type::bye);
    message beat;
    beat.type = message_type::heartbeat;
    CHECK(w.wire.say(beat).empty());
    CHECK(w.answer({single("\x01")}).what == outcome::ignored);
  }
}

TEST_CASE("commands that are not a worker's are ignored", "[wire][gaterpc]") {
  a_worker w;
  for (const std::string& command :
       {std::string("\x02"), std::string("\x06"), std::string(1, '\0'), none, std::string("\x04\x04")}) {
    CHECK(w.wire.hear({none, "MDPW01", command, name_of(5), none, name_of(5), "b"}).what == outcome::ignored);
  }
  CHECK(w.wire.hear({none, "MDPW01"}).what == outcome::ignored);
}

TEST_CASE("a request to a gate-rpc worker always has its three frames", "[wire][gaterpc]") {
  a_worker w;
  const auto body_of = [&](const message& m) {
    const std::vector<frames> said = w.wire.say(m);
    REQUIRE(said.size() == 1);
    CHECK(frames(said[0].begin(), said[0].begin() + 6) == frames{none, "MDPW01", "\x02", name_of(5), none, name_of(5)});
    return frames(said[0].begin() + 6, said[0].end());
  };
  CHECK(body_of(request(5)) == frames{"\xa3"
                                      "add",
                                      "\x90", "\x80"});
  CHECK(body_of(request(5, "\x92\x91\x01\x81\xa1n\x02", message_flag::named)) == frames{"\xa3"
                                                                                        "add",
                                                                                        "\x91\x01", "\x81\xa1n\x02"});
  message empty = request(5);
  empty.payload = payload_view();
  CHECK(body_of(empty) == frames{"\xa3"
                                 "add",
                                 "\x90", "\x80"});
}

TEST_CASE("a request that a Python worker would drop in silence is refused at once", "[wire][gaterpc]") {
  a_worker w;
  const std::uint8_t named = message_flag::named;
  const std::vector<std::pair<std::string, std::uint8_t>> wrong{
      {"\x80", 0},                         // no list
      {"\x91", 0},                         // ends early
      {"\x91\xa1\xff", 0},                 // no UTF-8
      {"\x91\x81\x90\x01", 0},             // a list as a key
      {"\x90", named},                     // no pair
      {"\x93\x90\x80\x80", named},         // more than a pair
      {"\x92\x80\x80", named},             // no list
      {"\x92\x90\x90", named},             // no map
      {"\x92\x90\x81\x01\x01", named},     // a number for a name
      {"\x92\x90\x81\xa3__x\x01", named},  // a name of Python's own
      {"\x92\x90\x80\x80", named},         // something after it
  };
  for (const auto& [payload, flags] : wrong) {
    CHECK(w.wire.say(request(5, payload, flags)).empty());
    REQUIRE(w.wire.last.has_back);
    CHECK(w.wire.last.back.type == message_type::error);
    CHECK(w.wire.last.back.call == call_id{5});
    CHECK(w.wire.last.back.status == errc::invalid_argument);
  }
  CHECK(w.wire.say(request(5, "\x90", message_flag::client_stream)).empty());
  CHECK(w.wire.last.back.status == errc::unsupported);
}

TEST_CASE("a worker's HugeData becomes a huge answer: a head, chunks and the end", "[wire][gaterpc]") {
  a_worker w;
  CHECK(w.answer({"GateStreamHugData", "HugeDataEND"}).messages()[0].type == message_type::error);
  CHECK(w.wire.say(request(5)).size() == 1);
  SECTION("whole") {
    received r = w.answer({"GateStreamHugData", "zip"});
    REQUIRE(r.messages().size() == 2);
    CHECK(r.messages()[0].is_head());
    CHECK(r.messages()[0].content == huge_content::value);
    CHECK(r.messages()[0].encoding == 0x02);
    CHECK(r.messages()[1].type == message_type::part);
    CHECK(r.messages()[1].encoding == 0);
    CHECK(r.messages()[1].payload.single() == "zip");
    r = w.answer({"GateStreamHugData", "more"});
    REQUIRE(r.messages().size() == 1);
    CHECK(r.messages()[0].payload.single() == "more");
    CHECK(w.answer({"GateStreamHugData", ""}).messages().empty());
    r = w.answer({"GateStreamHugData", "HugeDataEND"});
    REQUIRE(r.messages().size() == 1);
    CHECK(r.messages()[0].type == message_type::final);
    CHECK(r.messages()[0].has(message_flag::no_payload));
  }
  SECTION("of nothing") {
    CHECK(w.answer({"GateStreamHugData", ""}).messages()[0].is_head());
    CHECK(w.answer({"GateStreamHugData", "HugeDataEND"}).messages()[0].type == message_type::final);
  }
  SECTION("that fails") {
    w.answer({"GateStreamHugData", "zip"});
    const received r = w.answer({"GateStreamHugData", "GateStreamException", "\x93\xaaValueError\xa3why\xa5trace"});
    REQUIRE(r.messages().size() == 1);
    CHECK(r.messages()[0].type == message_type::error);
    CHECK(r.messages()[0].remote_type == "ValueError");
  }
}

TEST_CASE("a worker's answers become messages of the core", "[wire][gaterpc]") {
  a_worker w;
  message m = w.answer({single("\x2a")}).messages()[0];
  CHECK(m.type == message_type::final);
  CHECK(m.call == call_id{5});
  CHECK(m.payload.single() == "\x2a");
  m = w.answer({"GateStreamGenerator", "\x01"}).messages()[0];
  CHECK(m.type == message_type::part);
  CHECK(m.encoding == 0);
  m = w.answer({"GateStreamGenerator", "GateStreamEnd"}).messages()[0];
  CHECK(m.type == message_type::final);
  CHECK(m.has(message_flag::no_payload));
  m = w.answer({failure("\x93\xaaValueError\xa3why\xa5trace")}).messages()[0];
  CHECK(m.type == message_type::error);
  CHECK(m.status == errc::failed);
  CHECK(m.remote_type == "ValueError");
  CHECK(m.text == "why");
  CHECK(m.payload.single() == "trace");
}

TEST_CASE("whatever a gate-rpc client takes for an answer is taken from a worker", "[wire][gaterpc]") {
  using kind = answer::kind;
  const auto read = [](const frames& body) {
    const views_of views(body);
    return read_answer(views);
  };
  for (const std::string falsy : {"\xc0", "\xc2", "\xa0", "\x90", "\x80"}) {
    CHECK(read({"\x82\xa6result\x07\xa9"
                "exception" +
                falsy})
              ->what == kind::result);
  }
  CHECK(read({"\x80"})->content == "\xc0");
  CHECK(read({"\x82\xa1x\x01\xa6result\x07"})->content == "\x07");
  CHECK(read({failure("\xa3"
                      "why")})
            ->thrown.text == "why");
  for (const frames& bad : std::vector<frames>{{},
                                               {"\x07"},
                                               {"\x82\xa6result"},
                                               {failure("\x92\xa1"
                                                        "A\xa1"
                                                        "b")},
                                               {failure("\x93\xa1"
                                                        "A\xa1"
                                                        "b\x01")},
                                               {failure("\x07")},
                                               {"Unknown", "\x01"},
                                               {"GateStreamGenerator", "\x01", "\x02"},
                                               {"GateStreamGenerator", "no value"},
                                               {"GateStreamGenerator", "GateStreamException"},
                                               {"GateStreamGenerator", "GateStreamException", "\x01"},
                                               {"GateStreamHugData", "a", "b"}}) {
    CHECK_FALSE(read(bad));
  }
}

TEST_CASE("an answer that cannot be read ends its call", "[wire][gaterpc]") {
  a_worker w;
  const received r = w.answer({"Unknown", "\x01"});
  REQUIRE(r.messages().size() == 1);
  CHECK(r.messages()[0].type == message_type::error);
  CHECK(r.messages()[0].status == errc::protocol_error);
  CHECK(r.messages()[0].call == call_id{5});
}

TEST_CASE("a long text of an exception is cut between characters", "[wire][gaterpc]") {
  a_worker w;
  std::string text = "x";
  while (text.size() < 5000) text += "\xc3\xa9";
  std::string thrown = "\x93\xa1T";
  encode_to(thrown, text);
  encode_to(thrown, "");
  const received r = w.answer({failure(thrown)});
  CHECK(r.messages()[0].text == bytes_view(text).substr(0, 4095));
}

TEST_CASE("an answer to nobody is dropped", "[wire][gaterpc]") {
  a_worker w;
  CHECK(w.wire.hear(to_broker(3, {name_of(5), none, "short", single("\x01")})).what == outcome::ignored);
  CHECK(w.wire.hear(to_broker(3, {name_of(6), none, name_of(5), single("\x01")})).what == outcome::ignored);
  CHECK(w.wire.hear(to_broker(3, {name_of(5), "x", name_of(5), single("\x01")})).what == outcome::ignored);
  CHECK(w.wire.hear(to_broker(3, {name_of(5), none, name_of(5)})).what == outcome::ignored);
}

TEST_CASE("signatures tell parameters, their types, and the result", "[wire][gaterpc]") {
  std::string raw =
      "\x81\xa1"
      "f\x82\xa3"
      "doc\xa3"
      "Who\xa9signature";
  encode_to(raw, "(a, b: int = 3, *c, d: Dict[str, int] = {'x': 1}, e=',)') -> List[int]");
  const std::optional<std::vector<method_descriptor>> methods = read_interfaces(raw);
  REQUIRE(methods);
  const method_descriptor& m = methods->at(0);
  CHECK(m.doc == "Who");
  CHECK(m.result == "List[int]");
  REQUIRE(m.parameters.size() == 5);
  CHECK(m.parameters[1].name == "b");
  CHECK(m.parameters[1].type == "int");
  CHECK(m.parameters[2].name == "*c");
  CHECK(m.parameters[3].type == "Dict[str, int]");
  CHECK(m.parameters[4].name == "e");
}
