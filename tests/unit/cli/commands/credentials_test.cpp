#include "cli/commands/credentials.hpp"

#include <string>

#include <catch2/catch.hpp>

#include "broker/credential_store/password.hpp"
#include "broker/credential_store/store.hpp"
#include "cli/context/outcome.hpp"
#include "cli/terminal/prompt.hpp"
#include "common/credentials/private_file.hpp"
#include "tests/support/scratch_folder.hpp"

using gate::test::scratch_folder;
using namespace gate;
using namespace gate::cli;
using gate::security::load_store;

TEST_CASE("a password is a line, without its end", "[cli]") {
  CHECK(password_line(secret("pass word\n")).view() == "pass word");
  CHECK(password_line(secret("pass\r\nmore")).view() == "pass");
  CHECK(password_line(secret("pass")).view() == "pass");
  CHECK(password_line(secret(std::string(255, 'x'))).size() == 255);
  for (const std::string& wrong : {std::string(), std::string("\n"), std::string("\r\nx"), std::string(256, 'x')}) {
    CHECK_THROWS_AS(password_line(secret(wrong)), prompt_error);
  }
}

TEST_CASE("a password that was set is right in the store, which only its owner can read", "[cli]") {
  const scratch_folder folder;
  const std::string store = folder.file("users.toml");
  store_password(store, "alice", secret("first"), old_credential::revoke);
  CHECK(scratch_folder::mode(store) == 0600);
  CHECK(scratch_folder::read(store).find("first") == std::string::npos);
  CHECK(security::fits("first", load_store(store).find("alice")->password_hashes.at(0)));
  store_password(store, "alice", secret("second"), old_credential::keep);
  CHECK(load_store(store).find("alice")->password_hashes.size() == 2);
  store_password(store, "alice", secret("third"), old_credential::revoke);
  const security::snapshot now = load_store(store);
  REQUIRE(now.find("alice")->password_hashes.size() == 1);
  CHECK(security::fits("third", now.find("alice")->password_hashes.at(0)));
  CHECK_FALSE(security::fits("first", now.find("alice")->password_hashes.at(0)));
}

TEST_CASE("a store that others can read is refused and stays as it is", "[cli]") {
  const scratch_folder folder;
  const std::string store = folder.write("users.toml", "# mine\n", 0644);
  CHECK_THROWS_AS(store_password(store, "alice", secret("x"), old_credential::revoke), private_file_error);
  CHECK(scratch_folder::read(store) == "# mine\n");
  CHECK_THROWS_AS(store_password(folder.path(), "alice", secret("x"), old_credential::revoke), usage_error);
  CHECK_THROWS_AS(store_password(folder.file("new"), "", secret("x"), old_credential::revoke), usage_error);
  const std::string broken = folder.write("broken.toml", "[oops\n");
  CHECK_THROWS_AS(store_password(broken, "alice", secret("x"), old_credential::revoke), store_error);
}

TEST_CASE("a key pair is made into a new file, and its public key into a store", "[cli]") {
  const scratch_folder folder;
  const curve_key alone = make_key_file(folder.file("broker.key"), "", "", old_credential::revoke);
  CHECK(read_curve_file(folder.file("broker.key")).public_key == alone);
  const std::string store = folder.file("users.toml");
  const curve_key key = make_key_file(folder.file("worker.key"), store, "worker", old_credential::revoke);
  REQUIRE(load_store(store).find(key) != nullptr);
  CHECK(load_store(store).find(key)->name == "worker");
  CHECK(scratch_folder::read(store).find(std::string(read_curve_file(folder.file("worker.key")).secret_key.view())) ==
        std::string::npos);
  CHECK_THROWS_AS(make_key_file(folder.file("worker.key"), store, "worker", old_credential::revoke),
                  private_file_error);
  CHECK(load_store(store).find(key) != nullptr);
}

TEST_CASE("a folder that is not there is named, and nothing is made", "[cli]") {
  const scratch_folder folder;
  const std::string key = folder.file("none/worker.key");
  CHECK_THROWS_WITH(
      make_key_file(key, "", "", old_credential::revoke),
      "there is no folder '" + folder.file("none") + "' for '" + key + "': make it first, with mkdir -p -m 700");
  CHECK_THROWS_AS(make_key_file(folder.file("a.key"), folder.file("none/users.toml"), "x", old_credential::revoke),
                  usage_error);
  CHECK_THROWS_AS(read_curve_file(folder.file("a.key")), private_file_error);
  CHECK_THROWS_AS(make_key_file("", "", "", old_credential::revoke), usage_error);
}

TEST_CASE("a store that cannot take a key leaves no key file behind", "[cli]") {
  const scratch_folder folder;
  const std::string store = folder.write("users.toml", "", 0644);
  CHECK_THROWS_AS(make_key_file(folder.file("worker.key"), store, "worker", old_credential::revoke),
                  private_file_error);
  CHECK_THROWS_AS(read_curve_file(folder.file("worker.key")), private_file_error);
}
