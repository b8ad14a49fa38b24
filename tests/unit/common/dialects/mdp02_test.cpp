#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/foreign_frames.hpp"
#include "tests/support/mdp_frames.hpp"

using namespace gate;
using namespace gate::wire;
using samples::answer_to;
using samples::foreign_harness;
using samples::frames;
using samples::mdp_version;
using samples::views_of;
using outcome = received::outcome;

namespace {

const std::string none = std::string();

message request(std::uint64_t call) {
  message m;
  m.type = message_type::request;
  m.call = call_id{call};
  m.method = "call";
  m.payload = bytes_view("\x90");
  return m;
}

}  // namespace

TEST_CASE("the frames of MDP/0.2 are those of RFC 18", "[wire][mdp02]") {
  frame_list out;
  const std::vector<bytes_view> body{"one", "", "three"};
  mdp02::layout.append_client(out, {mdp::word::request, "echo", body});
  mdp02::layout.append_client(out, {mdp::word::partial, "echo", body});
  mdp02::layout.append_client(out, {mdp::word::final, "echo", body});
  mdp02::layout.append_worker(out, {mdp::word::ready, "echo", {}, {}});
  mdp02::layout.append_worker(out, {mdp::word::request, {}, "client", body});
  mdp02::layout.append_worker(out, {mdp::word::partial, {}, "client", body});
  mdp02::layout.append_worker(out, {mdp::word::final, {}, "client", body});
  mdp02::layout.append_worker(out, {mdp::word::heartbeat, {}, {}, {}});
  mdp02::layout.append_worker(out, {mdp::word::disconnect, {}, {}, {}});
  CHECK(samples::messages_of(out) == std::vector<frames>{{"MDPC02", "\x01", "echo", "one", "", "three"},
                                                         {"MDPC02", "\x02", "echo", "one", "", "three"},
                                                         {"MDPC02", "\x03", "echo", "one", "", "three"},
                                                         {"MDPW02", "\x01", "echo"},
                                                         {"MDPW02", "\x02", "client", "", "one", "", "three"},
                                                         {"MDPW02", "\x03", "client", "", "one", "", "three"},
                                                         {"MDPW02", "\x04", "client", "", "one", "", "three"},
                                                         {"MDPW02", "\x05"},
                                                         {"MDPW02", "\x06"}});
}

TEST_CASE("each command of MDP/0.2 is read in its direction, and only there", "[wire][mdp02]") {
  const auto read = [](const auto& reader, const frames& sent) {
    const views_of views(sent);
    const auto m = reader(views);
    return m ? mdp::fault::delimiter : m.error();  // `delimiter` here means: it was read
  };
  const auto good = mdp::fault::delimiter;
  const auto unknown = mdp::fault::unknown;
  CHECK(read(mdp02::layout.read_from_client, {"MDPC02", "\x01", "s", "b"}) == good);
  CHECK(read(mdp02::layout.read_from_client, {"MDPC02", "\x02", "s", "b"}) == unknown);
  CHECK(read(mdp02::layout.read_from_client, {"MDPC02", "\x03", "s", "b"}) == unknown);
  CHECK(read(mdp02::layout.read_to_client, {"MDPC02", "\x01", "s", "b"}) == unknown);
  CHECK(read(mdp02::layout.read_to_client, {"MDPC02", "\x02", "s", "b"}) == good);
  CHECK(read(mdp02::layout.read_to_client, {"MDPC02", "\x03", "s", "b"}) == good);
  CHECK(read(mdp02::layout.read_to_worker, {"MDPW02", "\x02", "a", "", "b"}) == good);
  CHECK(read(mdp02::layout.read_to_worker, {"MDPW02", "\x03", "a", "", "b"}) == unknown);
  CHECK(read(mdp02::layout.read_from_worker, {"MDPW02", "\x03", "a", "", "b"}) == good);
  CHECK(read(mdp02::layout.read_from_worker, {"MDPW02", "\x04", "a", "", "b"}) == good);
  CHECK(read(mdp02::layout.read_from_worker, {"MDPW02", "\x02", "a", "", "b"}) == unknown);
}

