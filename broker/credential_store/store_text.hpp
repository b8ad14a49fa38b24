// Reads the files of the credential store: TOML in, a snapshot out.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <gate/credential_store.hpp>

#include "broker/credential_store/snapshot.hpp"

namespace gate::security {

struct store_source {
  std::string name;  // of the file, for messages
  std::string_view text;
};

// Reads all files as one store: a role of one file may be used in another. docs/security.md has the format. Throws
// store_error.
snapshot read_store(std::span<const store_source> sources);

}  // namespace gate::security
