#include "broker/security/authoriser.hpp"

#include <memory>
#include <string>

#include <catch2/catch.hpp>

#include "broker/credential_store/store_text.hpp"

using namespace gate::security;
using enum permission;

namespace {

std::shared_ptr<const snapshot> read(std::string_view text) {
  const store_source source{"users.toml", text};
  return std::make_shared<const snapshot>(read_store({&source, 1}));
}

constexpr const char* text = R"(
[roles.caller]
call = ["billing", "log.read_*", "a.b.c"]
[roles.worker]
offer = ["billing", "report_*"]
[roles.operator]
operate = true

[principals.alice]
roles = ["caller"]
[principals.wanda]
roles = ["worker"]
[principals.olga]
roles = ["operator"]
[principals.nobody]
[principals.prod]
namespaces = ["prod"]
call = ["billing"]
offer = ["billing"]
[principals.both]
namespaces = ["test", "prod"]
call = ["prod/billing.read", "report"]
offer = ["test/billing"]
[principals.all]
namespaces = ["*"]
call = ["*"]
)";

}  // namespace

TEST_CASE("what no role grants is refused", "[security]") {
  authoriser a(read(text));
  CHECK(a.may_call("alice", "", "billing", "pay") == granted);
  CHECK(a.may_call("alice", "", "billing2", "pay") == not_granted);
  CHECK(a.may_call("alice", "", "bill", "pay") == not_granted);
  CHECK(a.may_call("alice", "", "log", "read_all") == granted);
  CHECK(a.may_call("alice", "", "log", "write") == not_granted);
  CHECK(a.may_call("alice", "", "a.b", "c") == granted);
  CHECK(a.may_call("alice", "", "a", "b.c") == not_granted);
  CHECK(a.may_call("nobody", "", "billing", "pay") == not_granted);
  CHECK(a.may_offer("nobody", "", "billing") == not_granted);
  CHECK(a.may_operate("nobody") == not_granted);
}

TEST_CASE("a principal that the store does not know may do nothing", "[security]") {
  authoriser a(read(text));
  CHECK(a.may_call("mallory", "", "billing", "pay") == nobody);
  CHECK(a.may_offer("mallory", "", "billing") == nobody);
  CHECK(a.may_operate("mallory") == nobody);
  CHECK(a.may_call("anonymous", "", "billing", "pay") == nobody);
  CHECK(a.may_call("", "", "billing", "pay") == nobody);
}

TEST_CASE("who may call may not therefore offer, nor the other way round", "[security]") {
  authoriser a(read(text));
  CHECK(a.may_offer("alice", "", "billing") == not_granted);
  CHECK(a.may_call("wanda", "", "billing", "pay") == not_granted);
  CHECK(a.may_offer("wanda", "", "billing") == granted);
  CHECK(a.may_offer("wanda", "", "report_daily") == granted);
  CHECK(a.may_offer("wanda", "", "log") == not_granted);
  CHECK(a.may_offer("wanda", "", "gate") == not_granted);
}

TEST_CASE("operators alone operate, and may ask the broker's own service", "[security]") {
  authoriser a(read(text));
  CHECK(a.may_operate("olga") == granted);
  CHECK(a.may_operate("alice") == not_granted);
  CHECK(a.may_call("olga", "", "gate", "workers") == granted);
  CHECK(a.may_call("olga", "", "billing", "pay") == not_granted);
  CHECK(a.may_call("alice", "", "gate", "workers") == not_granted);
}

TEST_CASE("methods of the broker itself are granted by its name alone, in every namespace", "[security]") {
  authoriser a(
      read("[principals.star]\nnamespaces=['*']\ncall=['*', '*.*', 'g*']\n"
           "[principals.named]\nnamespaces=['prod']\ncall=['gate.stats']\n"
           "[principals.home]\nnamespaces=['prod']\noperate=true\n"));
  CHECK(a.may_call("star", "", "gate", "stats") == not_granted);
  CHECK(a.may_call("star", "", "gatekeeper", "stats") == granted);
  CHECK(a.may_call("named", "prod", "gate", "stats") == granted);
  CHECK(a.may_call("named", "", "gate", "stats") == granted);
  CHECK(a.may_call("named", "", "gate", "workers") == not_granted);
  CHECK(a.may_call("home", "prod", "gate", "workers") == granted);
  CHECK(a.may_call("home", "", "gate", "workers") == granted);
}

TEST_CASE("a principal may know of what it may call, or offer, or operate", "[security]") {
  authoriser a(read(text));
  CHECK(a.may_see("alice", "", "log") == granted);
  CHECK(a.may_see("alice", "", "report_daily") == not_granted);
  CHECK(a.may_see("wanda", "", "report_daily") == granted);
  CHECK(a.may_see("olga", "anywhere", "anything") == granted);
  CHECK(a.may_see("prod", "prod", "billing") == granted);
  CHECK(a.may_see("prod", "test", "billing") == closed_namespace);
  CHECK(a.may_see("mallory", "", "billing") == nobody);
  CHECK(a.may_see("nobody", "", "gate") == granted);
}

TEST_CASE("namespaces are closed to each other unless granted", "[security]") {
  authoriser a(read(text));
  CHECK(a.may_call("prod", "prod", "billing", "pay") == granted);
  CHECK(a.may_call("prod", "test", "billing", "pay") == closed_namespace);
  CHECK(a.may_call("prod", "", "billing", "pay") == closed_namespace);
  CHECK(a.may_call("alice", "prod", "billing", "pay") == closed_namespace);
  CHECK(a.may_offer("prod", "test", "billing") == closed_namespace);
  CHECK(a.may_offer("prod", "prod", "billing") == granted);
  CHECK(a.may_call("all", "anything", "billing", "pay") == granted);
  CHECK(a.home("prod") == "prod");
  CHECK(a.home("both") == "test");
  CHECK(a.home("all").empty());
  CHECK(a.home("alice").empty());
}

