// What credentials hold, for those who hand it to a transport.
#pragma once

#include <string>

#include <gate/credentials.hpp>

#include "common/credentials/curve_key.hpp"
#include "common/credentials/secret.hpp"

namespace gate {

struct credentials::material {
  kind what = kind::plain;
  // plain
  std::string user;
  secret password;
  // curve
  curve_pair own;
  curve_key server_key{};
};

// Overwrites GATE_PASSWORD where the process was given it, and takes it out of the environment: for programs, once they
// have read it, since their children inherit what is there and other processes of the user can look at it.
void forget_password_in_environment() noexcept;

}  // namespace gate
