// Who the command is to a broker that asks: from a file, the environment, or the person at the terminal.
#pragma once

#include <string>

#include <gate/credentials.hpp>

namespace gate::cli {

// What the command line says of it. Never a password: everybody can see arguments.
struct login_line {
  std::string file;  // --credentials
  std::string user;  // --user: the password is in GATE_PASSWORD, or asked for
};

// Whether the command line or the environment says who this is.
bool says_who(const login_line& said);

// Throws credentials_error, and usage_error when somebody must be asked and cannot be.
credentials credentials_of(const login_line& said);

}  // namespace gate::cli
