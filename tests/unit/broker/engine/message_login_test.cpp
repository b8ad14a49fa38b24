#include "broker/engine/message_login.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace gate;
using namespace gate::broker;

namespace {

using texts = std::vector<bytes_view>;

texts copied(wire::frames_view frames) { return {frames.begin(), frames.end()}; }

}  // namespace

TEST_CASE("messages wait for their login in the order in which they came", "[broker]") {
  waiting_room room{10'000, 0};
  message_login logins(room);
  CHECK_FALSE(logins.waits());
  REQUIRE(logins.keep(texts{"a", ""}));
  REQUIRE(logins.keep(texts{"b"}));
  CHECK(copied(logins.first()) == texts{"a", ""});
  logins.forget_first();
  CHECK(copied(logins.first()) == texts{"b"});
  logins.forget_first();
  CHECK_FALSE(logins.waits());
  CHECK(room.bytes == 0);
}

TEST_CASE("so many messages wait for a login, and no more", "[broker]") {
  waiting_room room{10'000'000, 0};
  message_login logins(room);
  for (std::size_t i = 0; i < message_login::messages_max; ++i) REQUIRE(logins.keep(texts{"m"}));
  CHECK_FALSE(logins.keep(texts{"m"}));
  logins.forget_first();
  CHECK(logins.keep(texts{"m"}));
}

TEST_CASE("all that wait share one room, and who goes leaves it", "[broker]") {
  waiting_room room{1000, 0};
  const std::string large(600, 'x');
  message_login one(room);
  {
    message_login other(room);
    REQUIRE(other.keep(texts{large}));
    CHECK_FALSE(one.keep(texts{large}));
  }
  CHECK(room.bytes == 0);
  CHECK(one.keep(texts{large}));
  CHECK_FALSE(one.keep(texts{std::string(2000, 'x')}));
}

TEST_CASE("what was proved once is remembered until something else is", "[broker]") {
  waiting_room room{1000, 0};
  message_login logins(room);
  CHECK(logins.proven() == nullptr);
  security::proof p;
  p.principal = "alice";
  logins.accepted(p);
  REQUIRE(logins.proven() != nullptr);
  logins.accepted(std::nullopt);
  CHECK(logins.proven()->principal == "alice");
}
