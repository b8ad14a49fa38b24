// The user's credentials: from a file, from the environment, or typed at the terminal.
#pragma once

#include <string>

#include <gate/credentials.hpp>

namespace gate::cli {

// The login options of the command line. Never a password: everybody can see arguments.
struct login_line {
  std::string file;  // --credentials
  std::string user;  // --user: the password is in GATE_PASSWORD, or asked for
};

// Whether the command line or the environment names a user.
bool says_who(const login_line& said);

// Throws credentials_error, and usage_error if a password is needed and there is no terminal to ask on.
credentials credentials_of(const login_line& said);

}  // namespace gate::cli
