// Logins at the transport with wrong passwords and keys, and very many of them.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/attacks/guarded_system.hpp"

namespace gate::test {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

constexpr int times = 20;
constexpr std::uint32_t refused_by_zap = 400;

std::string in_milliseconds(clock::duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) + " ms";
}

bool is_refused(const std::string& endpoint, const prepare_socket& shown) {
  const handshake end = log_in(endpoint, shown);
  return end.end == handshake::kind::refused && end.value == refused_by_zap;
}

// The end of a peer's login. A broker may put it off, for example while it is not connected to its ZAP service yet. The
// peer tries again by itself then.
handshake not_put_off(login_peer&& peer) {
  const auto until = clock::now() + patience;
  handshake last = peer.next();
  while (last.end == handshake::kind::broken_off && clock::now() < until) last = peer.next();
  return last;
}

// Makes `times` logins, which must all be refused.
std::uint64_t refused_ones(findings& to, std::string_view what, const std::string& endpoint,
                           const prepare_socket& shown) {
  std::size_t refused = 0;
  for (int i = 0; i < times; ++i) refused += is_refused(endpoint, shown) ? 1u : 0u;
  to.all(std::string(what) + ": refused at once", refused, times);
  return times;
}

void tell_client(findings& to, std::string_view who, const client_options& options) {
  const auto began = clock::now();
  const Client client(options);
  const Error error = error_of([&] { client["test"]["add"](2, 3).get<int>(); });
  const auto took = clock::now() - began;
  to.line(std::string(who) + " hears", std::string(to_string(error.code())), "unauthenticated, no time-out",
          error.code() == errc::unauthenticated);
  to.pace("after", in_milliseconds(took), "2 s", took < 2s);
}

}  // namespace

void wrong_passwords(findings& to) {
  guarded_system system("login_failures_max = 1000\n");
  const std::string& port = system.at_backend();
  const steadiness at_first(system);
  std::uint64_t sent = refused_ones(to, "a wrong password", port, plain("alice", "guess"));
  sent += refused_ones(to, "somebody else's password", port, plain("alice", password_of("bob")));
  sent += refused_ones(to, "no password", port, plain("alice", ""));
  sent += refused_ones(to, "an unknown user", port, plain("mallory", password_of("alice")));
  sent += refused_ones(to, "a user who has a key alone", port, plain("kate", password_of("kate")));
  to.all("counted as refused logins", system.count("logins", "refused"), sent);
  to.all("and as refused handshakes", system.count("transport", "handshakes_refused"), sent);
  to.holds("the audit log names whom it was tried on", system.audits("login_refused", "\"user\":\"alice\""));

  std::size_t strangers = 0;
  const prepare_socket key = curve(key_ring::get().kates, key_ring::get().brokers.public_key);
  for (int i = 0; i < times; ++i) strangers += comes_in(port, i % 2 == 0 ? prepare_socket(unproven) : key) ? 1u : 0u;
  to.none("let in without PLAIN, where PLAIN is wanted", strangers, times);
  to.holds("counted as failed handshakes", rises_to(system.operators(), "transport", "handshakes_failed", times));
  to.holds("the audit log tells of them", system.audits("handshake_failed"));

  client_options options = options_for(port, "alice");
  options.credentials = credentials::plain("alice", "guess");
  tell_client(to, "a client with a wrong password", options);
  tell_client(to, "a client with none", client_options(port));
  const std::string file = system.folder().write("wrong.toml", "user = 'wendy'\npassword = 'guess'\n");
  process worker("gate-test-worker", worker_program::command_line(port, "test", {"--credentials", file}));
  const program_end end = worker.wait();
  to.line("a worker program with a wrong password ends with", "exit code " + std::to_string(end.code), "exit code 5",
          end == program_end{5, 0});

  steadiness watched(at_first);
  watched.tell(to, "two more logins each time", 100, [&] {
    static_cast<void>(log_in(port, plain("alice", "guess")));
    static_cast<void>(log_in(port, plain("mallory", "guess")));
  });
  to.holds("who has the right one is let in", comes_in(port, as("alice")));
}

void unknown_keys(findings& to) {
  guarded_system system("login_failures_max = 1000\n");
  const key_ring& keys = key_ring::get();
  const std::string& port = system.at_frontend();
  steadiness watched(system);
  refused_ones(to, "a key that the store does not know", port, curve(keys.strangers, keys.brokers.public_key));
  to.all("counted as refused logins", system.count("logins", "refused"), times);
  to.holds("the audit log tells of them", system.audits("login_refused", "CURVE"));

  std::size_t strangers = 0;
  for (int i = 0; i < times; ++i) strangers += comes_in(port, curve(keys.kates, keys.strangers.public_key)) ? 1u : 0u;
  to.none("let in, of those who take another server's key for the broker's", strangers, times);
  for (int i = 0; i < times; ++i)
    strangers += comes_in(port, i % 2 == 0 ? prepare_socket(unproven) : as("alice")) ? 1u : 0u;
  to.none("let in without CURVE, where CURVE is wanted", strangers, times);
  to.holds("counted as failed handshakes", rises_to(system.operators(), "transport", "handshakes_failed", 2 * times));
  to.holds("the audit log tells of them", system.audits("handshake_failed"));

  const scratch_folder& folder = system.folder();
  write_curve_file(folder.file("stranger.key"), keys.strangers);
  client_options options(port);
  options.credentials = credentials::curve(folder.file("stranger.key"), to_z85(keys.brokers.public_key));
  tell_client(to, "a client with an unknown key", options);

  watched.tell(to, "two more logins each time", 100, [&] {
    static_cast<void>(log_in(port, curve(keys.strangers, keys.brokers.public_key)));
    static_cast<void>(log_in(port, curve(keys.kates, keys.strangers.public_key)));
  });
  to.holds("who has a known one is let in", comes_in(port, curve(keys.kates, keys.brokers.public_key)));
}

