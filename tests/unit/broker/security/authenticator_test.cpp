#include "broker/security/authenticator.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "broker/credential_store/password.hpp"
#include "broker/credential_store/store_text.hpp"
#include "broker/security/zap_desk.hpp"

using namespace gate;
using namespace gate::security;
using namespace std::chrono_literals;

namespace {

// Cheap hashes: their cost is not tested here.
const std::string alices = hash_password("alice's", least_cost), bobs = hash_password("bob's", least_cost);
const curve_key known_key = make_curve_pair().public_key, unknown_key = make_curve_pair().public_key;

std::shared_ptr<const snapshot> read(const std::string& text) {
  const store_source source{"users.toml", text};
  return std::make_shared<const snapshot>(read_store({&source, 1}));
}

const std::string alice = "[principals.alice]\npassword='" + alices + "'\n";
const std::string bob = "[principals.bob]\npassword='" + bobs + "'\n";
const std::string keyed = "[principals.kate]\ncurve='" + to_z85(known_key) + "'\n";

struct jobs final : hasher {
  std::unique_ptr<hash_job> submit(const line& at, std::unique_ptr<hash_job> job) override {
    if (waiting.size() >= room) return job;
    waiting.push_back(std::move(job));
    lines.push_back(at);
    return nullptr;
  }
  std::vector<line> lines;
  std::deque<std::unique_ptr<hash_job>> waiting;
  std::size_t room = 64;
};

struct asked final : external_service {
  bool ask(std::uint64_t id, const attempt& what) override {
    if (!reachable) return false;
    ids.push_back(id);
    last_user = what.user;
    return true;
  }
  std::vector<std::uint64_t> ids;
  std::string last_user;
  bool reachable = true;
};

attempt plain(std::string_view user, std::string_view password, std::string_view address = "10.0.0.1") {
  attempt a;
  a.how = zap::mechanism::plain;
  a.user = user;
  a.password = password;
  a.address = address;
  return a;
}

attempt curve(const curve_key& key) {
  attempt a;
  a.how = zap::mechanism::curve;
  a.key = {reinterpret_cast<const char*>(key.data()), key.size()};
  a.address = "10.0.0.1";
  return a;
}

struct fixture {
  explicit fixture(std::shared_ptr<const snapshot> store, external_service* outside = nullptr)
      : logins(login_settings{}, std::move(store), hashes, outside) {}

  // Decides to the end, with the hashing in between.
  verdict decide(const attempt& what) {
    const authenticator::begun b = logins.begin(what, now);
    if (b.now) return *b.now;
    hash_all();
    for (authenticator::decided& d : logins.take_decided()) {
      if (d.who == b.who) return std::move(d.what);
    }
    FAIL("not decided");
    return {};
  }
  void hash_all() {
    while (!hashes.waiting.empty()) {
      std::unique_ptr<hash_job> job = std::move(hashes.waiting.front());
      hashes.waiting.pop_front();
      checked += job->hashes.size();
      check(*job);
      logins.hashed(std::move(job), now);
    }
  }

  instant now = instant{} + 1h;
  std::size_t checked = 0;
  jobs hashes;
  authenticator logins;
};

}  // namespace

TEST_CASE("the right password lets in whose it is, a wrong one and a missing one nobody", "[security]") {
  fixture f(read(alice + bob));
  const verdict v = f.decide(plain("alice", "alice's"));
  CHECK(v.what == outcome::accepted);
  CHECK(v.principal == "alice");
  CHECK(f.decide(plain("alice", "bob's")).what == outcome::refused);
  CHECK(f.decide(plain("alice", "")).what == outcome::refused);
  CHECK(f.decide(plain("", "")).what == outcome::refused);
}

TEST_CASE("an unknown user costs and is told the same as a wrong password", "[security]") {
  fixture f(read(alice + "[principals.two]\npassword=['" + alices + "','" + bobs + "']\n" + keyed));
  const verdict wrong = f.decide(plain("alice", "wrong"));
  const std::size_t cost = std::exchange(f.checked, 0);
  CHECK(cost == 2);
  for (const char* const user : {"mallory", "two", "kate"}) {
    const verdict unknown = f.decide(plain(user, "wrong"));
    CHECK(unknown.what == outcome::refused);
    CHECK(unknown.why == wrong.why);
    CHECK(std::exchange(f.checked, 0) == cost);
  }
}

