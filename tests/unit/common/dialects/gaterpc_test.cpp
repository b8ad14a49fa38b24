#include "common/dialects/gaterpc.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/limits.hpp>

#include "common/dialects/src/gaterpc_peer.hpp"
#include "tests/support/foreign_frames.hpp"
#include "tests/support/gaterpc_frames.hpp"

using namespace gate;
using namespace gate::wire;
using namespace gate::wire::gaterpc;
using namespace gate::samples::gaterpc;
using samples::answer_to;
using samples::foreign_harness;
using samples::frames;
using samples::views_of;
using outcome = received::outcome;

namespace {

message head_to(const message& call, std::uint8_t encoding = 0x02) {
  message head = answer_to(call, message_type::part);
  head.flags = message_flag::no_payload;
  head.content = huge_content::value;
  head.encoding = encoding;
  return head;
}

// The class of the failure in the only message composed, and its text.
std::pair<std::string, std::string> error_in(const std::vector<frames>& composed) {
  REQUIRE(composed.size() == 1);
  const views_of views(composed[0]);
  const std::optional<client_message> reply = read_client_reply(views);
  REQUIRE(reply);
  const std::optional<answer> a = read_answer(reply->body);
  REQUIRE(a);
  REQUIRE(a->content.empty());
  return {std::string(a->thrown.type), std::string(a->thrown.text)};
}

struct a_client {
  client_peer peer{foreign_options{}};
  foreign_harness wire{peer, {}, {}, {}};

  message open() {
    const received r = wire.hear(echo());
    REQUIRE(r.what == outcome::taken);
    return r.messages().back();
  }
};

}  // namespace

// --- a client's requests ---------------------------------------------------------------------------------------------

TEST_CASE("a gate-rpc client's first request is preceded by a hello, later ones are not", "[wire][gaterpc]") {
  a_client c;
  const received first = c.wire.hear(echo());
  REQUIRE(first.messages().size() == 2);
  CHECK(first.messages()[0].type == message_type::hello);
  CHECK(first.messages()[0].role == peer_role::client);
  const message m = first.messages()[1];
  CHECK(m.type == message_type::request);
  CHECK(m.service == "calc");
  CHECK(m.method == "echo");
  CHECK(m.payload.single() == "\x91\x01");
  CHECK(m.flags == message_flag::wants_stream);
  CHECK(m.accept == 0x02);
  const received second = c.wire.hear(echo());
  REQUIRE(second.messages().size() == 1);
  CHECK(second.messages()[0].call != m.call);
}

TEST_CASE("a request may leave out its arguments", "[wire][gaterpc]") {
  a_client c;
  CHECK(c.wire
            .hear(request_frames("s", {"id",
                                       "\xa1"
                                       "f"}))
            .messages()
            .back()
            .payload.single() == "\x90");
  CHECK(c.wire
            .hear(request_frames("s", {"id",
                                       "\xa1"
                                       "f",
                                       "\x91\x05"}))
            .messages()
            .back()
            .payload.single() == "\x91\x05");
}

TEST_CASE("named arguments travel as a pair of the positional ones and a map", "[wire][gaterpc]") {
  a_client c;
  const received r = c.wire.hear(request_frames("s", {"id",
                                                      "\xa1"
                                                      "f",
                                                      "\x91\x05", "\x81\xa1n\x01"}));
  const message m = r.messages().back();
  CHECK(m.has(message_flag::named));
  CHECK(m.payload.single() == "\x92\x91\x05\x81\xa1n\x01");
  const received empty = c.wire.hear(request_frames("s", {"id",
                                                          "\xa1"
                                                          "f",
                                                          "\x91\x05", std::string("\xde\0\0", 3)}));
  CHECK_FALSE(empty.messages().back().has(message_flag::named));
}

