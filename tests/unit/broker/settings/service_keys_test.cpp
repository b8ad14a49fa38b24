#include "broker/settings/service_keys.hpp"

#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "broker/balancers/balancer.hpp"
#include "broker/settings/broker_keys.hpp"
#include "tests/support/comment_marks.hpp"

using namespace gate;
using namespace gate::broker;
using namespace std::chrono_literals;

namespace {

broker_options read(std::string_view text) {
  given_settings given;
  given.read_text(text, "gate.toml");
  broker_options options;
  read_options(given, options);
  return options;
}

std::string error_of(std::string_view text) {
  try {
    read(text);
  } catch (const settings_error& e) {
    return e.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("a section sets the policy of one service, and one below it the rules of a method", "[config]") {
  const broker_options o = read(R"(
queue_max = 7
[service.shop]
balancer = "lru"
queue_max = 5
queue_bytes_max = "1MiB"
queue_age_max = "2s"
[service.shop.method.buy]
requests_per_second_max = 10
requests_burst_max = 20
idempotent = false
[service."prod/billing.eu".method."a.b"]
idempotent = true
[service_defaults]
queue_age_max = 500
[service_defaults.method.find]
idempotent = true
[worker]
capacity = 5
)");
  CHECK(o.queue_max == 7);
  REQUIRE(o.services.size() == 2);
  const service_policy& shop = o.services.at("shop");
  CHECK(shop.balancer == "lru");
  CHECK(shop.queue_max == 5u);
  CHECK(shop.queue_bytes_max == 1u << 20);
  CHECK(shop.queue_age_max == 2s);
  REQUIRE(shop.methods.size() == 1);
  CHECK(shop.methods.at("buy").requests_per_second_max == 10u);
  CHECK(shop.methods.at("buy").requests_burst_max == 20u);
  CHECK(shop.methods.at("buy").idempotent == false);
  const service_policy& billing = o.services.at("prod/billing.eu");
  CHECK_FALSE(billing.queue_max.has_value());
  CHECK_FALSE(billing.balancer.has_value());
  CHECK(billing.methods.at("a.b").idempotent == true);
  CHECK_FALSE(billing.methods.at("a.b").requests_per_second_max.has_value());
  CHECK(o.service_defaults.queue_age_max == 500ms);
  CHECK_FALSE(o.service_defaults.queue_max.has_value());
  CHECK(o.service_defaults.methods.at("find").idempotent == true);
}

TEST_CASE("a file without sections of services sets no policy", "[config]") {
  const broker_options o = read("queue_max = 7");
  CHECK(o.services.empty());
  CHECK_FALSE(o.service_defaults.queue_max.has_value());
  CHECK(o.service_defaults.methods.empty());
}

TEST_CASE("an unknown key of a section is refused with its line, its section and a guess", "[config]") {
  CHECK(error_of("[service.shop]\n\nqeue_max = 5") ==
        "gate.toml:3: unknown key 'qeue_max' in [service.shop] (did you mean 'queue_max'?)");
  CHECK(error_of("[service.shop.method.buy]\nidempotant = true") ==
        "gate.toml:2: unknown key 'idempotant' in [service.shop.method.buy] (did you mean 'idempotent'?)");
  CHECK(error_of("[service_defaults]\nzzzzzzzzz = 1") == "gate.toml:2: unknown key 'zzzzzzzzz' in [service_defaults]");
  CHECK(error_of("[service.\"prod/x\"]\nzzzzzzzzz = 1") ==
        "gate.toml:2: unknown key 'zzzzzzzzz' in [service.\"prod/x\"]");
}

TEST_CASE("a key in a section that does not have it is told where it belongs", "[config]") {
  CHECK(error_of("[service.shop]\nfrontend = 'tcp://127.0.0.1:1'") ==
        "gate.toml:2: 'frontend' is no key of [service.shop]: it belongs at the top of the file");
  CHECK(error_of("[service.shop]\nidempotent = true") ==
        "gate.toml:2: 'idempotent' is no key of [service.shop]: it belongs in [service.NAME.method.METHOD]");
  CHECK(error_of("[service.shop]\nrequests_per_second_max = 1") ==
        "gate.toml:2: 'requests_per_second_max' is no key of [service.shop]: it belongs at the top of the file or in "
        "[service.NAME.method.METHOD]");
  CHECK(error_of("[service.shop.method.buy]\nqueue_max = 1") ==
        "gate.toml:2: 'queue_max' is no key of [service.shop.method.buy]: it belongs at the top of the file or in "
        "[service.NAME]");
  CHECK(error_of("queue_max = 1\nbalancer = 'lru'") ==
        "gate.toml:2: 'balancer' is no key of the top of the file: it belongs in [service.NAME]");
}

TEST_CASE("a section of services that is no table of tables is refused with what to write", "[config]") {
  CHECK(error_of("service = 5") == "gate.toml:1: [service] must be a table");
  CHECK(error_of("service_defaults = 5") == "gate.toml:1: [service_defaults] must be a table");
  CHECK(error_of("[service]\nqueue_max = 5") ==
        "gate.toml:2: 'queue_max' in [service]: the settings of a service stand in [service.NAME], those of all "
        "services in [service_defaults]");
  CHECK(error_of("[service.shop]\nmethod = 5") == "gate.toml:2: [service.shop.method] must be a table");
  CHECK(error_of("[service.shop.method]\nbuy = 5") == "gate.toml:2: [service.shop.method.buy] must be a table");
  CHECK(error_of("[service.a.b]\nqueue_max = 5") ==
        "gate.toml:1: unknown table 'b' in [service.a]: put a name that has a dot into quotes, such as "
        "[service.\"a.b\"]; methods stand in [service.NAME.method.METHOD]");
  CHECK(error_of("[[service.shop]]\nqueue_max = 5").starts_with("gate.toml:1: "));
}

TEST_CASE("a name that no service can have is refused with its line", "[config]") {
  CHECK(error_of("[service.\"\"]").starts_with("gate.toml:1: the name of a service has 1 to 255 bytes"));
  CHECK(error_of("\n[service.\"" + std::string(256, 'x') + "\"]").starts_with("gate.toml:2: the name of a service"));
  CHECK(error_of("[service.\"/x\"]").starts_with("gate.toml:1: the name of a service"));
  CHECK(error_of("[service.gate]\nqueue_max = 1") ==
        "gate.toml:1: 'gate' is a service of the broker itself, and has no settings");
}

TEST_CASE("values of a section have the same kinds and ranges as at the top", "[config]") {
  CHECK(error_of("[service.shop]\nqueue_max = -1") ==
        "gate.toml:2: 'queue_max' must be a whole number from 0 to 1073741824");
  CHECK(error_of("[service.shop]\nqueue_age_max = '25h'") == "gate.toml:2: 'queue_age_max' must be from 1ms to 24h");
  CHECK(error_of("[service.shop]\nbalancer = 'magic'").starts_with("gate.toml:2: 'balancer' must be "));
  CHECK(error_of("[service.shop.method.buy]\nidempotent = 1") == "gate.toml:2: 'idempotent' must be true or false");
  for (const std::string_view name : balancer_names()) {
    CHECK(read("[service.shop]\nbalancer = '" + std::string(name) + "'").services.at("shop").balancer == name);
  }
}

TEST_CASE("an error in a section leaves the options as they were", "[config]") {
  given_settings given;
  given.read_text("queue_max = 1\n[service.a]\nqueue_max = 1\n[service.b]\nzzzzzzzzz = 1", "gate.toml");
  broker_options options;
  CHECK_THROWS_AS(read_options(given, options), settings_error);
  CHECK(options.queue_max == broker_options().queue_max);
  CHECK(options.services.empty());
}

TEST_CASE("policies are written as sections that can be read again", "[config]") {
  CHECK(services_text({}).empty());
  const broker_options o = read(
      "[service.\"prod/x\"]\nqueue_max = 5\n[service.\"prod/x\".method.buy]\nidempotent = true\n"
      "[service_defaults.method.\"a.b\"]\nrequests_per_second_max = 3\n");
  const std::string text = services_text(o);
  const broker_options again = read(text);
  CHECK(services_text(again) == text);
  CHECK(again.services.at("prod/x").queue_max == 5u);
  CHECK(again.services.at("prod/x").methods.at("buy").idempotent == true);
  CHECK(again.service_defaults.methods.at("a.b").requests_per_second_max == 3u);
}

TEST_CASE("the sections of the example are read, and say what counts without them", "[config]") {
  const broker_options limits, o = read(test::without_comment_marks(example_config()));
  const service_policy& shop = o.services.at("calculator");
  for (const service_policy& policy : {o.service_defaults, shop}) {
    CHECK(policy.balancer == default_balancer);
    CHECK(policy.queue_max == limits.queue_max);
    CHECK(policy.queue_bytes_max == limits.queue_bytes_max);
    CHECK(policy.queue_age_max == limits.queue_age_max);
  }
  CHECK(shop.methods.at("add").requests_per_second_max == 0u);
  CHECK(shop.methods.at("add").requests_burst_max == 0u);
  CHECK(shop.methods.at("add").idempotent == false);
}
