// Reads the files of the credential store: TOML in, a snapshot out.
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "broker/credential_store/snapshot.hpp"

namespace gate::security {

// Names the file, the line and the fault: "users.toml:12: principal 'bob' has the unknown role 'admn'".
class store_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct store_source {
  std::string name;  // of the file, for messages
  std::string_view text;
};

// Reads all files as one store: a role of one file may be used in another. docs/security.md has the format. Throws
// store_error.
snapshot read_store(std::span<const store_source> sources);

// True if the name can be a principal's: UTF-8 without control characters, 1 to 255 bytes.
bool is_principal_name(std::string_view name) noexcept;

}  // namespace gate::security
