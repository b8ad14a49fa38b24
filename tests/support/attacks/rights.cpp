// Attacks by known users who try more than their rights allow.
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "common/wire/gate2.hpp"
#include "tests/support/attacks/guarded_system.hpp"

namespace gate::test {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

std::string in_milliseconds(clock::duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) + " ms";
}

std::string end_of(const Client& who, const std::string& service, const std::string& method) {
  try {
    who[service][method]().get<value>();
    return "ok";
  } catch (const Error& e) {
    return std::string(to_string(e.code()));
  }
}

constexpr std::string_view denied = "permission_denied";

void tell_denied(findings& to, const std::string& what, const std::string& end) {
  to.line(what, end, std::string(denied), end == denied);
}

// Sends a hello as a worker and returns the status of the answer; ok for a welcome.
std::string offer(const std::string& port, const std::string& user, std::string_view service) {
  raw_dealer peer(port, as(user));
  peer.hello_as_worker(service, 1);
  const auto first = peer.receive();
  if (!first) throw did_not_happen("the broker said nothing to a worker's hello");
  wire::gate2::reader reader(first->front(), std::nullopt);
  for (message m; reader.next(m);) {
    if (m.type == message_type::welcome) return "welcome";
    if (m.type == message_type::bye) return std::string(to_string(m.status));
  }
  return "nothing";
}

// Repeats a call until it ends with `wanted`. Returns how long that took.
clock::duration until(const Client& who, std::string_view wanted) {
  const auto began = clock::now();
  while (end_of(who, "test", "pid") != wanted) {
    if (clock::now() - began > patience) throw did_not_happen("no call ended as " + std::string(wanted));
    std::this_thread::sleep_for(2ms);
  }
  return clock::now() - began;
}

}  // namespace

void wrong_roles(findings& to) {
  guarded_system system;
  worker_program worker(system.broker(), "test", system.shown_by("wendy"));
  const Client carl = system.client("carl"), alice = system.client("alice"), wendy = system.client("wendy");
  tell_denied(to, "the right password, and a role for another service", end_of(carl, "test", "pid"));
  tell_denied(to, "a worker's password, used to call", end_of(wendy, "test", "pid"));
  std::uint64_t sent = 2;
  for (const char* const method : {"stats", "workers", "info"}) {
    tell_denied(to, std::string("a caller who asks the broker for its ") + method, end_of(alice, "gate", method));
    ++sent;
  }
  to.all("counted", count_of(system.operators(), "refused", std::string(denied)), sent);
  to.holds("the audit log names who and what", system.audits("call_refused", "\"principal\":\"carl\"") &&
                                                   system.audits("operate_refused", "\"principal\":\"alice\""));
  to.line("a caller with the right role", end_of(alice, "test", "pid"), "ok", end_of(alice, "test", "pid") == "ok");
  steadiness(system).tell(to, "2000 refused calls", 10, [&] {
    for (int i = 0; i < 100; ++i) end_of(carl, "test-" + std::to_string(i), "pid");
    for (int i = 0; i < 100; ++i) end_of(carl, "test", "method-" + std::to_string(i));
  });
}

void strange_offers(findings& to) {
  guarded_system system;
  const std::string& port = system.at_backend();
  struct strange {
    std::string user, service;
  };
  const std::vector<strange> all{{"alice", "test"},
                                 {"wendy", "other"},
                                 {"wendy", "prod/test"},
                                 {"paul", "test/billing"},
                                 {"omar", "prod/anything"}};
  for (const strange& each : all) {
    tell_denied(to, each.user + " offers " + each.service, offer(port, each.user, each.service));
  }
  to.all("counted", count_of(system.operators(), "calls", "offers_refused"), all.size());
  to.holds("the audit log names who and what", system.audits("offer_refused", "\"principal\":\"alice\""));
  for (const char* const reserved : {"gate", "prod/gate", "mmi.service", "/gate", "gate/"}) {
    const std::string end = offer(port, "omar", reserved);
    to.line(std::string("who may offer all offers ") + reserved, end, "no welcome", end != "welcome");
  }
  process worker("gate-test-worker", worker_program::command_line(port, "test", system.shown_by("alice")));
  const program_end end = worker.wait();
  to.line("a worker program that may not offer its service ends with", "exit code " + std::to_string(end.code),
          "1 or 5, not 0", end.code == 1 || end.code == 5);
  const Client bob = system.client("bob");
  const std::string called = end_of(bob, "test", "pid");
  to.line("a call to a service that was offered so", called, "unavailable", called == "unavailable");
  steadiness(system).tell(to, "100 such offers", 100, [&] { offer(port, "alice", "test"); });
}

