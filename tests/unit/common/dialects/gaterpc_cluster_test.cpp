// Messages between gate-rpc 0.2.12 brokers in a cluster. Our broker is never part of one. It refuses them wherever they
// arrive, and never takes them for a client's or worker's message, although their command bytes are the same.
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "common/dialects/gaterpc.hpp"
#include "common/dialects/mdp01.hpp"
#include "common/dialects/mdp02.hpp"
#include "common/wire/gate2.hpp"
#include "tests/support/foreign_frames.hpp"
#include "tests/support/gaterpc_frames.hpp"
#include "tests/support/gaterpc_vectors.hpp"

using namespace gate;
using namespace gate::wire;
using samples::foreign_harness;
using samples::frames;
using samples::views_of;
using samples::gaterpc::in_direction;
using samples::gaterpc::vector_named;
using samples::gaterpc::vector_of_wire;

namespace {

// The command in each message, and whether a login follows it.
struct said_between_gates {
  const char* command;
  bool login = false;
};
const std::map<std::string, said_between_gates> meanings{
    {"gate_invite", {"C_GATE_INVITE"}},
    {"gate_join_empty", {"C_GATE_JOIN"}},
    {"gate_join_with_service", {"C_GATE_JOIN"}},
    {"gate_join_from_peer", {"C_GATE_JOIN"}},
    {"gate_notice_UpdateActiveService", {"C_GATE_NOTICE"}},
    {"gate_notice_UpdateService", {"C_GATE_NOTICE"}},
    {"gate_whisper_forwarded_request", {"C_GATE_WHISPER"}},
    {"gate_whisper_reply_from_peer", {"C_GATE_WHISPER"}},
    {"gate_whisper_reply", {"C_GATE_WHISPER"}},
    {"gate_whisper_stream_reply.0", {"C_GATE_WHISPER"}},
    {"gate_whisper_stream_reply.1", {"C_GATE_WHISPER"}},
    {"gate_whisper_stream_reply.2", {"C_GATE_WHISPER"}},
    {"gate_whisper_stream_reply.3", {"C_GATE_WHISPER"}},
    {"gate_whisper_internal_reply", {"C_GATE_WHISPER"}},
    {"gate_whisper_service_unavailable", {"C_GATE_WHISPER"}},
    {"gate_leave_on_duplicate_join", {"C_GATE_LEAVE"}},
    {"gate_heartbeat", {"C_GATE_HEARTBEAT"}},
    {"zap_plain.gate_invite", {"C_GATE_INVITE", true}},
    {"zap_plain.gate_join", {"C_GATE_JOIN", true}},
    {"zap_plain.gate_leave_on_expiry", {"C_GATE_LEAVE", true}},
};

std::vector<vector_of_wire> all_between_gates() {
  std::vector<vector_of_wire> all = in_direction("gate->gate");
  for (const std::string datagram : {"multicast_notice", "V_MCAST_NOTICE"}) {
    all.push_back({datagram, "gate->multicast group", vector_named(datagram)});
  }
  return all;
}

// Connections of every kind that does not speak gate/2, each with a first message of its own.
const std::vector<std::pair<recognised, frames>>& peers() {
  static const std::vector<std::pair<recognised, frames>> all{
      {{dialect::gaterpc, peer_role::client}, vector_named("echo64.creq")},
      {{dialect::gaterpc, peer_role::worker}, vector_named("worker_ready")},
      {{dialect::mdp01, peer_role::client}, {"", "MDPC01", "s", "body"}},
      {{dialect::mdp01, peer_role::worker}, {"", "MDPW01", "\x01", "s"}},
      {{dialect::mdp02, peer_role::client}, {"MDPC02", "\x01", "s", "body"}},
      {{dialect::mdp02, peer_role::worker}, {"MDPW02", "\x01", "s"}}};
  return all;
}

}  // namespace

