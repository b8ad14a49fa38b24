#include "cli/context/own_credentials.hpp"

#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>

#include <catch2/catch.hpp>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/commands/credentials.hpp"
#include "cli/terminal/prompt.hpp"
#include "common/credentials/material.hpp"
#include "tests/support/scratch_folder.hpp"

using gate::test::scratch_folder;
using namespace gate;
using namespace gate::cli;

namespace {

// Runs `work` in a child with a terminal of its own, where `typed` is typed once it has asked. The exit code is 0 if it
// returned true.
struct at_terminal {
  template <class F> at_terminal(const std::string& typed, const std::string& question, F&& work) {
    int master = -1;
    const pid_t child = ::forkpty(&master, nullptr, nullptr, nullptr);
    if (child < 0) throw std::runtime_error("no terminal to be had");
    if (child == 0) {
      try {
        ::_exit(work() ? 0 : 1);
      } catch (const std::exception& e) {
        std::cerr << e.what() << std::endl;
        ::_exit(2);
      }
    }
    bool said = false;
    char raw[256];
    for (ssize_t got = 0; (got = ::read(master, raw, sizeof raw)) > 0;) {
      shown.append(raw, static_cast<std::size_t>(got));
      if (said || shown.find(question) == std::string::npos) continue;
      said = true;
      if (::write(master, typed.data(), typed.size()) < 0) break;
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    ::close(master);
  }
  std::string shown;
  int code = -1;
};

void clear_environment() {
  for (const char* const name : {"GATE_CREDENTIALS", "GATE_USER", "GATE_PASSWORD", "GATE_KEY", "GATE_SERVER_KEY"}) {
    ::unsetenv(name);
  }
}

bool is_alice(const credentials& c) { return c.user() == "alice" && c.secrets()->password.view() == "opensesame"; }

}  // namespace

TEST_CASE("a password is asked for at the terminal, and not shown", "[cli]") {
  clear_environment();
  const at_terminal by_flag("opensesame\n", "Password of alice: ", [] {
    return is_alice(credentials_of({"", "alice"}));
  });
  CHECK(by_flag.code == 0);
  CHECK(by_flag.shown.find("Password of alice: ") != std::string::npos);
  CHECK(by_flag.shown.find("opensesame") == std::string::npos);

  const at_terminal by_variable("opensesame\n", "Password of alice: ", [] {
    ::setenv("GATE_USER", "alice", 1);
    return is_alice(credentials_of({}));
  });
  CHECK(by_variable.code == 0);
  CHECK(by_variable.shown.find("opensesame") == std::string::npos);

  const at_terminal empty("\n", "Password of alice: ", [] { return is_alice(credentials_of({"", "alice"})); });
  CHECK(empty.code == 2);
}

TEST_CASE("a new password is asked for twice, and not shown", "[cli]") {
  const at_terminal same("opensesame\nopensesame\n",
                         "New password of bob: ", [] { return ask_password("bob").view() == "opensesame"; });
  CHECK(same.code == 0);
  CHECK(same.shown.find("opensesame") == std::string::npos);
}

TEST_CASE("who one is comes from the flags before the environment", "[cli]") {
  clear_environment();
  const scratch_folder folder;
  const std::string file = folder.write("me.toml", "user = \"carol\"\npassword = \"opensesame\"\n");
  CHECK(credentials_of({}).empty());
  ::setenv("GATE_USER", "bob", 1);
  ::setenv("GATE_PASSWORD", "opensesame", 1);
  CHECK(credentials_of({file, ""}).user() == "carol");
  CHECK(std::getenv("GATE_PASSWORD") == nullptr);  // a program that we start must not see it
  ::setenv("GATE_PASSWORD", "opensesame", 1);
  CHECK(is_alice(credentials_of({"", "alice"})));
  ::setenv("GATE_PASSWORD", "opensesame", 1);
  CHECK(credentials_of({}).user() == "bob");
  clear_environment();
  CHECK_THROWS_AS(credentials_of({folder.file("nothing"), ""}), credentials_error);
}
