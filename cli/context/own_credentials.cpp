#include "cli/context/own_credentials.hpp"

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "cli/terminal/prompt.hpp"
#include "cli/terminal/terminal.hpp"
#include "common/credentials/material.hpp"

namespace gate::cli {
namespace {

std::string variable(const char* name) {
  const char* const text = std::getenv(name);
  return text == nullptr ? std::string() : text;
}

// A user that is set in the environment alone: the password is asked for, as with --user.
std::string user_without_password() {
  for (const char* const other : {"GATE_CREDENTIALS", "GATE_PASSWORD", "GATE_KEY", "GATE_SERVER_KEY"}) {
    if (!variable(other).empty()) return {};
  }
  return variable("GATE_USER");
}

credentials login_of(const std::string& user) {
  std::string password = variable("GATE_PASSWORD");
  if (password.empty()) {
    hidden_prompt prompt("GATE_PASSWORD, or a file of --credentials, may hold the password");
    password = std::string(prompt.ask("Password of " + printable(user) + ": ").view());
  }
  return credentials::plain(user, std::move(password));
}

}  // namespace

bool says_who(const login_line& said) {
  if (!said.file.empty() || !said.user.empty()) return true;
  return std::getenv("GATE_CREDENTIALS") != nullptr || std::getenv("GATE_USER") != nullptr ||
         std::getenv("GATE_KEY") != nullptr;
}

credentials credentials_of(const login_line& said) {
  credentials found;
  if (!said.file.empty()) {
    found = credentials::from_file(said.file);
  } else if (const std::string user = said.user.empty() ? user_without_password() : said.user; !user.empty()) {
    found = login_of(user);
  } else {
    found = credentials::from_environment();
  }
  forget_password_in_environment();
  return found;
}

}  // namespace gate::cli
