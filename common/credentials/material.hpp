// The content of credentials, for the code that gives it to a transport.
#pragma once

#include <string>

#include <gate/credentials.hpp>
#include <gate/curve_key.hpp>
#include <gate/secret.hpp>

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

}  // namespace gate