TEST_CASE("a login in a message is told apart and passed on unchecked", "[wire][gaterpc]") {
  a_client c;
  const received r = c.wire.hear(request_frames("s", {"PLAIN", "alice", "secret", "id",
                                                      "\xa1"
                                                      "f"}));
  CHECK(r.credentials.given);
  CHECK(r.credentials.user == "alice");
  CHECK(r.credentials.password == "secret");
  CHECK(r.messages().back().method == "f");
  const received named_so = c.wire.hear(request_frames("s", {"PLAIN",
                                                             "\xa1"
                                                             "f",
                                                             "\x90", "\x80"}));
  CHECK_FALSE(named_so.credentials.given);
  CHECK(named_so.messages().back().method == "f");
}

TEST_CASE("a request that does not fit is answered with an exception, not with silence", "[wire][gaterpc]") {
  const std::string f =
      "\xa1"
      "f";
  const std::string long_name = std::string("\xda\x01\0", 3).append(256, 'f');
  const std::string deep = std::string(limits::value_depth_max + 2, '\x91').append(1, '\xc0');
  const std::vector<frames> wrong{
      {"id", f, "\x90", "\x80", "\x80"},  // a frame too many
      {"id", f, "\x80"},                  // args is a map
      {"id", f, "\xc0"},                  // args is nil
      {"id", f, "\x91"},                  // args ends early
      {"id", f, "\x90\x90"},              // something after args
      {"id", f, "\x90", "\x90"},          // kwargs is a list
      {"id", f, "\x90", "\x81\x01\x01"},  // a name that is a number
      {"id", "f"},                        // no text
      {"id", "\xa0"},                     // an empty name
      {"id",
       "\xc4\x01"
       "f"},  // bytes
      {"id", long_name},
      {"id", f, deep},
  };
  for (const frames& rest : wrong) {
    a_client c;
    const received r = c.wire.hear(request_frames("s", rest));
    CHECK(r.what == outcome::answered);
    CHECK(r.messages().empty());
    CHECK_FALSE(r.why.empty());
    CHECK(error_in(samples::messages_of(c.wire.out)).first == "TypeError");
    CHECK(samples::message_of(c.wire.out, 0)[3] == "id");
    CHECK(c.peer.open_calls() == 0);
  }
}

TEST_CASE("a request without a service's name is told that nobody serves it", "[wire][gaterpc]") {
  a_client c;
  for (const std::string& service : {std::string(), std::string(256, 's')}) {
    CHECK(c.wire
              .hear(request_frames(service, {"id",
                                             "\xa1"
                                             "f"}))
              .what == outcome::answered);
    CHECK(error_in(samples::messages_of(c.wire.out)).first == "ServiceUnAvailableError");
  }
  const received longest = c.wire.hear(request_frames(std::string(255, 's'), {none,
                                                                              "\xa1"
                                                                              "f"}));
  CHECK(longest.what == outcome::taken);
}

TEST_CASE("request ids are opaque, of any length up to a bound", "[wire][gaterpc]") {
  a_client c;
  for (const std::size_t length : {0u, 1u, 255u}) {
    const std::string id(length, '\0');
    const message m = c.wire
                          .hear(request_frames("s", {id,
                                                     "\xa1"
                                                     "f"}))
                          .messages()
                          .back();
    CHECK(c.wire.say(answer_to(m, message_type::final, "\x01")) ==
          std::vector<frames>{{none, "MDPC01", "s", id, single("\x01")}});
  }
  CHECK(c.wire
            .hear(request_frames("s", {std::string(256, 'i'),
                                       "\xa1"
                                       "f"}))
            .what == outcome::answered);
}

TEST_CASE("a gate-rpc client's message without request id or function is dropped", "[wire][gaterpc]") {
  a_client c;
  CHECK(c.wire.hear({none, "MDPC01"}).what == outcome::ignored);
  CHECK(c.wire.hear({none, "MDPC01", "s", "id"}).what == outcome::ignored);
  CHECK(c.wire.out.empty());
}

