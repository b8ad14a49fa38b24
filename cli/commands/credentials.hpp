// `gate passwd` and `gate keygen`: what they do.
#pragma once

#include <string>

#include <gate/credential_store.hpp>
#include <gate/curve_key.hpp>
#include <gate/secret.hpp>

#include "cli/context/settings.hpp"

namespace gate::cli {

// Sets that principal's password in the store, which is made when it is not there. Throws usage_error for a name or a
// folder, store_error and private_file_error for a store that is not in order.
void store_password(const std::string& store, const std::string& user, const secret& password, old_credential old);

// Makes a pair of keys and writes it to a new file. With a store, the public one becomes that principal's there; a
// store that cannot take it leaves no key file behind. Throws as above.
curve_key make_key_file(const std::string& file, const std::string& store, const std::string& user, old_credential old);

// Asks on the terminal, without echo, until both answers are the same or it was asked three times. Throws usage_error
// without a terminal.
secret ask_password(const std::string& user);

// What the command line says of each; perform_ does it and gives the exit code, or throws as above.
struct passwd_line {
  std::string store, user;
  bool from_input = false, keep = false;
};
int perform_passwd(const passwd_line& line);

struct keygen_line {
  std::string file, store, user;
  bool keep = false;
};
int perform_keygen(const settings& common, const keygen_line& line);

}  // namespace gate::cli