void crossed_namespaces(findings& to) {
  guarded_system system;
  worker_program prod(system.broker(), "billing", system.shown_by("paul"));
  worker_program test(system.broker(), "billing", system.shown_by("theo"));
  const Client paula = system.client("paula"), tess = system.client("tess"), alice = system.client("alice");
  const auto reaches = [](const Client& who, const std::string& service, worker_program& wanted) {
    return who[service]["pid"]().get<int>() == wanted.program().pid();
  };
  to.holds("a name without a namespace is of one's own",
           reaches(paula, "billing", prod) && reaches(tess, "billing", test));
  to.holds("and so it is in full", reaches(paula, "prod/billing", prod) && reaches(tess, "test/billing", test));
  const std::vector<std::pair<const Client*, std::string>> crossings{
      {&paula, "test/billing"}, {&tess, "prod/billing"},        {&alice, "prod/billing"}, {&alice, "test/billing"},
      {&alice, "billing"},      {&paula, "prod//billing"},      {&paula, "/billing"},     {&paula, "prod/test/billing"},
      {&paula, "test"},         {&tess, "TEST/../prod/billing"}};
  std::size_t crossed = 0;
  for (const auto& [who, service] : crossings) crossed += end_of(*who, service, "pid") == "ok" ? 1u : 0u;
  to.none("calls that reach another namespace", crossed, crossings.size());
  to.holds("counted", system.count("refused", std::string(denied)) >= 5);
  to.holds("the audit log names the namespace",
           system.audits("call_refused", "\"principal\":\"paula\"") && system.audits("call_refused", "test"));
  const auto seen = paula["gate"]["services"]().get<value>();
  to.holds("a list of services names none of another one", encode(seen).find("test/billing") == std::string::npos);
  const std::string described = [&] {
    try {
      paula["gate"]["describe"]("test/billing").get<value>();
      return std::string("ok");
    } catch (const Error& e) {
      return std::string(to_string(e.code()));
    }
  }();
  to.line("a description of one of another", described, "no ok", described != "ok");
}

void revoked_users(findings& to) {
  guarded_system system;
  worker_program worker(system.broker(), "test", system.shown_by("wendy"));
  const Client alice = system.client("alice"), bob = system.client("bob");
  const people everybody = usual_people();
  people without_alice = everybody, without_wendy = everybody, broken = everybody;
  without_alice.erase("alice");
  without_wendy.erase("wendy");
  broken["mallory"] = "passwort = 'x'\n";
  until(alice, "ok");
  const std::uint64_t accepted = system.count("transport", "connections_accepted");

  system.replace_store(without_alice);
  auto took = until(alice, denied);
  to.pace("a user is taken out of the store: calls are refused after", in_milliseconds(took), "2.5 s", took < 2500ms);
  system.replace_store(everybody);
  until(alice, "ok");
  system.replace_store(without_alice);
  system.broker().program().signal(SIGHUP);
  took = until(alice, denied);
  to.pace("the same with SIGHUP", in_milliseconds(took), "1 s", took < 1s);
  to.line("others meanwhile", end_of(bob, "test", "pid"), "ok", end_of(bob, "test", "pid") == "ok");
  const handshake again = log_in(system.at_backend(), as("alice"));
  to.holds("a new login is refused", again.end == handshake::kind::refused);
  system.reload(everybody);
  until(alice, "ok");
  to.line("connections made for all that", std::to_string(system.count("transport", "connections_accepted") - accepted),
          "1, that of the new login", system.count("transport", "connections_accepted") - accepted == 1);

  system.reload(without_wendy);
  const Error gone = error_of([&] { alice["test"]["pid"]().within(10s).get<int>(); });
  to.line("a worker is taken out of the store: calls to it end as", std::string(to_string(gone.code())), "unavailable",
          gone.code() == errc::unavailable);
  to.holds("its registration is ended, and counted", rises_to(system.operators(), "calls", "offers_ended", 1));
  const program_end end = worker.program().wait();
  to.line("and its program ends with", "exit code " + std::to_string(end.code), "1 or 5, not 0",
          end.code == 1 || end.code == 5);
  worker_program another(system.broker(), "test", system.shown_by("walt"));
  until(alice, "ok");

  const std::uint64_t failed = system.count("logins", "store_reloads_failed");
  system.replace_store(broken);
  to.holds("a broken store is counted", rises_to(system.operators(), "logins", "store_reloads_failed", failed + 1));
  to.line("and leaves the one before in force", end_of(alice, "test", "pid"), "ok",
          end_of(alice, "test", "pid") == "ok");
  to.holds("the audit log tells of all this", system.audits("role_changed", "\"principal\":\"alice\"") &&
                                                  system.audits("call_refused", "\"principal\":\"alice\"") &&
                                                  system.audits("offer_refused", "\"principal\":\"wendy\"") &&
                                                  system.audits("store_refused", "users.toml"));
  int n = 0;
  steadiness(system).tell(to, "another store", 100, [&] { system.reload(++n % 2 == 0 ? everybody : without_wendy); });
}

}  // namespace gate::test