TEST_CASE("0x04 and 0x05 mean what the version says", "[wire][mdp02]") {
  mdp::worker_peer second(mdp02::layout), first(mdp01::layout);
  foreign_harness on_second{second, {}, {}, {}}, on_first{first, {}, {}, {}};
  on_second.hear({"MDPW02", "\x01", "echo"});
  on_first.hear({none, "MDPW01", "\x01", "echo"});
  CHECK(on_second.hear({"MDPW02", "\x05"}).messages()[0].type == message_type::heartbeat);
  CHECK(on_first.hear({none, "MDPW01", "\x04"}).messages()[0].type == message_type::heartbeat);
  CHECK(on_first.hear({none, "MDPW01", "\x05"}).messages()[0].type == message_type::bye);
  CHECK(on_second.hear({"MDPW02", "\x04"}).what == outcome::refused);
}

TEST_CASE("who begins with an empty frame keeps to it, and who begins without one too", "[wire][mdp02]") {
  mdp::client_peer second(mdp02::layout, {}), first(mdp01::layout, {});
  foreign_harness on_second{second, {}, {}, {}}, on_first{first, {}, {}, {}};
  CHECK(on_second.hear({none, "MDPC02", "\x01", "echo", "b"}).what == outcome::refused);
  for (const mdp02::form f : {mdp02::form::delimited, mdp02::form::as_workers, mdp02::form::unnumbered}) {
    mdp::client_peer client(mdp02::layout_of(f), {});
    mdp::worker_peer worker(mdp02::layout_of(f));
    foreign_harness on_client{client, {}, {}, {}}, on_worker{worker, {}, {}, {}};
    CHECK(on_client.hear({"MDPC02", "\x01", "echo", "b"}).what == outcome::refused);
    CHECK(on_client.hear({"MDPC02", "\x02", "echo", "b"}).what == outcome::refused);
    CHECK(on_client.hear({"MDPC02", "echo", "b"}).what == outcome::refused);
    CHECK(on_worker.hear({"MDPW02", "\x01", "echo"}).what == outcome::refused);
  }
  CHECK(on_first.hear({"MDPC01", "echo", "b"}).what == outcome::refused);
  CHECK(on_first.hear({"MDPC02", "\x01", "echo", "b"}).what == outcome::refused);
}

TEST_CASE("partial replies of MDP/0.2 are parts, and their last may be empty", "[wire][mdp02]") {
  mdp::worker_peer peer(mdp02::layout);
  foreign_harness wire{peer, {}, {}, {}};
  wire.hear({"MDPW02", "\x01", "echo"});
  wire.say(request(9));
  const std::string call = mdp_version::name_of(9);
  const received part = wire.hear({"MDPW02", "\x03", call, "", "one"});
  CHECK(part.messages()[0].type == message_type::part);
  CHECK(part.messages()[0].payload.single() == "\xc4\x03one");
  SECTION("empty") {
    const received end = wire.hear({"MDPW02", "\x04", call, "", ""});
    CHECK(end.messages()[0].type == message_type::final);
    CHECK(end.messages()[0].has(message_flag::no_payload));
  }
  SECTION("not empty") {
    const received end = wire.hear({"MDPW02", "\x04", call, "", "two"});
    CHECK(end.messages()[0].payload.single() == "\xc4\x03two");
  }
  SECTION("and nothing follows it") {
    wire.hear({"MDPW02", "\x04", call, "", "two"});
    CHECK(wire.hear({"MDPW02", "\x03", call, "", "three"}).what == outcome::refused);
  }
}

TEST_CASE("parts go to an MDP/0.2 client as they come", "[wire][mdp02]") {
  mdp::client_peer peer(mdp02::layout, {});
  foreign_harness wire{peer, {}, {}, {}};
  const message call = wire.hear({"MDPC02", "\x01", "count", "3"}).messages().back();
  CHECK(call.has(message_flag::wants_stream));
  CHECK(wire.say(answer_to(call, message_type::part,
                           "\xc4\x01"
                           "1")) == std::vector<frames>{{"MDPC02", "\x02", "count", "1"}});
  CHECK(wire.say(answer_to(call, message_type::part, "\x02")) ==
        std::vector<frames>{{"MDPC02", "\x02", "count", "\x02"}});
  message end = answer_to(call, message_type::final);
  end.flags = message_flag::no_payload;
  CHECK(wire.say(end) == std::vector<frames>{{"MDPC02", "\x03", "count", ""}});
}