TEST_CASE("captured messages between gates have the form that keeps them apart", "[wire][gaterpc]") {
  const std::vector<vector_of_wire> all = in_direction("gate->gate");
  CHECK(all.size() == 20);
  CHECK(all.size() == meanings.size());
  for (const vector_of_wire& v : all) {
    INFO(v.name);
    const auto meaning = meanings.find(v.name);
    REQUIRE(meaning != meanings.end());
    REQUIRE(v.sent.size() >= 3);
    CHECK(v.sent[0].empty());
    CHECK(frames{v.sent[1]} == vector_named("C_GATE_MEMBER"));
    CHECK(frames{v.sent[2]} == vector_named(meaning->second.command));
    CHECK((v.sent.size() > 3 && v.sent[3] == "PLAIN") == meaning->second.login);
  }
  CHECK(in_direction("gate->multicast group").size() == 1);
  for (const std::string datagram : {"multicast_notice", "V_MCAST_NOTICE"}) {
    INFO(datagram);
    REQUIRE(vector_named(datagram).size() == 1);
    CHECK(vector_named(datagram)[0].size() == 43);
    CHECK(vector_named(datagram)[0].substr(16, 7) == std::string("GATE01\0", 7));
  }
}

TEST_CASE("a captured message between gates is in no dialect that is spoken here", "[wire][gaterpc]") {
  for (const vector_of_wire& v : all_between_gates()) {
    INFO(v.name);
    const views_of sent(v.sent);
    CHECK(recognise(sent).speaks == dialect::unknown);
    CHECK(make_foreign_peer(recognise(sent), {}) == nullptr);
    CHECK_FALSE(gate2::recognises(v.sent[0]));
    CHECK_FALSE(gaterpc::read_client_request(sent));
    CHECK_FALSE(gaterpc::read_client_reply(sent));
    CHECK_FALSE(gaterpc::read_from_worker(sent));
    CHECK_FALSE(gaterpc::read_from_broker(sent));
    for (const mdp::layout* const majordomo : {&mdp01::layout, &mdp02::layout}) {
      INFO(majordomo->name);
      CHECK(majordomo->read_from_client(sent).error() == mdp::fault::header);
      CHECK(majordomo->read_to_client(sent).error() == mdp::fault::header);
      CHECK(majordomo->read_from_worker(sent).error() == mdp::fault::header);
      CHECK(majordomo->read_to_worker(sent).error() == mdp::fault::header);
    }
  }
}

TEST_CASE("a login in a captured message between gates logs nobody in", "[wire][gaterpc]") {
  for (const vector_of_wire& v : all_between_gates()) {
    INFO(v.name);
    for (const peer_role role : {peer_role::client, peer_role::worker}) {
      CHECK_FALSE(gaterpc::read_login(role, views_of(v.sent)).given);
    }
  }
}

TEST_CASE("a peer that says a captured message between gates is refused, at first and later", "[wire][gaterpc]") {
  for (const vector_of_wire& v : all_between_gates()) {
    INFO(v.name);
    for (const auto& [who, first] : peers()) {
      for (const bool known : {false, true}) {
        INFO(to_string(who.speaks) << (who.role == peer_role::client ? " client" : " worker")
                                   << (known ? ", known" : ", new"));
        const std::unique_ptr<foreign_peer> peer = make_foreign_peer(who, {});
        foreign_harness wire{*peer, {}, {}, {}};
        if (known) REQUIRE(wire.hear(first).what == received::outcome::taken);
        const received r = wire.hear(v.sent);
        CHECK(r.what == received::outcome::refused);
        CHECK(r.messages().empty());
        CHECK_FALSE(r.credentials.given);
        CHECK(wire.out.messages() == 0);
      }
    }
  }
}

TEST_CASE("a gate-rpc login of another mechanism than PLAIN is none", "[wire][gaterpc]") {
  const frames plain = vector_named("zap_plain.echo.creq");
  const frames body(plain.begin() + 6, plain.end());
  const frames logins[] = {{vector_named("C_ZAP_NULL")[0]}, {vector_named("C_ZAP_CURVE")[0], std::string(32, 'k')}};
  for (frames rest : logins) {
    INFO(rest[0]);
    frames ready{"", "MDPW01", "\x01"};
    ready.insert(ready.end(), rest.begin(), rest.end());
    ready.push_back(vector_named("worker_ready").back());
    CHECK_FALSE(gaterpc::read_from_worker(views_of(ready)));
    rest.insert(rest.end(), body.begin(), body.end());
    const frames request = samples::gaterpc::request_frames("GateRPC", rest);
    const views_of sent(request);
    CHECK_FALSE(gaterpc::read_login(peer_role::client, sent).given);
    std::string_view why;
    CHECK_FALSE(gaterpc::read_arguments(gaterpc::read_client_request(sent)->body, why));
  }
}
