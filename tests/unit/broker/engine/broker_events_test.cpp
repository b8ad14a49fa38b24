#include "broker/engine/broker_events.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace gate;
using namespace gate::broker;
using security::audit_kind;

namespace {

struct told_hooks final : observer {
  void worker_up(const worker_record& w) override { told.push_back("up " + std::string(w.service)); }
  void worker_down(const worker_record& w, std::string_view why) override {
    told.push_back("down " + std::string(w.service) + ": " + std::string(why));
  }
  void service_up(std::string_view service) override { told.push_back("service " + std::string(service)); }
  void call_done(const call_record& call) override { told.push_back("done " + std::string(call.method)); }
  std::vector<std::string> told;
};

struct audited {
  audit_kind kind;
  std::string principal, method, what;
};

struct reports {
  explicit reports(bool audits_operators) : audits(audits_operators) {}
  bool audits;
  loop where;
  told_hooks hooks;
  std::vector<audited> lines;
  broker_events events{
      where,
      [this](const security::audit_record& r) {
        lines.push_back({r.kind, std::string(r.principal), std::string(r.method), std::string(r.what)});
      },
      audits, &hooks};

  void done(std::string_view service, std::string_view method) {
    events.call_done({service, method, "olga", errc::ok, {}, {}, false});
  }
};

}  // namespace

TEST_CASE("hooks hear of workers and services, but not of the broker's own", "[broker][events]") {
  reports r(false);
  r.events.worker_up({internal_peer, "gate", "gate", ""});
  r.events.service_up("gate");
  CHECK(r.hooks.told.empty());
  r.events.worker_up({peer_id{1}, "echo", "echo#1", "127.0.0.1"});
  r.events.service_up("echo");
  r.events.worker_down({peer_id{1}, "echo", "echo#1", "127.0.0.1"}, "it left");
  CHECK(r.hooks.told == std::vector<std::string>{"up echo", "service echo", "down echo: it left"});
}

TEST_CASE("with a credential store the calls of operators are audited, and no others", "[broker][events][security]") {
  reports r(true);
  r.done("echo", "drain");
  r.done("gate", "ping");  // which everybody may call
  CHECK(r.lines.empty());
  r.done("gate", "drain");
  REQUIRE(r.lines.size() == 1);
  CHECK(r.lines[0].kind == audit_kind::operator_act);
  CHECK(r.lines[0].principal == "olga");
  CHECK(r.lines[0].method == "drain");
  CHECK(r.hooks.told.size() == 3);

  reports open(false);
  open.done("gate", "drain");
  CHECK(open.lines.empty());
}

TEST_CASE("a refusal is audited by what was refused", "[broker][events][security]") {
  reports r(true);
  const auto refused = [&r](refusal reason, std::string_view service) {
    r.lines.clear();
    r.events.refused({reason, "bob", "127.0.0.1", "", service, "m", "no role grants it"});
    REQUIRE(r.lines.size() == 1);
    CHECK(r.lines[0].what == "no role grants it");
    return r.lines[0].kind;
  };
  CHECK(refused(refusal::call_denied, "billing") == audit_kind::call_refused);
  CHECK(refused(refusal::call_denied, "gate") == audit_kind::operate_refused);
  CHECK(refused(refusal::offer_denied, "billing") == audit_kind::offer_refused);
  CHECK(refused(refusal::over_allowance, "billing") == audit_kind::limit_reached);
}
