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

}  // namespace

TEST_CASE("the frames of MDP/0.1 are those of RFC 7", "[wire][mdp01]") {
  frame_list out;
  const std::vector<bytes_view> body{"one", "", "three"};
  mdp01::layout.append_client(out, {mdp::word::request, "echo", body});
  mdp01::layout.append_worker(out, {mdp::word::ready, "echo", {}, {}});
  mdp01::layout.append_worker(out, {mdp::word::request, {}, "client", body});
  mdp01::layout.append_worker(out, {mdp::word::final, {}, "client", body});
  mdp01::layout.append_worker(out, {mdp::word::heartbeat, {}, {}, {}});
  mdp01::layout.append_worker(out, {mdp::word::disconnect, {}, {}, {}});
  CHECK(samples::messages_of(out) == std::vector<frames>{{none, "MDPC01", "echo", "one", "", "three"},
                                                         {none, "MDPW01", "\x01", "echo"},
                                                         {none, "MDPW01", "\x02", "client", "", "one", "", "three"},
                                                         {none, "MDPW01", "\x03", "client", "", "one", "", "three"},
                                                         {none, "MDPW01", "\x04"},
                                                         {none, "MDPW01", "\x05"}});
}

TEST_CASE("each command of MDP/0.1 is read in its direction, and only there", "[wire][mdp01]") {
  const frames reply{none, "MDPW01", "\x03", "client", "", "body"};
  const views_of reply_views(reply);
  const auto read = mdp01::layout.read_from_worker(reply_views);
  REQUIRE(read);
  CHECK(read->what == mdp::word::final);
  CHECK(read->address == "client");
  CHECK(read->body.size() == 1);
  CHECK(mdp01::layout.read_to_worker(reply_views).error() == mdp::fault::unknown);
  const frames request{none, "MDPW01", "\x02", "client", "", "body"};
  const views_of request_views(request);
  CHECK(mdp01::layout.read_to_worker(request_views)->what == mdp::word::request);
  CHECK(mdp01::layout.read_from_worker(request_views).error() == mdp::fault::unknown);
  const frames told{none, "MDPC01", "echo", "body"};
  CHECK(mdp01::layout.read_to_client(views_of(told))->what == mdp::word::final);
}

TEST_CASE("an MDP/0.1 client takes parts joined to one reply", "[wire][mdp01]") {
  mdp::client_peer peer(mdp01::layout, {});
  foreign_harness wire{peer, {}, {}, {}};
  const message call = wire.hear({none, "MDPC01", "count", "3"}).messages().back();
  CHECK(wire.say(answer_to(call, message_type::part,
                           "\xc4\x01"
                           "1"))
            .empty());
  CHECK(wire.last.what == composed::outcome::sent);
  CHECK(wire.say(answer_to(call, message_type::part,
                           "\xc4\x01"
                           "2"))
            .empty());
  SECTION("with the last one in the final") {
    CHECK(wire.say(answer_to(call, message_type::final,
                             "\xc4\x01"
                             "3")) == std::vector<frames>{{none, "MDPC01", "count", "1", "2", "3"}});
  }
  SECTION("with nothing in the final") {
    message end = answer_to(call, message_type::final);
    end.flags = message_flag::no_payload;
    CHECK(wire.say(end) == std::vector<frames>{{none, "MDPC01", "count", "1", "2"}});
  }
  CHECK(peer.open_calls() == 0);
}

TEST_CASE("what is joined for an MDP/0.1 client is bounded, and given back", "[wire][mdp01]") {
  foreign_options small;
  small.joined_bytes_max = 300;
  mdp::client_peer peer(mdp01::layout, small);
  foreign_harness wire{peer, {}, {}, {}};
  for (int round = 0; round < 3; ++round) {
    const message call = wire.hear({none, "MDPC01", "count", "3"}).messages().back();
    const std::string part = "\xc4\x64" + std::string(100, 'x');
    wire.say(answer_to(call, message_type::part, part));
    CHECK_FALSE(wire.last.has_back);
    wire.say(answer_to(call, message_type::part, part));
    CHECK(wire.last.what == composed::outcome::dropped);
    REQUIRE(wire.last.has_back);
    CHECK(wire.last.back.type == message_type::cancel);
    CHECK(wire.last.back.call == call.call);
    CHECK(peer.open_calls() == 0);
  }
}
