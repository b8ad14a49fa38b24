// gate-broker with another program's ZAP service, written from RFC 27: right and wrong logins, and a service in
// trouble.
#include <chrono>
#include <csignal>
#include <future>
#include <string>

#include <catch2/catch.hpp>

#include <gate/client.hpp>
#include <gate/credentials.hpp>

#include "tests/support/login_peer.hpp"
#include "tests/support/python_peers.hpp"
#include "tests/support/scratch_folder.hpp"

using namespace gate;
using namespace gate::test;
using namespace std::chrono_literals;
using login_end = handshake::kind;

namespace {

const python_zap_service::users everybody{{"alice", "sesame", "200"}, {"bob", "sesame", "200"}};

// A ZAP service, and a broker that asks it. `more`: lines for the broker's configuration.
struct site {
  explicit site(const std::string& more, const python_zap_service::users& known = everybody)
      : service("ipc://" + folder.file("zap"), known),
        broker(arguments{"--config", folder.write("gate.toml", "auth = 'plain'\nzap_service = 'ipc://" +
                                                                   folder.file("zap") + "'\n" + more)}) {}

  Client client(const std::string& user, const std::string& password = "sesame") const {
    client_options options(broker.frontend());
    options.credentials = credentials::plain(user, password);
    options.connect_timeout = patience;  // so long that no call ends by it
    return Client(options);
  }
  handshake log_in(const std::string& user, const std::string& password = "sesame") const {
    return gate::test::log_in(broker.frontend(), plain(user, password));
  }
  bool is_put_off(const std::string& user) const { return log_in(user).end == login_end::broken_off; }
  bool is_refused(const std::string& user, const std::string& password) const {
    const handshake end = log_in(user, password);
    return end.end == login_end::refused && end.value == 400;
  }

  scratch_folder folder;
  python_zap_service service;
  broker_program broker;
};

const std::string remembers = "zap_cache_time = '10min'\n";
const std::string asks_each_time = "zap_cache_time = '0ms'\n";
const std::string in_haste = "zap_timeout = '1s'\nhello_timeout = '2s'\n";  // logins are put off soon

// Logs in again and again as long as the peer is put off. Returns how the last attempt ended.
login_end end_for(login_peer& peer) {
  const auto end = std::chrono::steady_clock::now() + patience;
  handshake last;
  do {
    last = peer.next();
  } while (last.end == login_end::broken_off && std::chrono::steady_clock::now() < end);
  return last.end;
}

bool answers(const Client& client) {
  client["gate"]["ping"]().get<value>();
  return true;
}

}  // namespace

TEST_CASE("whom a ZAP service of others lets in is let in, and others are told at once", "[security]") {
  site at(remembers);
  CHECK(answers(at.client("alice")));
  CHECK(at.log_in("bob").end == login_end::succeeded);
  CHECK(at.is_refused("alice", "guess"));
  CHECK(at.is_refused("mallory", "sesame"));
  const Client refused = at.client("alice", "guess");
  CHECK(error_of([&] { answers(refused); }).code() == errc::unauthenticated);
  CHECK(at.service.program->text(process::stream::out).find("guess") == std::string::npos);
}

TEST_CASE("the yes of a ZAP service counts for zap_cache_time, its no for nothing", "[security]") {
  for (const bool cached : {true, false}) {
    CAPTURE(cached);
    site at(cached ? remembers : asks_each_time);
    const Client alice = at.client("alice");
    CHECK(answers(alice));
    at.service.program->wait_for_line("asked PLAIN alice 200");
    const std::size_t asked = at.service.program->count_lines("asked PLAIN alice 200", process::stream::out);
    for (int i = 0; i < 3; ++i) CHECK(at.log_in("alice").end == login_end::succeeded);
    for (int i = 0; i < 3; ++i) CHECK(at.is_refused("alice", "guess"));
    at.service.program->wait_for_line("asked PLAIN alice 400", process::stream::out, 3);
    CHECK(at.service.program->count_lines("asked PLAIN alice 200", process::stream::out) == asked + (cached ? 0 : 3));
  }
}