TEST_CASE("a peer that changes its dialect is refused", "[wire][gaterpc]") {
  a_client c;
  CHECK(c.wire.hear({none, "MDPW01", "\x04"}).what == outcome::refused);
  CHECK(c.wire.hear({"MDPC02", "\x01", "s", "b"}).what == outcome::refused);
  CHECK(c.wire.hear({}).what == outcome::refused);
  worker_peer worker{foreign_options{}};
  foreign_harness w{worker, {}, {}, {}};
  CHECK(w.hear(echo()).what == outcome::refused);
  CHECK(w.hear({"MDPW02", "\x05"}).what == outcome::refused);
}

TEST_CASE("a gate-rpc client's open calls are bounded", "[wire][gaterpc]") {
  foreign_options few;
  few.calls_max = 2;
  client_peer peer{few};
  foreign_harness wire{peer, {}, {}, {}};
  const message first = wire.hear(echo()).messages().back();
  wire.hear(echo());
  CHECK(wire.hear(echo()).what == outcome::answered);
  CHECK(error_in(samples::messages_of(wire.out)).first == "BusyWorkerError");
  wire.say(answer_to(first, message_type::final, "\xc0"));
  CHECK(wire.hear(echo()).what == outcome::taken);
}

// --- what a client is told -------------------------------------------------------------------------------------------

TEST_CASE("an end without a value is an empty generator to a gate-rpc client, and nil is nil", "[wire][gaterpc]") {
  a_client c;
  message m = answer_to(c.open(), message_type::final);
  m.flags = message_flag::no_payload;
  CHECK(c.wire.say(m) == std::vector<frames>{{none, "MDPC01", "calc", "id", "GateStreamGenerator", "GateStreamEnd"}});
  message nil = answer_to(c.open(), message_type::final);
  nil.payload = bytes_view("\xc0");
  CHECK(c.wire.say(nil) == std::vector<frames>{{none, "MDPC01", "calc", "id", single("\xc0")}});
}

TEST_CASE("parts become a generator, whose last item may come with the end", "[wire][gaterpc]") {
  a_client c;
  const message call = c.open();
  const frames head{none, "MDPC01", "calc", "id", "GateStreamGenerator"};
  const auto with = [&](const std::string& last) {
    frames f = head;
    f.push_back(last);
    return f;
  };
  CHECK(c.wire.say(answer_to(call, message_type::part, "\x01")) == std::vector<frames>{with("\x01")});
  CHECK(c.wire.say(answer_to(call, message_type::final, "\x02")) ==
        std::vector<frames>{with("\x02"), with("GateStreamEnd")});
  CHECK(c.peer.open_calls() == 0);
  CHECK(c.wire.say(answer_to(call, message_type::final, "\x02")).empty());
}

TEST_CASE("an error is told in the manner of what went before it", "[wire][gaterpc]") {
  message failed;
  failed.type = message_type::error;
  failed.status = errc::failed;
  failed.remote_type = "std::out_of_range";
  failed.text = "no 'such' key";
  const std::string text = "std::out_of_range(\"no 'such' key\")";
  a_client c;
  SECTION("as the result") {
    failed.call = c.open().call;
    const std::vector<frames> told = c.wire.say(failed);
    CHECK(told[0].size() == 5);
    CHECK(error_in(told) == std::pair<std::string, std::string>("std::out_of_range", text));
  }
  SECTION("in a generator") {
    const message call = c.open();
    c.wire.say(answer_to(call, message_type::part, "\x01"));
    failed.call = call.call;
    const std::vector<frames> told = c.wire.say(failed);
    CHECK(told[0][4] == "GateStreamGenerator");
    CHECK(told[0][5] == "GateStreamException");
    CHECK(error_in(told).second == text);
  }
  SECTION("in a HugeData") {
    const message call = c.open();
    CHECK(c.wire.say(head_to(call)).empty());
    CHECK(c.wire.say(answer_to(call, message_type::part, "zip"))[0][4] == "GateStreamHugData");
    failed.call = call.call;
    CHECK(c.wire.say(failed)[0][5] == "GateStreamException");
  }
  CHECK(c.peer.open_calls() == 0);
}

