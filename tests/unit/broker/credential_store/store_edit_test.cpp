#include "broker/credential_store/store_edit.hpp"

#include <string>

#include <catch2/catch.hpp>

#include "broker/credential_store/password.hpp"

using namespace gate;
using namespace gate::security;

namespace {

const std::string hash = make_dummy_hash(usual_cost), newer = make_dummy_hash(usual_cost);
const std::string entry = "password = \"" + hash + "\"\n", newer_entry = "password = \"" + newer + "\"\n";

std::string set(std::string_view text, std::string_view user, edit how = edit::replace) {
  return set_password(text, "users.toml", user, newer, how);
}

}  // namespace

TEST_CASE("a principal that is not there yet is added at the end", "[security]") {
  CHECK(set("", "alice") == "[principals.alice]\n" + newer_entry);
  CHECK(set("# mine\n[roles.r]\noperate = true", "alice") ==
        "# mine\n[roles.r]\noperate = true\n\n[principals.alice]\n" + newer_entry);
}

TEST_CASE("a password is replaced where it stands and all else stays", "[security]") {
  const std::string head = "# \xc3\xa4 comment\n[principals.alice] # her\nroles = []\n",
                    tail = "# \xc3\xb6\n[principals.bob]\n" + entry;
  CHECK(set(head + entry + tail, "alice") == head + newer_entry + tail);
  CHECK(set(head + tail, "alice") ==
        "# \xc3\xa4 comment\n[principals.alice] # her\n" + newer_entry + "roles = []\n" + tail);
  CHECK(set("principals.alice.password = 'x' # y\n", "alice") == "principals.alice.password = \"" + newer + "\" # y\n");
}

TEST_CASE("a former password stays right when that is asked for, one of them", "[security]") {
  const std::string both = set("[principals.a]\n" + entry, "a", edit::keep);
  CHECK(both == "[principals.a]\npassword = [\"" + hash + "\", \"" + newer + "\"]\n");
  const std::string third = make_dummy_hash(usual_cost);
  CHECK(set_password(both, "f", "a", third, edit::keep) ==
        "[principals.a]\npassword = [\"" + newer + "\", \"" + third + "\"]\n");
  CHECK(set_password(both, "f", "a", third, edit::replace) == "[principals.a]\npassword = \"" + third + "\"\n");
  CHECK(set("", "a", edit::keep) == "[principals.a]\n" + newer_entry);
}

TEST_CASE("names that TOML would take apart are quoted", "[security]") {
  for (const std::string user : {"a.b", "\xe5\xa0\xa1", "a \"quoted\" \\ name", "a]b", "#"}) {
    const std::string text = set(set("", user), user);
    const store_source source{"users.toml", text};
    const snapshot s = read_store({&source, 1});
    REQUIRE(s.principals().size() == 1);
    CHECK(s.principals().front().name == user);
    CHECK(s.principals().front().password_hashes == std::vector<std::string>{newer});
  }
  CHECK_THROWS_AS(set("", ""), store_error);
  CHECK_THROWS_AS(set("", "a\nb"), store_error);
}

TEST_CASE("what cannot be changed safely is left to a person", "[security]") {
  CHECK_THROWS_AS(set("principals = {bob = {}}\n", "alice"), store_error);
  CHECK_THROWS_AS(set("[principals]\nalice = {roles = []}\n", "alice"), store_error);
  CHECK_THROWS_AS(set("principals = 5\n", "alice"), store_error);
  CHECK_THROWS_AS(set("[broken\n", "alice"), store_error);
  // An inline table with its own password can be edited.
  CHECK(set("[principals]\nalice = {password = 'x', roles = []}\n", "alice") ==
        "[principals]\nalice = {password = \"" + newer + "\", roles = []}\n");
}

TEST_CASE("keys are changed as passwords are", "[security]") {
  const curve_key one = make_curve_pair().public_key, two = make_curve_pair().public_key;
  const std::string first = set_curve_key("", "f", "w", one, edit::replace);
  CHECK(first == "[principals.w]\ncurve = \"" + to_z85(one) + "\"\n");
  CHECK(set_curve_key(first, "f", "w", two, edit::keep) ==
        "[principals.w]\ncurve = [\"" + to_z85(one) + "\", \"" + to_z85(two) + "\"]\n");
  CHECK(set_curve_key(first, "f", "w", one, edit::keep) == first);
}