TEST_CASE("a pattern with a namespace counts there alone", "[security]") {
  authoriser a(read(text));
  CHECK(a.may_call("both", "prod", "billing", "read") == granted);
  CHECK(a.may_call("both", "prod", "billing", "pay") == not_granted);
  CHECK(a.may_call("both", "test", "billing", "read") == not_granted);
  CHECK(a.may_call("both", "test", "report", "daily") == granted);
  CHECK(a.may_call("both", "prod", "report", "daily") == granted);
  CHECK(a.may_offer("both", "test", "billing") == granted);
  CHECK(a.may_offer("both", "prod", "billing") == not_granted);
}

TEST_CASE("a name that holds a stroke cannot reach into another namespace's answers", "[security]") {
  // The remembered answer for ("prod", "x") must not be used for ("", "prod/x").
  authoriser a(read("[principals.p]\nnamespaces=['prod']\ncall=['x']\n"));
  CHECK(a.may_call("p", "prod", "x", "m") == granted);
  CHECK(a.may_call("p", "", "prod/x", "m") == closed_namespace);
  authoriser b(read("[principals.p]\nnamespaces=['', 'a/b']\ncall=['a/b/x']\n"));
  CHECK(b.may_call("p", "a/b", "x", "m") == granted);
  CHECK(b.may_call("p", "", "a/b/x", "m") == not_granted);
}

TEST_CASE("revocation counts from the next call on", "[security]") {
  authoriser a(read("[principals.p]\ncall=['x']\noffer=['y']\noperate=true\n"));
  CHECK(a.may_call("p", "", "x", "m") == granted);
  a.replace(read("[principals.p]\n"));
  CHECK(a.may_call("p", "", "x", "m") == not_granted);
  CHECK(a.may_offer("p", "", "y") == not_granted);
  CHECK(a.may_operate("p") == not_granted);
  a.replace(read(""));
  CHECK(a.may_call("p", "", "x", "m") == nobody);
}

TEST_CASE("without a store nothing is asked and all is granted", "[security]") {
  authoriser a(nullptr);
  CHECK(a.may_call("anonymous", "", "x", "m") == granted);
  CHECK(a.may_offer("anonymous", "", "x") == granted);
  CHECK(a.may_operate("anonymous") == granted);
  CHECK(a.home("anonymous").empty());
}

TEST_CASE("the answers stay right however many names are asked for", "[security]") {
  authoriser a(read(text));
  for (int i = 0; i < 5000; ++i) CHECK(a.may_call("alice", "", "made-up" + std::to_string(i), "m") == not_granted);
  CHECK(a.may_call("alice", "", "billing", "pay") == granted);
}

TEST_CASE("who is refused is told what the operator has to write, and that grants it", "[security]") {
  const std::string behind = " in the broker's credential store";
  const authoriser a(read(text));
  CHECK(a.way_to_call("alice", "", "shop", "add") ==
        "the operator grants it by call = [\"shop\"] for 'alice'" + behind);
  CHECK(a.way_to_call("alice", "", "shop.eu", "add") ==
        "the operator grants it by call = [\"shop.eu.*\"] for 'alice'" + behind);
  CHECK(a.way_to_call("alice", "", "gate", "stats") ==
        "the operator grants it by call = [\"gate.stats\"] for 'alice'" + behind);
  CHECK(a.way_to_call("prod", "test", "shop", "add") ==
        "the operator grants it by namespaces = [\"test\"] for 'prod'" + behind);
  CHECK(a.way_to_offer("prod", "prod", "shop") == "the operator grants it by offer = [\"shop\"] for 'prod'" + behind);

  authoriser granting(read(R"(
[principals.alice]
call = ["shop", "shop.eu.*", "gate.stats"]
[principals.prod]
namespaces = ["prod", "test"]
call = ["shop"]
offer = ["shop"]
)"));
  CHECK(granting.may_call("alice", "", "shop", "add") == granted);
  CHECK(granting.may_call("alice", "", "shop.eu", "add") == granted);
  CHECK(granting.may_call("alice", "", "gate", "stats") == granted);
  CHECK(granting.may_call("prod", "test", "shop", "add") == granted);
  CHECK(granting.may_offer("prod", "prod", "shop") == granted);
}

TEST_CASE("a name that no line of the store can hold is not shown in one", "[security]") {
  const authoriser a(read(text));
  for (const std::string_view odd : {"a*b", "a\"b", "a\\b", "a\nb"}) {
    CHECK(a.way_to_call("alice", "", odd, "add").empty());
    CHECK(a.way_to_call("prod", odd, "shop", "add").empty());
    CHECK(a.way_to_offer("alice", "", odd).empty());
  }
  CHECK(a.way_to_call("alice", "", "gate", "a.b").empty());
}

TEST_CASE("who has not logged in is told to, and nothing of the store", "[security]") {
  const authoriser without(read(text));
  const authoriser with(read("[principals.anonymous]\ncall = [\"billing\"]\n"));
  for (const authoriser* const a : {&without, &with}) {
    for (const std::string_view service : {"billing", "shop", "gate", "log.read"}) {
      CHECK(a->way_to_call("anonymous", "", service, "add") == "connect with the credentials of a user who may");
      CHECK(a->way_to_offer("anonymous", "prod", service) == "connect with the credentials of a user who may");
    }
  }
}