TEST_CASE("both of two passwords are right while one replaces the other", "[security]") {
  fixture f(read("[principals.alice]\npassword=['" + alices + "','" + bobs + "']\n"));
  CHECK(f.decide(plain("alice", "alice's")).what == outcome::accepted);
  CHECK(f.decide(plain("alice", "bob's")).what == outcome::accepted);
  CHECK(f.decide(plain("alice", "other")).what == outcome::refused);
}

TEST_CASE("a login is hashed once until the store changes", "[security]") {
  fixture f(read(alice));
  CHECK(f.decide(plain("alice", "alice's")).what == outcome::accepted);
  CHECK(f.checked == 1);
  CHECK(f.decide(plain("alice", "alice's")).what == outcome::accepted);
  CHECK(f.checked == 1);
  CHECK(f.logins.counted().from_cache == 1);
  f.logins.replace(read(alice + bob));
  CHECK(f.decide(plain("alice", "alice's")).what == outcome::accepted);
  CHECK(f.checked == 2);
}

TEST_CASE("a store that was read again and says the same costs nobody a hash", "[security]") {
  fixture f(read(alice + bob));
  const verdict first = f.decide(plain("alice", "alice's"));
  REQUIRE(first.proven);
  const std::size_t before = f.checked;
  f.logins.replace(read(alice + bob));
  CHECK(f.decide(plain("alice", "alice's")).what == outcome::accepted);
  attempt again = plain("alice", "alice's");
  again.former = &*first.proven;
  CHECK(f.decide(again).what == outcome::accepted);
  CHECK(f.checked == before);
}

TEST_CASE("a password that is being checked is not checked anew when others of the store change", "[security]") {
  fixture f(read(alice));
  const auto check_once = [&f](const attempt& what, const std::string& next) {
    const authenticator::begun b = f.logins.begin(what, f.now);
    REQUIRE_FALSE(b.now);
    REQUIRE(f.hashes.waiting.size() == 1);
    std::unique_ptr<hash_job> job = std::move(f.hashes.waiting.front());
    f.hashes.waiting.pop_front();
    check(*job);
    f.logins.replace(read(next));
    f.logins.hashed(std::move(job), f.now);
    CHECK(f.hashes.waiting.empty());
    const auto decided = f.logins.take_decided();
    REQUIRE(decided.size() == 1);
    return decided[0].what.what;
  };
  CHECK(check_once(plain("alice", "alice's"), alice + bob) == outcome::accepted);
  CHECK(check_once(plain("alice", "wrong"), alice) == outcome::refused);
  CHECK(check_once(plain("mallory", "wrong"), alice + bob) == outcome::refused);
}

TEST_CASE("a password is checked anew when its user has another one meanwhile", "[security]") {
  fixture f(read(alice));
  const authenticator::begun b = f.logins.begin(plain("alice", "alice's"), f.now);
  REQUIRE_FALSE(b.now);
  f.logins.replace(read("[principals.alice]\npassword='" + bobs + "'\n"));
  f.hash_all();
  const auto decided = f.logins.take_decided();
  REQUIRE(decided.size() == 1);
  CHECK(decided[0].what.what == outcome::refused);
  CHECK(f.checked == 2);
}

TEST_CASE("a revoked user is refused at once, on a connection that was let in too", "[security]") {
  fixture f(read(alice));
  const verdict first = f.decide(plain("alice", "alice's"));
  REQUIRE(first.proven);
  attempt again = plain("alice", "alice's");
  again.former = &*first.proven;
  CHECK(f.decide(again).what == outcome::accepted);
  f.logins.replace(read(bob));
  CHECK(f.decide(again).what == outcome::refused);
}

TEST_CASE("a user who is revoked while the password is being checked is refused", "[security]") {
  fixture f(read(alice));
  const authenticator::begun b = f.logins.begin(plain("alice", "alice's"), f.now);
  REQUIRE_FALSE(b.now);
  f.logins.replace(read(bob));
  f.hash_all();
  const auto decided = f.logins.take_decided();
  REQUIRE(decided.size() == 1);
  CHECK(decided[0].what.what == outcome::refused);
}

TEST_CASE("a former proof is worth nothing with another password", "[security]") {
  fixture f(read(alice));
  const verdict first = f.decide(plain("alice", "alice's"));
  attempt forged = plain("alice", "wrong");
  forged.former = &*first.proven;
  CHECK(f.decide(forged).what == outcome::refused);
  attempt other = plain("bob", "alice's");
  other.former = &*first.proven;
  CHECK(f.decide(other).what == outcome::refused);
}

