#include "broker/security/zap.hpp"

#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "broker/security/endpoint_auth.hpp"
#include "tests/support/gaterpc_vectors.hpp"

using namespace gate;
using namespace gate::security;
using gate::samples::gaterpc::in_direction;
using gate::samples::gaterpc::vector_named;
using gate::samples::gaterpc::vector_of_wire;

namespace {

using words = std::vector<std::string>;
using views = std::vector<bytes_view>;

views view(const words& frames) { return views(frames.begin(), frames.end()); }

// A view of frames that live as long as the test does.
struct sample {
  explicit sample(words w) : frames(std::move(w)), seen(view(frames)) {}
  words frames;
  views seen;
  zap::parsed_request read() const { return zap::parse_request(seen); }
};

words plain(const std::string& user = "alice", const std::string& password = "secret") {
  return {"peer", "", "1.0", "id", "gate", "127.0.0.1", "", "PLAIN", user, password};
}

}  // namespace

TEST_CASE("a ZAP request is read with all that it says", "[security]") {
  const sample s(plain());
  const auto parsed = s.read();
  REQUIRE(parsed.valid);
  CHECK(parsed.valid->envelope.size() == 2);
  CHECK(parsed.valid->id == "id");
  CHECK(parsed.valid->domain == "gate");
  CHECK(parsed.valid->address == "127.0.0.1");
  CHECK(parsed.valid->how == zap::mechanism::plain);
  CHECK(parsed.valid->user == "alice");
  CHECK(parsed.valid->password == "secret");

  const sample curve({"", "1.0", "", "", "", "", "CURVE", std::string(32, '\0')});
  REQUIRE(curve.read().valid);
  CHECK(curve.read().valid->key == std::string(32, '\0'));
  const sample null({"a", "b", "", "1.0", "1", "d", "a", "i", "NULL"});
  REQUIRE(null.read().valid);
  CHECK(null.read().valid->envelope.size() == 3);
}

TEST_CASE("a request that can be answered is, whatever is wrong behind its id", "[security]") {
  const words wrong[] = {
      {"", "2.0", "id", "", "", "", "NULL"},
      {"", "1.0", "id"},
      {"", "1.0", "id", "", "", ""},
      {"", "1.0", "id", "", "", "", "NULL", "extra"},
      {"", "1.0", "id", "", "", "", "PLAIN", "alice"},
      {"", "1.0", "id", "", "", "", "PLAIN", "alice", "secret", "more"},
      {"", "1.0", "id", "", "", "", "CURVE", std::string(31, 'k')},
      {"", "1.0", "id", "", "", "", "CURVE", std::string(40, 'k')},
      {"", "1.0", "id", "", "", "", "GSSAPI", "p"},
      {"", "1.0", "id", "", "", "", "plain", "alice", "secret"},
      {"", "1.0", "id", "", std::string(256, 'a'), "", "NULL"},
      {"", "1.0", "id", "", "", "", "PLAIN", std::string(256, 'u'), "secret"},
  };
  for (const words& frames : wrong) {
    const sample s(frames);
    const auto parsed = s.read();
    CHECK_FALSE(parsed.valid);
    CHECK_FALSE(parsed.why.empty());
    CHECK(parsed.can_be_answered);
    CHECK(parsed.id == "id");
  }
}

TEST_CASE("a message without an envelope or an id is dropped", "[security]") {
  for (const words& frames : {words{}, words{"a"}, words{"a", "b"}, words{""}, words{"", "1.0"},
                              words{"", "1.0", std::string(256, 'i')}, words(20, "x")}) {
    const sample s(frames);
    CHECK_FALSE(s.read().valid);
    CHECK_FALSE(s.read().can_be_answered);
  }
  words deep(9, "hop");
  for (const char* const f : {"", "1.0", "id", "", "", "", "NULL"}) deep.push_back(f);
  CHECK_FALSE(sample(deep).read().can_be_answered);
}

TEST_CASE("a reply goes back over the envelope, with a user only when it says yes", "[security]") {
  const sample s(plain());
  const auto r = *s.read().valid;
  CHECK(zap::compose_reply(r.envelope, r.id, zap::status::ok, "OK", "alice") ==
        words{"peer", "", "1.0", "id", "200", "OK", "alice", ""});
  CHECK(zap::compose_reply(r.envelope, r.id, zap::status::refused, "no", "alice") ==
        words{"peer", "", "1.0", "id", "400", "no", "", ""});
  CHECK(zap::compose_reply(r.envelope, r.id, zap::status::temporary, "", "")[4] == "300");
  const words too_long = zap::compose_reply(r.envelope, r.id, zap::status::ok, "OK", std::string(256, 'u'));
  CHECK(too_long[4] == "500");
  CHECK(too_long[6].empty());
  CHECK(zap::compose_reply(r.envelope, r.id, zap::status::refused, std::string(300, 't'), "")[5].size() == 255);
}

