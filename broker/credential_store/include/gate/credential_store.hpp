// The files of a broker's credential store: who may log in. A program may set passwords and keys in them, as
// `gate passwd` and `gate keygen` do:
//
//   gate::store_file("/etc/gate/users.toml").set_password("alice", password.view(), gate::old_credential::revoke);
//
// docs/security.md describes the format. A running broker reads a file that has changed.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <gate/bytes.hpp>
#include <gate/curve_key.hpp>
#include <gate/private_file_error.hpp>
#include <gate/secret.hpp>

namespace gate {

// A file of the store is not in order, or a value cannot be stored. what() names the file and the line, and says what
// is wrong: "users.toml:12: principal 'bob' has the unknown role 'admn'". It never contains a credential.
class store_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Whether a name can be a principal's: UTF-8 without control characters, 1 to 255 bytes.
bool is_principal_name(std::string_view name) noexcept;

// The fate of the password or key that a principal had before.
enum class old_credential : std::uint8_t {
  revoke,  // only the new one is accepted from now on
  keep,    // the newest old one is accepted too, until the next change
};

// One file of a store. Its functions change one credential and nothing else: comments and order stay. They make the
// file, of mode 0600, if there is none, and add the principal if the file does not have it. The file is replaced at
// once, so a broker reads the old one or the new one. Two programs that change a file wait for each other. Threads may
// share a store_file.
//
// All throw private_file_error if the file cannot be read or written, or if other users have a right to it. They throw
// store_error if the file is not TOML, if it has the principal as an inline table, and for a name or a password that
// cannot be stored. The file is unchanged then.
class store_file {
 public:
  explicit store_file(std::string path) : path_(std::move(path)) {}

  // A password of 1 to 255 bytes. The file gets its argon2id hash; to compute it takes some 16 ms and 19 MiB. Throws
  // std::bad_alloc if there is no memory.
  void set_password(std::string_view principal, bytes_view password, old_credential old) const;

  // The public half of a CURVE key pair.
  void set_curve_key(std::string_view principal, const curve_key& key, old_credential old) const;

  // Makes a key pair, writes it to a new file, and stores its public half, which it returns. Throws private_file_error
  // if `key_file` exists. If the store cannot take the key, no key file is left.
  curve_key make_key(std::string_view principal, const std::string& key_file, old_credential old) const;

 private:
  std::string path_;
};

}  // namespace gate