void flood_of_logins(findings& to) {
  constexpr int rounds = 20, at_once = 50;
  guarded_system system("hello_timeout = '500ms'\n");
  worker_program worker(system.broker(), "test", system.shown_by("wendy"));
  const std::string& port = system.at_backend();
  const Client alice = system.client("alice");
  const Service test = alice["test"];
  test["add"](2, 3).get<int>();

  std::atomic<bool> over = false;
  clock::duration longest{};
  std::size_t right = 0, calls = 0;
  std::thread meanwhile([&] {
    while (!over) {
      const auto began = clock::now();
      right += test["add"](2, 3).within(30s).get<int>() == 5 ? 1u : 0u;
      ++calls;
      longest = std::max(longest, clock::now() - began);
    }
  });
  // Half of the logins guess at one user. The others use a new user each time, so only the hashing slows them down.
  int number = 0;
  std::size_t let_in = 0, logins = 0;
  const auto flood = [&] {
    std::vector<std::unique_ptr<login_peer>> peers;
    for (int i = 0; i < at_once; ++i) {
      const std::string user = i % 2 == 0 ? "bob" : "nobody-" + std::to_string(++number);
      peers.push_back(std::make_unique<login_peer>(port, plain(user, "guess-" + std::to_string(++number))));
    }
    for (const auto& each : peers) let_in += each->next().end == handshake::kind::succeeded ? 1u : 0u;
    logins += peers.size();
  };
  try {
    steadiness(system).tell(to, std::to_string(at_once) + " logins at once", rounds, flood);
    // If the transport ends an attempt at its hello_timeout, the login was not refused: the peer tries again by itself.
    const auto began = clock::now();
    const handshake last = not_put_off(login_peer(port, as("walt")));
    const auto took = clock::now() - began;
    to.holds("a login with the right password meanwhile is let in", last.end == handshake::kind::succeeded);
    to.pace("after", in_milliseconds(took), "5 s", took < 5s);
  } catch (...) {
    over = true;
    meanwhile.join();
    throw;
  }
  over = true;
  meanwhile.join();
  to.none("let in", let_in, logins);
  to.all("calls of others, answered", right, calls);
  to.pace("the longest of them", in_milliseconds(longest), "1 s", longest < 1s);
  const auto counts = stats_of(system.operators())["logins"];
  const std::uint64_t seen = counts.at("refused") + counts.at("put_off");
  to.line("counted as refused or put off", std::to_string(seen) + " of " + std::to_string(logins) + " or more", "all",
          seen >= logins);
  to.line("guesses at one user", std::to_string(counts.at("throttled")) + " put off without a look",
          "more than half of the guesses", counts.at("throttled") > logins / 4);
  to.holds("the audit log tells of them", system.audits("login_postponed"));
}

// With ZAP's status 300 the verdict is not possible now. libzmq admits nobody then, and tells the peer nothing.
void put_off_logins(findings& to) {
  const scratch_folder folder;
  const std::string service = "ipc://" + folder.file("zap");
  const std::string asked = "zap_bind = '" + service + "'\n";
  guarded_system elsewhere(asked);
  const temporary_file config("auth = 'plain'\nzap_service = '" + service +
                              "'\nzap_timeout = '1s'\nzap_cache_time = '0ms'\nhello_timeout = '2s'\n");
  broker_program broker(arguments{"--config", config.path()});
  to.holds("with another broker as its ZAP service, who is known there is let in",
           not_put_off(login_peer(broker.frontend(), as("alice"))).end == handshake::kind::succeeded);
  to.holds("and who is not is refused", is_refused(broker.frontend(), plain("alice", "guess")));

  elsewhere.broker().program().kill();
  std::size_t let_in = 0, refused = 0;
  constexpr int tries = 3;
  for (int i = 0; i < tries; ++i) {
    const handshake end = log_in(broker.frontend(), as("alice"));
    let_in += end.end == handshake::kind::succeeded ? 1u : 0u;
    refused += end.end == handshake::kind::refused ? 1u : 0u;
  }
  to.none("let in while it is gone, so that logins are put off", let_in, tries);
  to.none("refused for good", refused, tries);
  login_peer waiting(broker.frontend(), as("alice"));
  static_cast<void>(waiting.next());
  elsewhere.broker().start_again();
  to.holds("who waits comes in by itself when the service is back",
           not_put_off(std::move(waiting)).end == handshake::kind::succeeded);
  broker.program().signal(SIGTERM);
  to.holds("the broker ends in order", broker.program().wait() == program_end{0, 0});
}

}  // namespace gate::test