TEST_CASE("those who come with the same password wait for one check", "[security]") {
  fixture f(read(alice));
  std::vector<authenticator::ticket> tickets;
  for (int i = 0; i < 100; ++i) {
    const authenticator::begun b = f.logins.begin(plain("alice", "alice's"), f.now);
    REQUIRE_FALSE(b.now);
    tickets.push_back(b.who);
  }
  CHECK(f.hashes.waiting.size() == 1);
  f.hash_all();
  const auto decided = f.logins.take_decided();
  REQUIRE(decided.size() == 100);
  for (std::size_t i = 0; i < tickets.size(); ++i) {
    CHECK(decided[i].who == tickets[i]);
    CHECK(decided[i].what.what == outcome::accepted);
  }
  CHECK(f.logins.pending() == 0);
}

TEST_CASE("a guesser is put off without a check, even with the right password, and cannot ask the cache",
          "[security]") {
  fixture f(read(alice));
  const verdict first = f.decide(plain("alice", "alice's", "10.0.0.2"));
  for (int i = 0; i < 5; ++i) CHECK(f.decide(plain("alice", "guess" + std::to_string(i))).what == outcome::refused);
  const std::size_t checked = f.checked;
  const verdict v = f.decide(plain("alice", "alice's"));
  CHECK(v.what == outcome::later);
  CHECK(v.retry_after == 1s);
  CHECK(f.checked == checked);
  // Other addresses are let in, and so is a peer from there that is connected already.
  CHECK(f.decide(plain("alice", "alice's", "10.0.0.2")).what == outcome::accepted);
  attempt again = plain("alice", "alice's");
  again.former = &*first.proven;
  CHECK(f.decide(again).what == outcome::accepted);
  f.now += 1s;
  CHECK(f.decide(plain("alice", "alice's")).what == outcome::accepted);
}

TEST_CASE("a flood of logins is bounded and every one of them is answered", "[security]") {
  fixture f(read(alice));
  std::size_t later = 0, open = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string user = "user" + std::to_string(i),
                      address = "10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250);
    const authenticator::begun b = f.logins.begin(plain(user, "x", address), f.now);
    if (b.now) {
      CHECK(b.now->what == outcome::later);
      ++later;
    } else {
      ++open;
    }
  }
  CHECK(open == f.hashes.room);
  CHECK(later + open == 10'000);
  for (auto& job : std::exchange(f.hashes.waiting, {})) f.logins.hashed(std::move(job), f.now);
  CHECK(f.logins.take_decided().size() == open);
  CHECK(f.logins.pending() == 0);
}

TEST_CASE("a known key lets in, an unknown one does not, whatever it claims", "[security]") {
  fixture f(read(keyed + alice));
  const verdict v = f.decide(curve(known_key));
  CHECK(v.what == outcome::accepted);
  CHECK(v.principal == "kate");
  CHECK(f.decide(curve(unknown_key)).what == outcome::refused);
  attempt short_key = curve(known_key);
  short_key.key = short_key.key.substr(1);
  CHECK(f.decide(short_key).what == outcome::refused);
  // A peer with a right key comes in, even after many wrong keys from there.
  for (int i = 0; i < 20; ++i) CHECK(f.decide(curve(unknown_key)).what == outcome::refused);
  CHECK(f.decide(curve(known_key)).what == outcome::accepted);
}

TEST_CASE("who proves nothing is anonymous where there is no store, and else only if the store says so", "[security]") {
  CHECK(fixture(nullptr).decide({}).principal == "anonymous");
  CHECK(fixture(read(alice)).decide({}).what == outcome::refused);
  CHECK(fixture(read("[principals.anonymous]\n")).decide({}).principal == "anonymous");
}

TEST_CASE("a password or a key without a store is refused", "[security]") {
  fixture f(nullptr);
  CHECK(f.decide(plain("alice", "alice's")).what == outcome::refused);
  CHECK(f.decide(curve(known_key)).what == outcome::refused);
}

TEST_CASE("over-long users and passwords are refused without a check", "[security]") {
  fixture f(read(alice));
  CHECK(f.decide(plain(std::string(256, 'u'), "x")).what == outcome::refused);
  CHECK(f.decide(plain("alice", std::string(256, 'p'))).what == outcome::refused);
  CHECK(f.checked == 0);
}