TEST_CASE("metadata is written as ZMTP writes properties and read again", "[security]") {
  const std::pair<std::string_view, std::string_view> properties[] = {{"Role", "worker"}, {"X", ""}};
  const words reply = zap::compose_reply({}, "id", zap::status::ok, "OK", "u", properties);
  CHECK(reply.back() == std::string("\x04Role\0\0\0\x06worker\x01X\0\0\0\0", 21));
  const auto read = zap::parse_metadata(reply.back());
  REQUIRE(read);
  REQUIRE(read->size() == 2);
  CHECK((*read)[0].first == "Role");
  CHECK((*read)[0].second == "worker");
  for (std::size_t cut = 1; cut < reply.back().size(); ++cut) {
    if (cut != 15) CHECK_FALSE(zap::parse_metadata(bytes_view(reply.back()).substr(0, cut)));
  }
  CHECK_FALSE(zap::parse_metadata({"\x01X\xff\xff\xff\xff", 6}));
  CHECK_FALSE(zap::parse_metadata({"\0\0\0\0\0", 5}));
}

TEST_CASE("what gate-rpc asks a ZAP service is asked in the same bytes", "[security]") {
  // gate-rpc puts the peer's routing id where the address belongs.
  const std::map<std::string, std::string> peers{{"zap_service.request_for_worker", "ID_golden-worker"},
                                                 {"zap_service.request_for_client", "ID_golden-client"}};
  const std::vector<vector_of_wire> all = in_direction("broker->zap");
  CHECK(all.size() == peers.size());
  for (const vector_of_wire& v : all) {
    INFO(v.name);
    const sample golden(v.sent);
    const auto parsed = golden.read();
    REQUIRE(parsed.valid);
    CHECK(parsed.valid->envelope.size() == 1);
    CHECK(parsed.valid->domain == vector_named("C_ZAP_DOMAIN")[0]);
    CHECK(parsed.valid->address == vector_named(peers.at(v.name))[0]);
    CHECK(parsed.valid->identity == vector_named(peers.at(v.name))[0]);
    CHECK(parsed.valid->how == zap::mechanism::plain);
    CHECK(parsed.valid->user == "alice");
    CHECK(parsed.valid->password == "secret");
    CHECK(zap::compose_request(*parsed.valid) == golden.frames);
  }
}

TEST_CASE("what a ZAP service of gate-rpc answers is understood, and answered in the same bytes", "[security]") {
  const std::vector<vector_of_wire> all = in_direction("zap->broker");
  CHECK(all.size() == 3);
  for (const vector_of_wire& v : all) {
    INFO(v.name);
    const bool admitted = v.name != "zap_service.reply_400";
    const views seen = view(v.sent);
    const auto reply = zap::parse_reply(seen);
    REQUIRE(reply);
    CHECK(reply->code == (admitted ? zap::status::ok : zap::status::refused));
    CHECK(reply->text == (admitted ? "OK" : "Invalid password"));
    CHECK(reply->user_id == (admitted ? "alice" : ""));
    const bytes_view empty[] = {""};
    CHECK(zap::compose_reply(empty, reply->id, reply->code, reply->text, reply->user_id) == v.sent);
  }
}

TEST_CASE("the captured words of ZAP are ours", "[security]") {
  const std::string id = "ID_golden-worker";
  const std::map<std::string, std::string_view> ours{{"C_ZAP_VERSION", zap::version},
                                                     {"C_ZAP_NULL", to_string(zap::mechanism::null)},
                                                     {"C_ZAP_CURVE", to_string(zap::mechanism::curve)},
                                                     {"C_ZAP_DOMAIN", socket_words().domain}};
  for (const std::string& name : gate::samples::gaterpc::zap_words) {
    INFO(name);
    if (name == id) continue;  // the requests above have it
    REQUIRE(ours.count(name) == 1);
    CHECK(vector_named(name) == words{std::string(ours.at(name))});
  }
}

TEST_CASE("what is no reply is none, and a refusal names nobody", "[security]") {
  const words right{"", "1.0", "id", "200", "OK", "alice", ""};
  const auto read = [](const words& frames) {
    const views seen = view(frames);
    return zap::parse_reply(seen).has_value();
  };
  CHECK(read(right));
  for (std::size_t i = 0; i < right.size(); ++i) {
    words fewer = right;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    CHECK_FALSE(read(fewer));
  }
  const auto with = [&](std::size_t at, const std::string& frame) {
    words changed = right;
    changed[at] = frame;
    return changed;
  };
  CHECK_FALSE(read(with(0, "x")));
  CHECK_FALSE(read(with(1, "1.1")));
  for (const char* const status : {"", "20", "2000", "201", "600", "abc"}) CHECK_FALSE(read(with(3, status)));
  CHECK_FALSE(read(with(5, std::string(256, 'u'))));
  CHECK_FALSE(read(with(6, "junk")));
  CHECK(read(with(3, "300")));
  const words refused = with(3, "400");
  const views seen = view(refused);
  CHECK(zap::parse_reply(seen)->user_id.empty());
}