TEST_CASE("a ZAP service that answers 300 or 500 puts off, and nobody is shut out by it", "[security]") {
  site at(remembers + in_haste, {{"alice", "sesame", "200"}, {"bob", "sesame", "300"}, {"carl", "sesame", "500"}});
  const Client alice = at.client("alice");
  CHECK(answers(alice));
  CHECK(at.is_put_off("bob"));
  CHECK(at.is_put_off("carl"));
  login_peer bob(at.broker.frontend(), plain("bob", "sesame")), carl(at.broker.frontend(), plain("carl", "sesame"));
  CHECK(bob.next().end == login_end::broken_off);
  CHECK(carl.next().end == login_end::broken_off);
  CHECK(count_of(alice, "logins", "put_off") >= 4);
  CHECK(count_of(alice, "logins", "refused") == 0);
  at.service.start_again({{"bob", "sesame", "200"}, {"carl", "sesame", "200"}});
  CHECK(end_for(bob) == login_end::succeeded);
  CHECK(end_for(carl) == login_end::succeeded);
}

TEST_CASE("while the ZAP service is down only who is remembered comes in, and others when it is back", "[security]") {
  site at(remembers + in_haste);
  const Client alice = at.client("alice");
  CHECK(answers(alice));
  at.service.program->kill();
  CHECK(at.log_in("alice").end == login_end::succeeded);
  login_peer bob(at.broker.frontend(), plain("bob", "sesame"));
  CHECK(bob.next().end == login_end::broken_off);
  const Client patient = at.client("bob");
  auto call = std::async(std::launch::async, [&] { return answers(patient); });
  client_options options(at.broker.frontend());
  options.credentials = credentials::plain("bob", "sesame");
  options.connect_timeout = 100ms;
  const Client impatient(options);
  CHECK(error_of([&] { answers(impatient); }).code() == errc::unavailable);
  CHECK(answers(alice));  // a connected peer is not asked to log in again

  at.broker.program().signal(SIGHUP);  // the broker forgets the answers that it remembers
  REQUIRE(rises_to(alice, "logins", "store_reloads", 1));
  CHECK(at.is_put_off("alice"));
  CHECK(count_of(alice, "logins", "refused") == 0);

  at.service.start_again(everybody);
  CHECK(end_for(bob) == login_end::succeeded);
  CHECK(call.get());
  login_peer again(at.broker.frontend(), plain("alice", "sesame"));
  CHECK(end_for(again) == login_end::succeeded);
}

TEST_CASE("a ZAP service that is silent puts off after zap_timeout, and is believed when it speaks again",
          "[security]") {
  site at(asks_each_time + in_haste);
  const Client alice = at.client("alice");
  CHECK(answers(alice));
  at.service.program->signal(SIGSTOP);
  login_peer bob(at.broker.frontend(), plain("bob", "sesame"));
  CHECK(bob.next().end == login_end::broken_off);
  CHECK(rises_to(alice, "logins", "zap_timeouts", 1));
  at.service.program->signal(SIGCONT);
  CHECK(end_for(bob) == login_end::succeeded);
  CHECK(count_of(alice, "logins", "refused") == 0);
}

TEST_CASE("with a store the ZAP service says who somebody is, and the store what he may do", "[security]") {
  const scratch_folder folder;
  // The hash of "opensesame", which the service does not accept.
  const std::string store =
      folder.write("users.toml",
                   "[principals.alice]\npassword = '$argon2id$v=19$m=19456,t=2,p=1$my2eH4YdEIzD5zHDm3uAEA$"
                   "QuKvGvhFUot61OdceDvFHn2PGJFlvs7SZ+fpy7/k6FE'\ncall = ['test']\n[principals.bob]\noperate = true\n");
  site at(remembers + "credentials = '" + store + "'\n");
  const Client alice = at.client("alice"), bob = at.client("bob");
  CHECK(error_of([&] { stats_of(alice); }).code() == errc::permission_denied);
  CHECK(count_of(bob, "logins", "accepted") >= 2);
  CHECK(at.is_refused("alice", "opensesame"));
}