TEST_CASE("an external service decides in place of the store", "[security]") {
  asked outside;
  fixture f(nullptr, &outside);
  const authenticator::begun b = f.logins.begin(plain("alice", "x"), f.now);
  REQUIRE_FALSE(b.now);
  REQUIRE(outside.ids.size() == 1);
  CHECK(outside.last_user == "alice");
  zap::reply yes;
  yes.code = zap::status::ok;
  yes.user_id = "alice";
  f.logins.answered(outside.ids[0], &yes, f.now);
  CHECK(f.logins.take_decided().at(0).what.principal == "alice");
  // A positive answer counts for a while, and no longer.
  const authenticator::begun again = f.logins.begin(plain("alice", "x"), f.now + 9s);
  CHECK(again.now->what == outcome::accepted);
  CHECK(again.now->proven->expires == f.now + 10s);  // the expiry stays: using the answer does not renew it
  CHECK_FALSE(f.logins.begin(plain("alice", "x"), f.now + 10s).now);
  CHECK(outside.ids.size() == 2);
}

TEST_CASE("an outage of the external service is never a lasting refusal", "[security]") {
  asked outside;
  fixture f(nullptr, &outside);
  for (int i = 0; i < 20; ++i) {
    const authenticator::begun b = f.logins.begin(plain("alice", "x"), f.now);
    REQUIRE_FALSE(b.now);
    CHECK(f.logins.next_deadline() == f.now + 5s);
    f.now += 5s;
    f.logins.tick(f.now);
    CHECK(f.logins.take_decided().at(0).what.what == outcome::later);
  }
  outside.reachable = false;
  CHECK(f.logins.begin(plain("alice", "x"), f.now).now->what == outcome::later);
  outside.reachable = true;
  const authenticator::begun b = f.logins.begin(plain("alice", "x"), f.now);
  REQUIRE_FALSE(b.now);
  f.logins.answered(outside.ids[0], nullptr, f.now);  // much too late for the first login
  CHECK(f.logins.take_decided().empty());
  zap::reply yes;
  yes.code = zap::status::ok;
  f.logins.answered(outside.ids.back(), &yes, f.now);
  CHECK(f.logins.take_decided().at(0).what.what == outcome::accepted);
}

TEST_CASE("an external service that fails is not held against the peer, one that refuses is", "[security]") {
  asked outside;
  fixture f(nullptr, &outside);
  for (const auto code : {zap::status::internal, zap::status::temporary}) {
    for (int i = 0; i < 10; ++i) {
      REQUIRE_FALSE(f.logins.begin(plain("alice", "x"), f.now).now);
      zap::reply reply;
      reply.code = code;
      f.logins.answered(outside.ids.back(), &reply, f.now);
      CHECK(f.logins.take_decided().at(0).what.what == outcome::later);
    }
  }
  for (int i = 0; i < 5; ++i) {
    REQUIRE_FALSE(f.logins.begin(plain("alice", "x"), f.now).now);
    zap::reply no;
    no.code = zap::status::refused;
    f.logins.answered(outside.ids.back(), &no, f.now);
    CHECK(f.logins.take_decided().at(0).what.what == outcome::refused);
  }
  CHECK(f.logins.begin(plain("alice", "x"), f.now).now->why == "too many failed logins from there");
}

TEST_CASE("each login is told to the audit log, without the password", "[security]") {
  fixture f(read(alice));
  std::string told;
  f.logins.on_event([&](const login_event& e) {
    told +=
        std::string(e.user) + "@" + std::string(e.address) + (e.what.what == outcome::accepted ? " in. " : " out. ");
  });
  f.decide(plain("alice", "alice's"));
  f.decide(plain("alice", "wrong"));
  CHECK(told == "alice@10.0.0.1 in. alice@10.0.0.1 out. ");
}

