// gate-rpc peers, whose messages each carry a login, and forged messages.
#include <string>
#include <vector>

#include <gate/value.hpp>

#include "tests/support/attacks/guarded_system.hpp"

namespace gate::test {

using namespace std::chrono_literals;

namespace {

using parts = std::vector<std::string>;

parts login_frames(const std::string& user) { return {"PLAIN", user, password_of(user)}; }

// The frames of a Python client's call note(text), which the worker counts.
parts call_frames(const parts& login, const std::string& text, const std::string& id = "id") {
  parts all{"", "MDPC01", "test"};
  all.insert(all.end(), login.begin(), login.end());
  for (const std::string& each : {id, encode("note"), encode_arguments(text), std::string("\x80")}) all.push_back(each);
  return all;
}

// The class of the exception in the answer. "answered" if there is none, "nothing" if no answer comes.
std::string end_of(raw_dealer& peer) {
  const auto received = peer.receive(2s);
  if (!received || received->size() < 5) return "nothing";
  const auto body = value::decode(received->at(4));
  if (!body || (*body)["exception"].is_nil()) return "answered";
  return (*body)["exception"][0].as<std::string>();
}

}  // namespace

void forged_messages(findings& to) {
  guarded_system system("login_failures_max = 1000\n", {"in-message", "plain"});
  worker_program worker(system.broker(), "test", system.shown_by("wendy"));
  const std::string& port = system.at_frontend();
  const auto welcome = [&](raw_dealer& peer) {
    peer.send(call_frames(login_frames("alice"), "true"));
    return end_of(peer) == "answered";
  };
  {
    raw_dealer alice(port);
    to.holds("who says user and password in each message is answered", welcome(alice));
  }
  struct forgery {
    std::string_view what;
    parts login;
  };
  const std::vector<forgery> forgeries{
      {"another password", {"PLAIN", "alice", "guess"}},
      {"another user's, that are right", login_frames("bob")},
      {"no login", {}},
      {"no password", {"PLAIN", "alice", ""}},
      {"no user", {"PLAIN", "", ""}},
      {"a user with more behind it", {"PLAIN", std::string("alice\0olga", 10), password_of("alice")}},
      {"a password with more behind it", {"PLAIN", "alice", password_of("alice") + std::string(1, '\0')}},
      {"a password of 1 MiB", {"PLAIN", "alice", std::string(1 << 20, 'x')}},
      {"another mechanism", {"CURVE", "alice", password_of("alice")}},
      {"half a login", {"PLAIN", "alice"}},
  };
  std::size_t sent = 0, cut = 0, refused = 0;
  const auto forge = [&](const parts& login, bool after_a_right_one) {
    raw_dealer peer(port);
    if (after_a_right_one && !welcome(peer)) throw did_not_happen("a right login is refused");
    peer.send(call_frames(login, "forged"));
    const std::string end = end_of(peer);
    refused += end == "AuthenticationError" ? 1u : 0u;
    cut += peer.disconnected(3s) ? 1u : 0u;
    ++sent;
    return end;
  };
  for (const forgery& each : forgeries) {
    // Once as the first message, and once after valid messages. A valid login as another user is not a forgery in a
    // first message: the peer simply is that user.
    const bool is_right = each.login == login_frames("bob");
    const std::string first = is_right ? "AuthenticationError" : forge(each.login, false);
    const std::string later = forge(each.login, true);
    to.line(std::string(each.what) + ", as the first message and later", first + ", " + later,
            "AuthenticationError, or cut",
            (first == "AuthenticationError" || first == "nothing") &&
                (later == "AuthenticationError" || later == "nothing"));
  }
  to.all("their connections, ended", cut, sent);
  raw_dealer gate2(port);
  gate2.send(hello_bytes(peer_role::client));
  raw_dealer majordomo(port);
  majordomo.send(frames{"MDPC02", "\x01", "test", "\x90"});
  to.all("peers of other languages, which say no login: cut",
         (gate2.disconnected() ? 1u : 0u) + (majordomo.disconnected() ? 1u : 0u), 2);

  const auto counts = stats_of(system.operators())["transport"];
  const std::uint64_t counted = counts.at("logins_refused") + counts.at("impostors") + counts.at("not_understood");
  to.line("counted", std::to_string(counted) + " of " + std::to_string(sent) + " or more", "all", counted >= sent);
  to.holds("the audit log tells of them", system.audits("login_refused", "\"user\":\"alice\""));
  const Client bob = system.client("bob");
  const auto executed = bob["test"]["tally"]("note.forged").get<int>();
  to.none("forged calls that were executed", static_cast<std::size_t>(executed), sent);
  steadiness(system).tell(to, "10 forged messages", 10, [&] {
    for (const forgery& each : forgeries) forge(each.login, false);
  });
}

}  // namespace gate::test
