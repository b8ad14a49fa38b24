#include "broker/credential_store/store.hpp"

#include <string>

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "broker/credential_store/password.hpp"
#include "tests/support/scratch_folder.hpp"

using gate::test::scratch_folder;
using namespace gate;
using namespace gate::security;

namespace {

const std::string hash_a = make_dummy_hash(usual_cost), hash_b = make_dummy_hash(usual_cost);
const curve_key key_a = make_curve_pair().public_key, key_b = make_curve_pair().public_key;

snapshot read(std::string_view text) {
  const store_source source{"users.toml", text};
  return read_store({&source, 1});
}

std::string fault_of(std::string_view text) {
  try {
    (void)read(text);
  } catch (const store_error& e) {
    return e.what();
  }
  return "read";
}

std::string fault_of_loading(const std::string& path) {
  try {
    (void)load_store(path);
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return "loaded";
}

}  // namespace

TEST_CASE("a store has principals with credentials, roles and namespaces", "[security]") {
  const snapshot s = read(
      "[roles.caller]\ncall = ['billing', 'log.read_*']\n[roles.operator]\noperate = true\n"
      "[principals.alice]\npassword = '" +
      hash_a +
      "'\nroles = ['caller']\nnamespaces = ['prod', 'test']\n"
      "[principals.'\xe5\xa0\xa1\xe5\x9e\x92']\npassword = ['" +
      hash_a + "', '" + hash_b + "']\ncurve = '" + to_z85(key_a) +
      "'\nroles = ['caller', 'operator']\noffer = ['billing']\n");
  const principal* const alice = s.find("alice");
  REQUIRE(alice != nullptr);
  CHECK(alice->password_hashes == std::vector<std::string>{hash_a});
  CHECK(alice->granted.call.size() == 2);
  CHECK_FALSE(alice->granted.operate);
  CHECK(alice->home() == "prod");
  CHECK(alice->is_granted("test"));
  CHECK_FALSE(alice->is_granted(""));
  const principal* const other = s.find("\xe5\xa0\xa1\xe5\x9e\x92");
  REQUIRE(other != nullptr);
  CHECK(s.find(key_a) == other);
  CHECK(s.find(key_b) == nullptr);
  CHECK(other->granted.operate);
  CHECK(other->granted.offer.size() == 1);
  CHECK(other->home().empty());
  CHECK(other->is_granted(""));
  CHECK(s.find("bob") == nullptr);
  CHECK(s.hashes_most() == 2);
}

TEST_CASE("what is wrong with a store is told with its file and line", "[security]") {
  CHECK(fault_of("[principals.a]\n\nroles = ['nobody']\n")
            .starts_with("users.toml:1: principal 'a' has the unknown role 'nobody'"));
  CHECK(fault_of("\n[principal.a]\n").starts_with("users.toml:2: unknown key 'principal'"));
  CHECK(fault_of("[roles.r]\ncalls = []\n").starts_with("users.toml:2: unknown key 'calls'"));
  CHECK(fault_of("[principals.a]\npasword = 'x'\n").starts_with("users.toml:2: unknown key 'pasword'"));
  CHECK(fault_of("[principals.a]\nroles = 5\n").starts_with("users.toml:2: 'roles' must be"));
  CHECK(fault_of("principals = 3\n").starts_with("users.toml:1: 'principals' must be a table"));
  CHECK(fault_of("[principals]\na = 3\n").starts_with("users.toml:2: 'principals.a' must be a table"));
  CHECK(fault_of("[principals.a]\noperate = 'yes'\n").starts_with("users.toml:2: 'operate' must be"));
  CHECK(fault_of("[principals.a]\ncall = ['prod/']\n").starts_with("users.toml:2: 'call' must hold patterns"));
  CHECK(fault_of("[principals.a]\ncall = ['billing.']\n").starts_with("users.toml:2: 'call' must hold patterns"));
  CHECK(fault_of("[principals.a]\nnamespaces = ['pr*']\n").starts_with("users.toml:2: a namespace is"));
  CHECK(fault_of("[principals.'']\n").starts_with("users.toml:1: a name is"));
  CHECK(fault_of("[principals.\"a\\u0000b\"]\n").starts_with("users.toml:1: a name is"));
  CHECK(fault_of("[principals.a\n").starts_with("users.toml:"));
}

TEST_CASE("a password in the place of its hash is refused and not told", "[security]") {
  for (const std::string& wrong :
       {std::string("swordfish"), std::string("$argon2i$v=19$m=19456,t=2,p=1$") + hash_a.substr(31),
        hash_a.substr(0, hash_a.size() - 1), hash_a + "x", "$argon2id$v=19$m=4194304,t=2,p=1$" + hash_a.substr(31),
        "$argon2id$v=19$m=64,t=2,p=1$" + hash_a.substr(31)}) {
    const std::string fault = fault_of("[principals.a]\npassword = '" + wrong + "'\n");
    CHECK(fault.starts_with("users.toml:2: 'password' must be an argon2id hash"));
    CHECK(fault.find(wrong) == std::string::npos);
  }
  // Not even if the TOML text breaks off there.
  CHECK(fault_of("[principals.a]\npassword = swordfish\n").find("swordfish") == std::string::npos);
}

TEST_CASE("a key belongs to one principal, and a name stands once", "[security]") {
  const std::string key = "curve = '" + to_z85(key_a) + "'\n";
  CHECK(fault_of("[principals.a]\n" + key + "[principals.b]\n" + key).starts_with("users.toml:4: this public key"));
  CHECK(fault_of("[principals.a]\ncurve = 'short'\n").starts_with("users.toml:2: 'curve' must be"));
  const store_source sources[] = {{"1.toml", "[principals.a]\n"}, {"2.toml", "\n[principals.a]\n"}};
  CHECK_THROWS_WITH(read_store(sources), "2.toml:2: principal 'a' stands at 1.toml:1: already");
}

TEST_CASE("a folder is read as one store, in which a role of one file serves another", "[security]") {
  const scratch_folder folder;
  folder.write("20-users.toml", "[principals.a]\nroles = ['r']\n");
  folder.write("10-roles.toml", "[roles.r]\noperate = true\n");
  folder.write("notes.txt", "not TOML", 0644);
  folder.write(".hidden.toml", "not TOML");
  CHECK(load_store(folder.path()).find("a")->granted.operate);
  folder.write("30.toml", "", 0644);
  CHECK(fault_of_loading(folder.path()).find("30.toml: others can read or change it (mode 0644)") != std::string::npos);
  folder.write("30.toml", "");
  CHECK(fault_of_loading(folder.path()) == "loaded");
  REQUIRE(::chmod(folder.path().c_str(), 0770) == 0);
  CHECK(fault_of_loading(folder.path()).find("others can write into it") != std::string::npos);
}

TEST_CASE("a broken store leaves the old one in force and says where it is broken", "[security]") {
  const scratch_folder folder;
  const std::string path = folder.write("users.toml", "[principals.a]\n");
  store s(path);
  const auto before = s.current();
  REQUIRE(before->find("a") != nullptr);
  CHECK_FALSE(s.changed_on_disk());

  folder.write("users.toml", "[principals.a]\n[principals.b]\nroles = 'none'\n");
  CHECK(s.changed_on_disk());
  store::reloaded r = s.reload();
  CHECK_FALSE(r.in_force);
  CHECK(r.fault.starts_with(path + ":2: "));
  CHECK(s.current() == before);
  CHECK_FALSE(s.changed_on_disk());  // reported once, not every second

  REQUIRE(::chmod(path.c_str(), 0644) == 0);
  CHECK(s.changed_on_disk());
  CHECK(s.reload().fault.find("others can read") != std::string::npos);
  CHECK(s.current() == before);

  folder.write("users.toml", "[principals.b]\n");
  r = s.reload();
  CHECK(r.in_force);
  CHECK(r.fault.empty());
  CHECK(s.current()->find("b") != nullptr);
  CHECK(s.current()->find("a") == nullptr);
  CHECK(before->find("a") != nullptr);  // a reader of the old store can go on
}

TEST_CASE("a store with a key of very many parts is refused and leaves the old one in force", "[security]") {
  const scratch_folder folder;
  const std::string path = folder.write("users.toml", "[principals.alice]\npassword = '" + hash_a + "'\n");
  store s(path);
  std::string deep = "[principals.alice]\na";
  for (int i = 0; i < 50'000; ++i) deep += ".a";
  folder.write("users.toml", deep + " = 1");
  const store::reloaded r = s.reload();
  CHECK_FALSE(r.in_force);
  CHECK(r.fault.find("users.toml:2: is nested deeper than 64 ") != std::string::npos);
  CHECK(s.current()->find("alice") != nullptr);
}

TEST_CASE("what a reload changed is told, principal by principal", "[security]") {
  const snapshot before = read(
      "[roles.r]\ncall=['x']\n[principals.gone]\n[principals.same]\nroles='r'\n[principals.grows]\n"
      "[principals.rekeyed]\npassword='" +
      hash_a + "'\ncurve='" + to_z85(key_a) + "'\n");
  const snapshot after = read(
      "[roles.r]\ncall=['x']\n[principals.new]\n[principals.same]\nroles='r'\n[principals.grows]\nroles='r'\n"
      "[principals.rekeyed]\npassword='" +
      hash_b + "'\ncurve='" + to_z85(key_b) + "'\n");
  std::string told;
  for (const principal_change& c : differences(&before, &after)) told += c.principal + " " + std::string(c.what) + ". ";
  CHECK(told == "gone removed. grows roles. new added. rekeyed password. rekeyed keys. ");
  CHECK(differences(nullptr, &after).size() == 4);
  CHECK(differences(&after, nullptr).size() == 4);
  CHECK(differences(&after, &after).empty());
}

TEST_CASE("a password fits the hash that was made of it and no other", "[security]") {
  const std::string hash = hash_password("correct horse", least_cost);
  CHECK(cost_of(hash).has_value());
  CHECK(fits("correct horse", hash));
  CHECK_FALSE(fits("correct horse ", hash));
  CHECK_FALSE(fits("", hash));
  CHECK_FALSE(fits("correct horse", hash_a));
  CHECK_FALSE(fits("correct horse", "none"));
  const auto usual = cost_of(hash_a);
  REQUIRE(usual);
  CHECK(usual->memory_kib == 19 * 1024);
  CHECK(usual->passes == 2);
}

TEST_CASE("the hash that nobody's password fits costs what the dearest of the store does", "[security]") {
  const std::string dear = make_dummy_hash({32 * 1024, 3});
  const snapshot s = read("[principals.a]\npassword='" + hash_a + "'\n[principals.b]\npassword='" + dear + "'\n");
  REQUIRE(cost_of(s.dummy_hash()));
  CHECK(cost_of(s.dummy_hash())->work() == cost_of(dear)->work());
  CHECK(cost_of(read("").dummy_hash())->work() == usual_cost.work());
}