TEST_CASE("each status of the core has a class name of its own", "[wire][gaterpc]") {
  a_client c;
  std::vector<std::string> names;
  for (std::uint8_t n = 1; n <= errc_max; ++n) {
    message m = answer_to(c.open(), message_type::error);
    m.status = static_cast<errc>(n);
    m.text = "why";
    const auto [type, text] = error_in(c.wire.say(m));
    CHECK(text == type + "('why')");
    CHECK(std::find(names.begin(), names.end(), type) == names.end());
    names.push_back(type);
  }
  CHECK(class_of(errc::unavailable) == "ServiceUnAvailableError");
  CHECK(class_of(errc::busy) == "BusyWorkerError");
  CHECK(class_of(errc::timed_out) == "TimeoutError");
  CHECK(status_of("ServiceUnAvailableError") == errc::unavailable);
  CHECK(status_of("BusyGateError") == errc::busy);
  CHECK(status_of("WorkerLostError") == errc::worker_lost);
  CHECK(status_of("ValueError") == errc::failed);
}

TEST_CASE("a text is quoted as Python quotes it", "[wire][gaterpc]") {
  CHECK(represent("E", "plain") == "E('plain')");
  CHECK(represent("E", "it's") == "E(\"it's\")");
  CHECK(represent("E", "it's \"so\"") == "E('it\\'s \"so\"')");
  CHECK(represent("E", "a\n\t\r\\\x01") == "E('a\\n\\t\\r\\\\\\x01')");
  CHECK(represent("E", "E('a')") == "E('a')");
  CHECK(represent("E", "E('a') and more") == "E(\"E('a') and more\")");
}

TEST_CASE("what Python could not unpack is told as an error instead", "[wire][gaterpc]") {
  const std::vector<std::string> bad{"\xa1\xff",      // a text that is no UTF-8
                                     "\x81\x90\x01",  // a list as a key
                                     "\x01\x02",      // two values
                                     std::string(1, '\xc1')};
  for (const std::string& value : bad) {
    a_client c;
    CHECK(error_in(c.wire.say(answer_to(c.open(), message_type::final, value))).first == "Exception");
    CHECK_FALSE(c.wire.last.has_back);
    CHECK(error_in(c.wire.say(answer_to(c.open(), message_type::part, value))).first == "NotImplementedError");
    REQUIRE(c.wire.last.has_back);
    CHECK(c.wire.last.back.type == message_type::cancel);
    CHECK(c.peer.open_calls() == 0);
  }
  a_client c;
  message error = answer_to(c.open(), message_type::error);
  error.status = errc::failed;
  error.text = "\xff";
  CHECK(error_in(c.wire.say(error)).second == "Exception('?')");
}

TEST_CASE("chunks in another compression than the client's end its call", "[wire][gaterpc]") {
  a_client c;
  SECTION("of chunks by themselves") {
    message chunk = answer_to(c.open(), message_type::part, "zip");
    chunk.encoding = 0x01;
    CHECK(error_in(c.wire.say(chunk)).first == "NotImplementedError");
  }
  SECTION("of the whole") { CHECK(error_in(c.wire.say(head_to(c.open(), 0x04))).first == "NotImplementedError"); }
  SECTION("of chunks behind a head") {
    const message call = c.open();
    c.wire.say(head_to(call));
    message chunk = answer_to(call, message_type::part, "zip");
    chunk.encoding = 0x01;
    const std::vector<frames> told = c.wire.say(chunk);
    CHECK(told[0][4] == "GateStreamHugData");
    CHECK(told[0][5] == "GateStreamException");
  }
  SECTION("of bytes, where the client awaits a value") {
    message head = head_to(c.open());
    head.content = huge_content::raw;
    CHECK(error_in(c.wire.say(head)).first == "NotImplementedError");
  }
  SECTION("behind the items of a generator") {
    const message call = c.open();
    c.wire.say(answer_to(call, message_type::part, "\x01"));
    CHECK(c.wire.say(head_to(call))[0][5] == "GateStreamException");
  }
  CHECK(c.wire.last.has_back);
  CHECK(c.peer.open_calls() == 0);
}

