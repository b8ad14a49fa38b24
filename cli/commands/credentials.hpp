// The actions of `gate passwd` and `gate keygen`.
#pragma once

#include <string>

#include "broker/credential_store/store_edit.hpp"
#include "cli/context/settings.hpp"
#include "common/credentials/curve_key.hpp"
#include "common/credentials/secret.hpp"

namespace gate::cli {

// Sets the principal's password in the store. Makes the store if there is none. Throws usage_error if the name is wrong
// or the store is a folder, and store_error or private_file_error if the store is damaged or not private.
void store_password(const std::string& store, const std::string& user, const secret& password, security::edit how);

// Makes a pair of keys and writes it to a new file. With a store, adds the public key to that principal there; if that
// fails, no key file is left behind. Throws as above.
curve_key make_key_file(const std::string& file, const std::string& store, const std::string& user, security::edit how);

// Asks on the terminal, without echo, until the password was typed twice the same, three times at most. Throws
// usage_error without a terminal.
secret ask_password(const std::string& user);

// The options of each command. perform_...() runs it and returns the exit code, or throws as above.
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
