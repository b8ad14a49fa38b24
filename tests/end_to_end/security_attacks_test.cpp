// The table of attacks as tests, with real processes. Each line of the table is a check. gate-acceptance repeats them
// more often, and also judges how long they take.
#include <algorithm>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "tests/support/attacks/attacks.hpp"

using namespace gate::test;

namespace {

class checks final : public findings {
 public:
  void line(std::string_view what, const std::string& figure, const std::string& bar, bool ok) override {
    INFO(what << ": " << figure << "; wanted: " << bar);
    CHECK(ok);
  }
  void pace(std::string_view, const std::string&, const std::string&, bool) override {}
  int rounds(int wanted) const override { return std::max(2, wanted / 10); }
};

void run(std::string_view name) {
  const auto found =
      std::find_if(attacks().begin(), attacks().end(), [&](const attack& each) { return each.name == name; });
  REQUIRE(found != attacks().end());
  checks to;
  found->run(to);
}

}  // namespace

TEST_CASE("a wrong password, or none, lets nobody in", "[security]") { run("wrong-passwords"); }
TEST_CASE("an unknown key, or the wrong one of the server, lets nobody in", "[security]") { run("unknown-keys"); }
TEST_CASE("a flood of logins stops nobody else", "[security]") { run("flood-of-logins"); }
TEST_CASE("who is put off is not let in, and not shut out", "[security]") { run("put-off-logins"); }
TEST_CASE("handshakes that never end are cut", "[security]") { run("endless-handshakes"); }
TEST_CASE("ten thousand connections that say nothing are cut", "[security]") { run("silent-connections"); }
TEST_CASE("a routing id that is taken stays with who has it", "[security]") { run("duplicate-identities"); }
TEST_CASE("a worker answers only what it was given", "[security]") { run("answers-of-others"); }
TEST_CASE("a client hears only answers to its own calls", "[security]") { run("replies-for-others"); }
TEST_CASE("the caller that a worker sees is the one who logged in", "[security]") { run("forged-callers"); }
TEST_CASE("a forged login in a message counts for nothing", "[security]") { run("forged-messages"); }
TEST_CASE("who is known may do what his roles grant alone", "[security]") { run("wrong-roles"); }
TEST_CASE("a worker offers what its roles grant alone", "[security]") { run("strange-offers"); }
TEST_CASE("namespaces are closed to each other", "[security]") { run("crossed-namespaces"); }
TEST_CASE("who is revoked loses the next call over a connection that is up", "[security]") { run("revoked-users"); }
TEST_CASE("no call is lost while the store changes under load", "[security]") { run("rotated-store"); }
TEST_CASE("the broker does not start where libzmq would let anybody in", "[security]") { run("unsafe-set-ups"); }
TEST_CASE("passwords are in no log, no answer and no argument", "[security]") { run("kept-secrets"); }
