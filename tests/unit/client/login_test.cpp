#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include <gate/client.hpp>
#include <gate/cross_loop.hpp>
#include <gate/error.hpp>

#include "tests/support/guarded_router.hpp"

using namespace gate;
using namespace std::chrono_literals;
using gate::test::guard;
using gate::test::guarded_router;

namespace {

client_options options_for(const guarded_router& router, gate::credentials who) {
  client_options o(router.endpoint);
  o.credentials = std::move(who);
  o.connect_timeout = 60s;  // so long that no call ends by it
  o.reconnect_pause_min = 1ms;
  return o;
}

template <class F> std::optional<Error> error_of(F&& work) {
  try {
    work();
  } catch (const Error& e) {
    return e;
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("the calls of a client that is refused end as unauthenticated, and it does not try again", "[client]") {
  guarded_router router(guard::plain);
  router.answer({"400"});
  const Client client(options_for(router, credentials::plain("alice", "opensesame")));
  const auto ready = error_of([&] { start(client.where(), client.ready()).get(); });
  REQUIRE(ready);
  CHECK(ready->code() == errc::unauthenticated);
  for (int i = 0; i < 3; ++i) {
    const auto failed = error_of([&] { client["x"]["y"]().get<void>(); });
    REQUIRE(failed);
    CHECK(failed->code() == errc::unauthenticated);
    CHECK(std::string(failed->what()).find("does not admit user 'alice'") != std::string::npos);
    CHECK(std::string(failed->what()).find("opensesame") == std::string::npos);
  }
  CHECK(router.asked() == 1);
}

TEST_CASE("a call that waits for the connection learns of the refusal", "[client]") {
  guarded_router router(guard::curve);
  const Client client(options_for(router, {}));
  const auto failed = error_of([&] { client["x"]["y"]().get<void>(); });
  REQUIRE(failed);
  CHECK(failed->code() == errc::unauthenticated);
}

TEST_CASE("a client whose login is put off tries again with pauses", "[client]") {
  guarded_router router(guard::plain);
  router.answer({"500", "500", "400"});
  const Client client(options_for(router, credentials::plain("alice", "opensesame")));
  const auto failed = error_of([&] { start(client.where(), client.ready()).get(); });
  REQUIRE(failed);
  CHECK(failed->code() == errc::unauthenticated);
  CHECK(router.asked() == 3);
}