TEST_CASE("a HugeData is said in chunks, an empty one and the end", "[wire][gaterpc]") {
  a_client c;
  const message call = c.open();
  CHECK(call.accept == 0x02);
  CHECK(c.wire.say(head_to(call)).empty());
  CHECK(c.wire.say(answer_to(call, message_type::part, "zip")).size() == 1);
  SECTION("to its end") {
    message end = answer_to(call, message_type::final);
    end.flags = message_flag::no_payload;
    end.total_bytes = 9;
    const std::vector<frames> told = c.wire.say(end);
    REQUIRE(told.size() == 2);
    CHECK(frames(told[0].begin() + 4, told[0].end()) == frames{"GateStreamHugData", ""});
    CHECK(frames(told[1].begin() + 4, told[1].end()) == frames{"GateStreamHugData", "HugeDataEND"});
  }
  SECTION("a chunk that reads like a mark in two") {
    for (const std::string mark : {"HugeDataEND", "GateStreamException"}) {
      const std::vector<frames> told = c.wire.say(answer_to(call, message_type::part, mark));
      REQUIRE(told.size() == 2);
      CHECK(told[0][5] + told[1][5] == mark);
    }
    return;
  }
  SECTION("with a result behind it, which is none") {
    CHECK(c.wire.say(answer_to(call, message_type::final, "\x01"))[0][5] == "GateStreamException");
  }
  CHECK(c.peer.open_calls() == 0);
}

// --- logins ----------------------------------------------------------------------------------------------------------

TEST_CASE("a login is read without taking the message in", "[wire][gaterpc]") {
  const frames by_client = request_frames("s", {"PLAIN", "alice", "secret", "id", "\xa1m", "\x90", "\x80"});
  const login client = read_login(peer_role::client, views_of(by_client));
  CHECK(client.given);
  CHECK(client.user == "alice");
  CHECK(client.password == "secret");
  const frames by_worker = to_broker(1, {"PLAIN", "w", "secret", "calc:adds:7"});
  CHECK(read_login(peer_role::worker, views_of(by_worker)).user == "w");
  CHECK(read_login(peer_role::worker, views_of(to_broker(4, {"PLAIN", "w", "secret"}))).given);
  CHECK_FALSE(read_login(peer_role::client, views_of(echo())).given);
  CHECK_FALSE(read_login(peer_role::worker, views_of(to_broker(4))).given);
  CHECK_FALSE(read_login(peer_role::client, views_of(by_worker)).given);
  CHECK_FALSE(read_login(peer_role::client, views_of(frames{"", "MDPC01"})).given);
}

TEST_CASE("a request that is not taken is answered, and begins nothing", "[wire][gaterpc]") {
  a_client c;
  c.peer.decline(views_of(echo()), errc::unauthenticated, "no", c.wire.out);
  CHECK(error_in(samples::messages_of(c.wire.out)).first == "AuthenticationError");
  CHECK(c.peer.open_calls() == 0);
  frame_list none_at_all;
  c.peer.decline(views_of(frames{"", "MDPC01"}), errc::unauthenticated, "no", none_at_all);
  CHECK(none_at_all.empty());
}

TEST_CASE("a worker whose message is not taken hears DISCONNECT, once", "[wire][gaterpc]") {
  worker_peer worker{foreign_options{}};
  frame_list out;
  worker.decline(views_of(to_broker(1, {"calc:adds:7"})), errc::unauthenticated, "no", out);
  CHECK(samples::messages_of(out) == std::vector<frames>{{none, "MDPW01", "\x05"}});
  out.clear();
  message bye;
  bye.type = message_type::bye;
  worker.compose(bye, out);
  CHECK(out.empty());
}
