#include <cstdlib>
#include <initializer_list>
#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include <gate/credentials.hpp>

#include "common/credentials/material.hpp"
#include "tests/support/scratch_folder.hpp"

using gate::test::scratch_folder;
using namespace gate;

namespace {

// Sets variables of the environment while it lives. Our variables that it does not name are unset.
class environment {
 public:
  struct variable {
    const char* name;
    std::string text;
  };
  environment(std::initializer_list<variable> set) {
    clear();
    for (const auto& [name, text] : set) ::setenv(name, text.c_str(), 1);
  }
  environment(const environment&) = delete;
  environment& operator=(const environment&) = delete;
  ~environment() { clear(); }

 private:
  static void clear() {
    for (const char* const name : {"GATE_CREDENTIALS", "GATE_USER", "GATE_PASSWORD", "GATE_KEY", "GATE_SERVER_KEY"}) {
      ::unsetenv(name);
    }
  }
};

template <class F> std::string fault_of(F&& make) {
  try {
    const credentials made = make();
  } catch (const credentials_error& e) {
    return e.what();
  }
  return "none";
}

std::string file_fault(const std::string& path) {
  return fault_of([&] { return credentials::from_file(path); });
}

std::string environment_fault() { return fault_of(credentials::from_environment); }

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("credentials are none, a user with a password, or keys", "[credentials]") {
  const scratch_folder folder;
  const curve_pair own = make_curve_pair(), server = make_curve_pair();
  write_curve_file(folder.file("own.key"), own);

  CHECK(credentials().empty());
  CHECK(credentials().secrets() == nullptr);
  const credentials alice = credentials::plain("alice", "opensesame");
  CHECK(alice.what() == credentials::kind::plain);
  CHECK(alice.user() == "alice");
  CHECK(alice.secrets()->password.view() == "opensesame");
  const credentials keys = credentials::curve(folder.file("own.key"), to_z85(server.public_key));
  CHECK(keys.what() == credentials::kind::curve);
  CHECK(keys.secrets()->own.public_key == own.public_key);
  CHECK(keys.secrets()->server_key == server.public_key);
}

TEST_CASE("what is printed of credentials is not secret", "[credentials]") {
  const scratch_folder folder;
  const curve_pair own = make_curve_pair();
  write_curve_file(folder.file("own.key"), own);
  CHECK(to_string(credentials()) == "none");
  CHECK(to_string(credentials::plain("alice", "opensesame")) == "user alice");
  const std::string keys = to_string(credentials::curve(folder.file("own.key"), to_z85(own.public_key)));
  CHECK(keys == "public key " + to_z85(own.public_key));
  CHECK_FALSE(has(keys, std::string(own.secret_key.view())));
}

TEST_CASE("a password that was moved in is wiped where it was", "[credentials]") {
  std::string password(64, 'p');
  const char* const there = password.data();
  {
    const credentials alice = credentials::plain("alice", std::move(password));
    CHECK(alice.secrets()->password.view() == std::string(64, 'p'));
    CHECK(alice.secrets()->password.view().data() != there);
  }
  std::string spare(64, 's');
  wipe(spare);
  CHECK(spare.empty());
}

TEST_CASE("a password or user that PLAIN cannot carry is refused", "[credentials]") {
  CHECK(fault_of([] { return credentials::plain("", "x"); }) == "a user's name has 1 to 255 bytes");
  CHECK(fault_of([] { return credentials::plain("alice", ""); }) == "a password has 1 to 255 bytes");
  CHECK(fault_of([] { return credentials::plain("alice", std::string(256, 'x')); }) == "a password has 1 to 255 bytes");
  CHECK(credentials::plain("alice", std::string(255, 'x')).secrets()->password.size() == 255);
}

TEST_CASE("credentials come from a file that only its owner can read", "[credentials]") {
  const scratch_folder folder;
  const curve_pair own = make_curve_pair(), server = make_curve_pair();
  write_curve_file(folder.file("own.key"), own);

  const std::string plain = folder.write("plain.toml", "# me\nuser = \"alice\"\npassword = \"open \\\"sesame\\\"\"\n");
  CHECK(credentials::from_file(plain).user() == "alice");
  CHECK(credentials::from_file(plain).secrets()->password.view() == "open \"sesame\"");

  const std::string keys =
      folder.write("keys.toml", "key = \"own.key\"\nserver_key = '" + to_z85(server.public_key) + "'\n");
  CHECK(credentials::from_file(keys).secrets()->own.public_key == own.public_key);

  CHECK(has(file_fault(folder.write("open.toml", "user = \"alice\"\npassword = \"sesame\"\n", 0644)), "chmod 600"));
  CHECK(has(file_fault(folder.file("nothing")), "cannot be opened"));
}

TEST_CASE("a faulty file of credentials is told with its line, and not quoted", "[credentials]") {
  const scratch_folder folder;
  const auto fault = [&](const std::string& text) {
    const std::string found = file_fault(folder.write("me.toml", text));
    CHECK_FALSE(has(found, "sesame"));
    const std::string file = folder.file("me.toml");
    REQUIRE(found.starts_with(file));
    return found.substr(file.size());
  };
  CHECK(fault("user = \"alice\"\npasswd = \"sesame\"\n") ==
        ":2: unknown key 'passwd'; there are user and password, or key and server_key");
  CHECK(fault("user = \"alice\"\npassword = \"sesame\n") == ":2: is no TOML from here on");
  std::string deep = "user = \"alice\"\na";
  for (int i = 0; i < 50'000; ++i) deep += ".a";
  CHECK(fault(deep + " = 1").find(":2: is nested deeper than 64 ") == 0);
  CHECK(fault("user = \"alice\"\npassword = 12345\n") == ":2: password must be a text");
  CHECK(fault("user = \"alice\"\n") == ": user needs password beside it");
  CHECK(fault("password = \"sesame\"\n") == ": password needs user beside it");
  CHECK(fault("key = \"k\"\n") == ": key needs server_key beside it");
  CHECK(fault("server_key = \"sesame\"\n") == ": server_key needs key beside it");
  CHECK(has(fault("key = \"k\"\nserver_key = \"sesame\"\n"), "the server's key is none of 40 characters"));
  CHECK(
      has(fault("user = \"a\"\npassword = \"sesame\"\nkey = \"k\"\nserver_key = \"s\"\n"), "either user and password"));
  CHECK(has(fault(""), "holds neither user and password"));
}

TEST_CASE("credentials come from the environment in one of three ways", "[credentials]") {
  const scratch_folder folder;
  const curve_pair own = make_curve_pair();
  write_curve_file(folder.file("own.key"), own);
  const std::string file = folder.write("me.toml", "user = \"alice\"\npassword = \"sesame\"\n");
  {
    const environment none{{"GATE_USER", ""}};
    CHECK(credentials::from_environment().empty());
  }
  {
    const environment of_file{{"GATE_CREDENTIALS", file}};
    CHECK(credentials::from_environment().user() == "alice");
  }
  {
    const environment pair{{"GATE_USER", "bob"}, {"GATE_PASSWORD", "sesame"}};
    CHECK(credentials::from_environment().user() == "bob");
    CHECK(credentials::from_environment().user() == "bob");
    forget_password_in_environment();
    CHECK(std::getenv("GATE_PASSWORD") == nullptr);
    CHECK(environment_fault() == "GATE_USER needs GATE_PASSWORD beside it");
  }
  {
    const environment keys{{"GATE_KEY", folder.file("own.key")}, {"GATE_SERVER_KEY", to_z85(own.public_key)}};
    CHECK(credentials::from_environment().what() == credentials::kind::curve);
  }
  {
    const environment two{{"GATE_CREDENTIALS", file}, {"GATE_USER", "bob"}};
    CHECK(has(environment_fault(), "either GATE_CREDENTIALS"));
  }
}