TEST_CASE("the ZAP desk answers each request once, with what the login says", "[security]") {
  fixture f(read(alice));
  zap_desk desk(f.logins, {"gate"});
  const auto ask = [&](std::vector<std::string> frames) {
    const std::vector<bytes_view> seen(frames.begin(), frames.end());
    return desk.receive(seen, f.now);
  };
  CHECK_FALSE(ask({"p", "", "1.0", "7", "gate", "10.0.0.1", "", "PLAIN", "alice", "alice's"}));
  CHECK(desk.waiting() == 1);
  f.hash_all();
  const auto decided = f.logins.take_decided();
  REQUIRE(decided.size() == 1);
  CHECK(desk.decided(decided[0]) == zap::frames{"p", "", "1.0", "7", "200", "OK", "alice", ""});
  CHECK_FALSE(desk.decided(decided[0]));
  CHECK(desk.waiting() == 0);

  CHECK(ask({"", "1.0", "8", "other", "10.0.0.1", "", "PLAIN", "alice", "alice's"})->at(3) == "400");
  CHECK(ask({"", "1.0", "9", "gate", "10.0.0.1", "", "NULL"})->at(3) == "400");
  CHECK(ask({"", "1.1", "10", "gate", "10.0.0.1", "", "NULL"})->at(3) == "500");
  CHECK_FALSE(ask({"1.0", "9", "gate"}));
  CHECK(desk.malformed() == 2);
  f.hashes.room = 0;
  CHECK(ask({"", "1.0", "11", "gate", "10.0.0.9", "", "PLAIN", "bob", "x"})->at(3) == "300");
}

TEST_CASE("a digest tells users, passwords and ways apart, and processes", "[security]") {
  const digester one, other;
  CHECK(one.of("PLAIN", "a", "bc") == one.of("PLAIN", "a", "bc"));
  CHECK(one.of("PLAIN", "a", "bc") != one.of("PLAIN", "ab", "c"));
  CHECK(one.of("PLAIN", "a", "bc") != one.of("CURVE", "a", "bc"));
  CHECK(one.of("PLAIN", "a", "bc") != other.of("PLAIN", "a", "bc"));
}

TEST_CASE("the failures of one user hold up no other, and of strangers no user", "[security]") {
  for (const char* address : {"127.0.0.1", "10.0.0.1", "localhost:0:0:1"}) {
    fixture f(read(alice + bob));
    for (int i = 0; i < 10; ++i) f.decide(plain("bob", "wrong" + std::to_string(i), address));
    for (int i = 0; i < 10; ++i) f.decide(plain("nobody" + std::to_string(i), "x", address));
    CHECK(f.decide(plain("bob", "bob's", address)).what == outcome::later);
    CHECK(f.decide(plain("nobody", "x", address)).what == outcome::later);
    CHECK(f.decide(plain("alice", "alice's", address)).what == outcome::accepted);
    CHECK(f.decide(plain("bob", "bob's", "10.0.0.9")).what == outcome::accepted);
  }
}

TEST_CASE("who came in before from there comes in again, whatever others do there under the same name", "[security]") {
  fixture f(read(alice));
  CHECK(f.decide(plain("alice", "alice's")).what == outcome::accepted);
  for (int i = 0; i < 10; ++i) f.decide(plain("alice", "wrong" + std::to_string(i)));
  const std::size_t checked = f.checked;
  CHECK(f.decide(plain("alice", "alice's")).what == outcome::accepted);
  CHECK(f.checked == checked);
  // From another address, this would be a way to guess passwords.
  for (int i = 0; i < 5; ++i) f.decide(plain("alice", "wrong" + std::to_string(i), "10.0.0.2"));
  CHECK(f.decide(plain("alice", "alice's", "10.0.0.2")).what == outcome::later);
}

TEST_CASE("while a pause is due no more than a few passwords a second are compared with what was right", "[security]") {
  fixture f(read(alice));
  CHECK(f.decide(plain("alice", "alice's")).what == outcome::accepted);
  for (int i = 0; i < 10; ++i) f.decide(plain("alice", "wrong" + std::to_string(i)));
  f.now += 1ms;
  for (int i = 0; i < 100; ++i) f.decide(plain("alice", "guess" + std::to_string(i)));
  CHECK(f.decide(plain("alice", "alice's")).what == outcome::later);
  f.now += 1s;
  CHECK(f.decide(plain("alice", "alice's")).what == outcome::accepted);
}

TEST_CASE("an address that strangers have blocked does not tell who is in the store", "[security]") {
  fixture f(read(alice + bob));
  SECTION("by many names") {
    for (int i = 0; i < 5; ++i) CHECK(f.decide(plain("nobody" + std::to_string(i), "x")).what == outcome::refused);
  }
  SECTION("by one that is known") {
    for (int i = 0; i < 5; ++i) CHECK(f.decide(plain("bob", std::to_string(i))).what == outcome::refused);
  }
  SECTION("by one that is not") {
    for (int i = 0; i < 5; ++i) CHECK(f.decide(plain("nobody", std::to_string(i))).what == outcome::refused);
  }
  const verdict stranger = f.decide(plain("mallory", "x")), known = f.decide(plain("alice", "x"));
  CHECK(stranger.what == outcome::later);
  CHECK(known.what == outcome::later);
  CHECK(stranger.why == known.why);
}

