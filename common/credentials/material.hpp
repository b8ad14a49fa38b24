// The content of credentials, for the code that gives it to a transport.
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

// Whether a variable that credentials::from_environment() reads is set.
bool environment_has_credentials() noexcept;

// Overwrites GATE_PASSWORD in the process's environment and removes it there. Programs call this once they have read
// it, because child processes inherit it, and other processes of the user can read it.
void forget_password_in_environment() noexcept;

}  // namespace gate
