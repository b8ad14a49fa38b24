#include "broker/engine/endpoints.hpp"

#include <catch2/catch.hpp>

#include <gate/bind_error.hpp>

using namespace gate;
using namespace gate::broker;

namespace {

broker_options with(std::vector<std::string> frontend, std::vector<std::string> backend, bool insecure = false) {
  broker_options options;
  options.frontend = std::move(frontend);
  options.backend = std::move(backend);
  options.insecure = insecure;
  return options;
}

std::string refusal(const std::string& frontend) {
  try {
    plan_bindings(with({frontend}, {"inproc://workers"}));
  } catch (const bind_error& e) {
    return e.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("loopback, ipc and inproc addresses are local", "[endpoints]") {
  for (const char* endpoint : {"tcp://127.0.0.1:5555", "tcp://127.8.9.1:*", "tcp://localhost:1", "tcp://lo:5",
                               "tcp://[::1]:5555", "ipc:///run/gate", "inproc://gate"}) {
    CAPTURE(endpoint);
    CHECK(is_local(endpoint));
  }
}

TEST_CASE("wildcards, interfaces and names are not local", "[endpoints]") {
  for (const char* endpoint :
       {"tcp://*:5555", "tcp://0.0.0.0:5555", "tcp://[::]:5555", "tcp://10.0.0.1:1", "tcp://eth0:1",
        "tcp://127.evil.example:1", "tcp://127.0.0.1.example:1", "tcp://localhost.example:1", "tcp://127.0.0:1",
        "tcp://1127.0.0.1:1", "udp://127.0.0.1:1", ""}) {
    CAPTURE(endpoint);
    CHECK_FALSE(is_local(endpoint));
  }
}

TEST_CASE("an address that others can reach is refused unless the options say insecure", "[endpoints]") {
  CHECK(refusal("tcp://0.0.0.0:5555") ==
        "cannot bind frontend tcp://0.0.0.0:5555: other machines could reach it and anybody would be admitted; set "
        "auth = \"curve\" or \"plain\", bind a loopback address, or set insecure = true to allow it");
  CHECK_NOTHROW(plan_bindings(with({"tcp://0.0.0.0:5555"}, {"tcp://*:5556"}, true)));
}

TEST_CASE("localhost is bound by its number", "[endpoints]") {
  const auto plan = plan_bindings(with({"tcp://localhost:5555"}, {"inproc://workers"}));
  CHECK(plan.front().endpoint == "tcp://127.0.0.1:5555");
}

TEST_CASE("what is no address is refused with what is wrong", "[endpoints]") {
  CHECK(refusal("5555") == "cannot bind frontend 5555: an address begins with tcp://, ipc:// or inproc://");
  CHECK(refusal("tcp://127.0.0.1") == "cannot bind frontend tcp://127.0.0.1: write it as tcp://host:port");
  CHECK(refusal("tcp://127.0.0.1:70000") ==
        "cannot bind frontend tcp://127.0.0.1:70000: the port must be a number up to 65535, or *");
  CHECK(refusal("tcp://127.0.0.1:") ==
        "cannot bind frontend tcp://127.0.0.1:: the port must be a number up to 65535, or *");
  CHECK(refusal("ipc://") == "cannot bind frontend ipc://: a path must follow ipc://");
}

TEST_CASE("a role without an address is refused", "[endpoints]") {
  CHECK_THROWS_AS(plan_bindings(with({}, {"inproc://a"})), bind_error);
  CHECK_THROWS_AS(plan_bindings(with({"inproc://a"}, {})), bind_error);
}

TEST_CASE("an address that is both frontend and backend is bound once", "[endpoints]") {
  const auto plan = plan_bindings(with({"tcp://127.0.0.1:5555", "ipc:///tmp/a"}, {"tcp://127.0.0.1:5555"}));
  REQUIRE(plan.size() == 2);
  CHECK(plan[0].endpoint == "tcp://127.0.0.1:5555");
  CHECK(role_name(plan[0]) == "frontend and backend");
  CHECK(role_name(plan[1]) == "frontend");
}

TEST_CASE("wildcard ports are as many as are asked for", "[endpoints]") {
  const auto plan = plan_bindings(with({"tcp://127.0.0.1:*"}, {"tcp://127.0.0.1:*"}));
  REQUIRE(plan.size() == 2);
  CHECK(role_name(plan[0]) == "frontend");
  CHECK(role_name(plan[1]) == "backend");
}

TEST_CASE("an address may say what is spoken there", "[endpoints]") {
  const auto plan =
      plan_bindings(with({"tcp://127.0.0.1:5555?dialect=mdp02", "inproc://a"}, {"ipc:///b?dialect=gate2"}));
  REQUIRE(plan.size() == 3);
  CHECK(plan[0].endpoint == "tcp://127.0.0.1:5555");
  CHECK(plan[0].only == dialect::mdp02);
  CHECK(plan[1].only == dialect::unknown);
  CHECK(plan[2].endpoint == "ipc:///b");
  CHECK(plan[2].only == dialect::gate2);
}

TEST_CASE("an option that is none is refused, and so are two dialects at one address", "[endpoints]") {
  for (const char* endpoint : {"inproc://a?dialect=", "inproc://a?dialect=mdp03"}) {
    CHECK(refusal(endpoint) ==
          "cannot bind " + std::string(endpoint) + ": dialect is one of gate2, gate-rpc, mdp01, mdp02");
  }
  for (const char* endpoint : {"inproc://a?", "inproc://a?x=1", "inproc://a?dialect", "inproc://a?dialect=gate2&",
                               "inproc://a?dialect=gate2&dialect=gate2", "inproc://a?auth=none?dialect=gate2"}) {
    CAPTURE(endpoint);
    CHECK(refusal(endpoint) != "accepted");
  }
  CHECK_THROWS_AS(plan_bindings(with({"inproc://a?dialect=mdp01"}, {"inproc://a?dialect=mdp02"})), bind_error);
  CHECK_THROWS_AS(plan_bindings(with({"inproc://a?dialect=mdp01"}, {"inproc://a"})), bind_error);
}

namespace {

broker_options with_store(const std::string& frontend, const std::string& auth = "none") {
  broker_options options = with({frontend}, {"inproc://workers"});
  options.auth = auth;
  options.credentials = "users.toml";
  options.curve_key = "broker.key";
  return options;
}

std::string refusal(const broker_options& options) {
  try {
    plan_bindings(options);
  } catch (const bind_error& e) {
    return e.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("an address may say how peers log in, beside what is spoken there", "[endpoints]") {
  using security::auth;
  for (const char* endpoint :
       {"tcp://0.0.0.0:5555?auth=curve&dialect=gate2", "tcp://0.0.0.0:5555?dialect=gate2&auth=curve"}) {
    const auto plan = plan_bindings(with_store(endpoint));
    CHECK(plan[0].endpoint == "tcp://0.0.0.0:5555");
    CHECK(plan[0].how == auth::curve);
    CHECK(plan[0].only == dialect::gate2);
    CHECK(plan[1].how == auth::none);
  }
  CHECK(refusal(with_store("tcp://0.0.0.0:1?auth=kerberos")) ==
        "cannot bind tcp://0.0.0.0:1?auth=kerberos: auth is one of none, plain, curve, in-message");
  CHECK(refusal(with_store("tcp://0.0.0.0:1?auth=")) != "accepted");
}

TEST_CASE("what an address does not say is what the options say, of inproc nothing", "[endpoints]") {
  using security::auth;
  const auto plan = plan_bindings(with_store("tcp://0.0.0.0:5555", "plain"));
  CHECK(plan[0].how == auth::plain);
  CHECK(plan[1].how == auth::none);
  CHECK(plan_bindings(with_store("tcp://127.0.0.1:5555?auth=none", "plain"))[0].how == auth::none);
  for (const char* how : {"plain", "curve"}) {
    CHECK(refusal(with_store("inproc://a?auth=" + std::string(how))).find("do not log in") != std::string::npos);
  }
}

TEST_CASE("where messages carry the login only gate-rpc is spoken", "[endpoints]") {
  const auto plan = plan_bindings(with_store("tcp://0.0.0.0:5555?auth=in-message"));
  CHECK(plan[0].how == security::auth::in_message);
  CHECK(plan[0].only == dialect::gaterpc);
  CHECK_NOTHROW(plan_bindings(with_store("tcp://0.0.0.0:5555?auth=in-message&dialect=gate-rpc")));
  for (const char* other : {"gate2", "mdp01", "mdp02"}) {
    CHECK(refusal(with_store("tcp://0.0.0.0:5555?auth=in-message&dialect=" + std::string(other))) != "accepted");
  }
}

TEST_CASE("an address with logins but nobody to check them is refused", "[endpoints]") {
  for (const char* how : {"plain", "curve", "in-message"}) {
    CAPTURE(how);
    broker_options options = with({"tcp://127.0.0.1:5555?auth=" + std::string(how)}, {"inproc://workers"});
    options.curve_key = "broker.key";
    CHECK(refusal(options).find("needs a credential store, or a zap_service") != std::string::npos);
    options.zap_service = "tcp://127.0.0.1:9";
    CHECK(refusal(options) == "accepted");
  }
  broker_options options = with({"tcp://127.0.0.1:5555"}, {"tcp://127.0.0.1:5555?auth=plain"});
  options.credentials = "users.toml";
  CHECK(refusal(options).find("two ways to log in") != std::string::npos);
}