TEST_CASE("what others tell of an address at zap_bind blocks nobody there", "[security]") {
  fixture f(read(alice));
  for (int i = 0; i < 10; ++i) {
    const std::string guess = "guess" + std::to_string(i);
    attempt told = plain("alice", guess);
    told.hearsay = true;
    CHECK(f.decide(told).what == (i < 5 ? outcome::refused : outcome::later));
  }
  CHECK(f.decide(plain("alice", "alice's")).what == outcome::accepted);
  attempt as_alice = plain("alice", "alice's");
  as_alice.hearsay = true;
  CHECK(f.decide(as_alice).what == outcome::later);
}

TEST_CASE("a password waits in its own line: strangers of an address share one", "[security]") {
  fixture f(read(alice));
  f.decide(plain("alice", "alice's"));
  f.logins.begin(plain("alice", "other"), f.now);
  f.logins.begin(plain("alice", "other", "10.0.0.7"), f.now);
  f.logins.begin(plain("nobody1", "x"), f.now);
  f.logins.begin(plain("nobody2", "x"), f.now);
  REQUIRE(f.hashes.lines.size() == 4);
  CHECK(f.hashes.lines[1].who == asker::familiar);
  CHECK(f.hashes.lines[2].who == asker::stranger);
  CHECK(f.hashes.lines[2].place == f.hashes.lines[3].place);
  CHECK(f.hashes.lines[2].owner == f.hashes.lines[3].owner);
}

TEST_CASE("when too many wait for checks, those for whom most wait give way", "[security]") {
  fixture f(read(alice + bob));
  for (int i = 0; i < 4096; ++i) CHECK_FALSE(f.logins.begin(plain("alice", "wrong"), f.now).now);
  const authenticator::begun bobs_own = f.logins.begin(plain("bob", "bob's"), f.now);
  CHECK_FALSE(bobs_own.now);
  auto decided = f.logins.take_decided();
  REQUIRE(decided.size() == 1);
  CHECK(decided[0].what.what == outcome::later);
  CHECK(decided[0].who != bobs_own.who);
  f.hash_all();
  decided = f.logins.take_decided();
  CHECK(decided.size() == 4096);
  const auto of_bob =
      std::find_if(decided.begin(), decided.end(), [&](const auto& d) { return d.who == bobs_own.who; });
  REQUIRE(of_bob != decided.end());
  CHECK(of_bob->what.what == outcome::accepted);
}

TEST_CASE("who comes again with the same wrong password waits for itself alone, and costs no hash", "[security]") {
  for (const char* address : {"127.0.0.1", "10.0.0.1"}) {
    fixture f(read(alice));
    for (int i = 0; i < 5; ++i) CHECK(f.decide(plain("alice", "wrong", address)).what == outcome::refused);
    CHECK(f.checked == 1);
    const verdict v = f.decide(plain("alice", "wrong", address));
    CHECK(v.what == outcome::later);
    CHECK(v.retry_after == 1s);
    f.now += 1s;
    CHECK(f.decide(plain("alice", "wrong", address)).what == outcome::refused);
    CHECK(f.decide(plain("alice", "wrong", address)).retry_after == 2s);
    // A peer with the right password comes in, even if it was never seen before.
    CHECK(f.decide(plain("alice", "alice's", address)).what == outcome::accepted);
    for (int i = 0; i < 5; ++i) CHECK(f.decide(plain("nobody", "wrong", address)).what == outcome::refused);
    CHECK(f.decide(plain("nobody", "wrong", address)).what == outcome::later);
    CHECK(f.decide(plain("nobody-else", "wrong", address)).what == outcome::refused);
  }
}

TEST_CASE("a password that was wrong may be right when the store has changed", "[security]") {
  fixture f(read(alice));
  for (int i = 0; i < 3; ++i) CHECK(f.decide(plain("bob", "bob's")).what == outcome::refused);
  f.logins.replace(read(alice + bob));
  CHECK(f.decide(plain("bob", "bob's")).what == outcome::accepted);
}
