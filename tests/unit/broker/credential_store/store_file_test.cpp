#include <string>

#include <catch2/catch.hpp>

#include <gate/credential_store.hpp>

#include "broker/credential_store/password.hpp"
#include "broker/credential_store/store.hpp"
#include "tests/support/scratch_folder.hpp"

using gate::curve_key;
using gate::old_credential;
using gate::private_file_error;
using gate::store_error;
using gate::store_file;
using gate::security::fits;
using gate::security::load_store;
using gate::test::scratch_folder;

TEST_CASE("a password that a program sets is accepted, and an old one only if it is kept", "[security]") {
  const scratch_folder folder;
  const std::string path = folder.file("users.toml");
  const store_file store(path);
  store.set_password("alice", "first", old_credential::revoke);
  CHECK(scratch_folder::mode(path) == 0600);
  CHECK(fits("first", load_store(path).find("alice")->password_hashes.at(0)));
  store.set_password("alice", "second", old_credential::keep);
  CHECK(load_store(path).find("alice")->password_hashes.size() == 2);
  store.set_password("alice", "third", old_credential::revoke);
  const gate::security::snapshot now = load_store(path);
  REQUIRE(now.find("alice")->password_hashes.size() == 1);
  CHECK(fits("third", now.find("alice")->password_hashes.at(0)));
}

TEST_CASE("a password or a name that cannot be stored changes nothing", "[security]") {
  const scratch_folder folder;
  const std::string path = folder.write("users.toml", "# mine\n");
  const store_file store(path);
  CHECK_THROWS_AS(store.set_password("alice", "", old_credential::revoke), store_error);
  CHECK_THROWS_AS(store.set_password("alice", std::string(256, 'x'), old_credential::revoke), store_error);
  CHECK_THROWS_AS(store.set_password("a\nb", "x", old_credential::revoke), store_error);
  CHECK_THROWS_AS(store.set_curve_key("", curve_key{}, old_credential::revoke), store_error);
  CHECK(scratch_folder::read(path) == "# mine\n");
}

TEST_CASE("a key that is made belongs to its principal in the store", "[security]") {
  const scratch_folder folder;
  const store_file store(folder.file("users.toml"));
  const curve_key key = store.make_key("worker", folder.file("worker.key"), old_credential::revoke);
  CHECK(gate::read_curve_file(folder.file("worker.key")).public_key == key);
  REQUIRE(load_store(folder.file("users.toml")).find(key) != nullptr);
  CHECK(load_store(folder.file("users.toml")).find(key)->name == "worker");
  const curve_key other = gate::make_curve_pair().public_key;
  store.set_curve_key("worker", other, old_credential::revoke);
  CHECK(load_store(folder.file("users.toml")).find(key) == nullptr);
  CHECK(load_store(folder.file("users.toml")).find(other)->name == "worker");
}

TEST_CASE("a store that cannot take a key leaves no key file", "[security]") {
  const scratch_folder folder;
  const store_file store(folder.write("users.toml", "", 0644));
  CHECK_THROWS_AS(store.make_key("worker", folder.file("worker.key"), old_credential::revoke), private_file_error);
  CHECK_THROWS_AS(gate::read_curve_file(folder.file("worker.key")), private_file_error);
}