TEST_CASE("a client of MDP/0.2 is answered in the form in which it asks", "[wire][mdp02]") {
  struct form {
    frames request, partial, last;
  };
  const std::vector<form> forms{
      {{"MDPC02", "\x01", "count", "3"}, {"MDPC02", "\x02", "count", "1"}, {"MDPC02", "\x03", "count", "2"}},
      {{none, "MDPC02", "\x01", "count", "3"},
       {none, "MDPC02", "\x02", "count", "1"},
       {none, "MDPC02", "\x03", "count", "2"}},
      // As Python's majortomo workers send it.
      {{none, "MDPC02", "\x02", "count", "3"}, {none, "MDPC02", "\x03", "1"}, {none, "MDPC02", "\x04", "2"}},
      // As libmdp workers send it. Requests to them have no command frame.
      {{none, "MDPC02", "count", "3"}, {none, "MDPC02", "\x02", "count", "1"}, {none, "MDPC02", "\x03", "count", "2"}}};
  for (const form& f : forms) {
    const recognised who = recognise(views_of(f.request));
    CHECK(who.speaks == dialect::mdp02);
    CHECK(who.role == peer_role::client);
    const auto peer = make_foreign_peer(who, {});
    foreign_harness wire{*peer, {}, {}, {}};
    for (int again = 0; again < 2; ++again) {
      const message call = wire.hear(f.request).messages().back();
      CHECK(call.service == "count");
      CHECK(call.payload.single() ==
            "\x91\xc4\x01"
            "3");
      CHECK(wire.say(answer_to(call, message_type::part,
                               "\xc4\x01"
                               "1")) == std::vector<frames>{f.partial});
      CHECK(wire.say(answer_to(call, message_type::final,
                               "\xc4\x01"
                               "2")) == std::vector<frames>{f.last});
    }
  }
}

TEST_CASE("a worker of MDP/0.2 that begins with an empty frame is spoken to behind one", "[wire][mdp02]") {
  const frames ready{none, "MDPW02", "\x01", "echo"};
  const recognised who = recognise(views_of(ready));
  CHECK(who.role == peer_role::worker);
  const auto peer = make_foreign_peer(who, {});
  foreign_harness wire{*peer, {}, {}, {}};
  CHECK(wire.hear(ready).messages()[0].type == message_type::hello);
  const std::string call = mdp_version::name_of(9);
  CHECK(wire.say(request(9)) == std::vector<frames>{{none, "MDPW02", "\x02", call, none, none}});
  CHECK(wire.hear({none, "MDPW02", "\x03", call, none, "one"}).messages()[0].type == message_type::part);
  CHECK(wire.hear({none, "MDPW02", "\x04", call, none, "two"}).messages()[0].type == message_type::final);
  CHECK(wire.hear({none, "MDPW02", "\x05"}).messages()[0].type == message_type::heartbeat);
  message m;
  m.type = message_type::heartbeat;
  CHECK(wire.say(m) == std::vector<frames>{{none, "MDPW02", "\x05"}});
  m.type = message_type::bye;
  CHECK(wire.say(m) == std::vector<frames>{{none, "MDPW02", "\x06"}});
}

TEST_CASE("what is neither a command nor a service's name ends a client of MDP/0.2", "[wire][mdp02]") {
  for (const frames& first : {frames{none, "MDPC02", "\x03", "echo", "b"}, frames{none, "MDPC02", none, "echo", "b"},
                              frames{none, "MDPC02", "echo"}, frames{none, "MDPC02", "\x01", "echo"},
                              frames{none, "MDPC02", "\x02", "echo"}, frames{none, "MDPC02"}}) {
    const recognised who = recognise(views_of(first));
    REQUIRE(who.speaks == dialect::mdp02);
    const auto peer = make_foreign_peer(who, {});
    foreign_harness wire{*peer, {}, {}, {}};
    CHECK(wire.hear(first).what == outcome::refused);
  }
  // Later, a message of the other form.
  const frames first{none, "MDPC02", "echo", "b"};
  const auto peer = make_foreign_peer(recognise(views_of(first)), {});
  foreign_harness wire{*peer, {}, {}, {}};
  CHECK(wire.hear(first).what == outcome::taken);
  CHECK(wire.hear({none, "MDPC02", "\x01", "echo", "b"}).what == outcome::refused);
}
