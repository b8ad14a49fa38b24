#include "broker/engine/login_desk.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

using namespace gate;
using namespace gate::broker;
using security::outcome;
using security::verdict;

namespace {

using texts = std::vector<std::string>;

verdict of(outcome what, std::string principal = {}) {
  verdict v;
  v.what = what;
  v.principal = std::move(principal);
  v.why = "because";
  return v;
}

// A gate-rpc client whose logins are checked by the test.
struct desk final : login_desk::listener {
  // What a client says under that user, of the call with that id.
  void says(const std::string& user, const std::string& id) {
    const texts all{"", "MDPC01", "echo", "PLAIN", user, "sesame", id, "\xa4read", "\x90", "\x80"};
    logins.received(peer, std::vector<bytes_view>(all.begin(), all.end()));
  }
  // The gatekeeper has decided about the oldest login that it was asked about.
  void decides(const verdict& v) {
    auto decided = std::move(asked.front());
    asked.erase(asked.begin());
    decided(v);
  }

  void logged_in(remote_peer& p, std::string_view principal) override {
    p.principal = principal;
    told.push_back("logged in " + std::string(principal));
  }
  void accepted(remote_peer&, wire::frames_view frames) override {
    told.push_back("accepted " + std::string(frames[6]));
  }
  void declined(remote_peer&, wire::frames_view frames, refusal why, std::string_view) override {
    told.push_back("declined " + std::string(frames[6]) + ' ' + std::string(to_string(row_of(why).status)));
  }
  void turned_away(remote_peer& p, refusal, std::string_view) override {
    p.cut = true;
    told.push_back("turned away");
  }
  texts take() { return std::exchange(told, {}); }

  broker_options options;
  buffer_pool spare;
  byte_total owed;
  waiting_room room{100'000, 0};
  remote_peers peers;
  io_counters counted;
  std::optional<verdict> at_once;
  std::vector<unique_function<void(verdict)>> asked;
  login_desk logins{peers, counted,
                    [this](const security::attempt&, unique_function<void(verdict)> decided) {
                      if (!at_once) asked.push_back(std::move(decided));
                      return at_once;
                    },
                    *this};
  remote_peer& peer = add();
  texts told;

 private:
  remote_peer& add() {
    remote_peer& added = peers.add(0, "a", spare, owed);
    added.foreign =
        std::make_unique<foreign_link>(wire::recognised{dialect::gaterpc, peer_role::client}, options, owed, owed);
    added.logins = std::make_unique<message_login>(room);
    return added;
  }
};

}  // namespace

TEST_CASE("messages wait for the verdict of the first, and pass in order", "[broker][security][logins]") {
  desk d;
  d.says("alice", "1");
  d.says("alice", "2");
  CHECK(d.take().empty());
  CHECK(d.asked.size() == 1);
  d.at_once = of(outcome::accepted, "alice");  // later checks are quick
  d.decides(of(outcome::accepted, "alice"));
  CHECK(d.take() == texts{"logged in alice", "accepted 1", "accepted 2"});
  d.says("alice", "3");
  CHECK(d.take() == texts{"accepted 3"});
}

TEST_CASE("a peer whose login is refused is turned away, and what waits behind it is not looked at",
          "[broker][security][logins]") {
  desk d;
  d.says("alice", "1");
  d.says("alice", "2");
  d.decides(of(outcome::refused));
  CHECK(d.take() == texts{"declined 1 unauthenticated", "turned away"});
  CHECK(d.asked.empty());
  CHECK(d.counted.logins_refused == 1);
  CHECK(d.counted.reasons.of(refusal::login_refused) == 1);
}

TEST_CASE("a message under another user than the first is refused", "[broker][security][logins]") {
  desk d;
  d.at_once = of(outcome::accepted, "alice");
  d.says("alice", "1");
  d.at_once = of(outcome::accepted, "bob");
  d.says("bob", "2");
  CHECK(d.take() == texts{"logged in alice", "accepted 1", "declined 2 unauthenticated", "turned away"});
  CHECK(d.counted.impostors == 1);
  CHECK(d.counted.reasons.of(refusal::another_user) == 1);
}

TEST_CASE("a client that has logged in may try again if its login cannot be checked now, and another may not",
          "[broker][security][logins]") {
  desk known, fresh;
  known.at_once = of(outcome::accepted, "alice");
  known.says("alice", "1");
  (void)known.take();
  known.at_once = fresh.at_once = of(outcome::later);
  known.says("alice", "2");
  CHECK(known.take() == texts{"declined 2 busy"});
  fresh.says("alice", "1");
  CHECK(fresh.take() == texts{"declined 1 busy", "turned away"});
}

TEST_CASE("a message for which there is no room while logins are checked is declined", "[broker][security][logins]") {
  desk d;
  d.says("alice", "1");
  d.room.bytes_max = d.room.bytes;
  d.says("alice", "2");
  CHECK(d.take() == texts{"declined 2 busy", "turned away"});
}

TEST_CASE("a verdict about a peer that has gone is discarded", "[broker][security][logins]") {
  desk d;
  d.says("alice", "1");
  d.peers.remove(d.peer);
  d.decides(of(outcome::accepted, "alice"));
  CHECK(d.take().empty());
}
