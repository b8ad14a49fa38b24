// Credentials: how a client or a worker logs in at its broker.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace gate {

// Thrown if credentials cannot be read or make no sense. what() names the file and the line, or the variable, and says
// what to do. It never contains a secret.
class credentials_error final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// None, a user with a password (PLAIN), or a CURVE key pair with the public key of the broker.
//
//   options.credentials = gate::credentials::from_file("/etc/gate/billing.toml");
//
// Cheap to copy: copies share the secret. The secret lies in memory of its own and is wiped with the last copy. An
// object does not change. To use other credentials, make a new client, or call Worker::use_credentials(). Thread-safe.
class credentials {
 public:
  enum class kind : std::uint8_t { none, plain, curve };
  struct material;

  credentials() noexcept = default;  // none

  // A user and a password, 1 to 255 bytes each. Move the password in: it is wiped here, so no copy is left. The
  // password crosses the network in clear text; use curve() over a network that you do not trust. Throws
  // credentials_error.
  static credentials plain(std::string_view user, std::string password);

  // A CURVE key pair. `key_file` is a file that `gate keygen` wrote, of mode 0600. `server_key` is the public key of
  // the broker as `gate keygen` printed it: 40 characters of Z85. Throws credentials_error, also if other users can
  // read the file.
  static credentials curve(const std::string& key_file, std::string_view server_key);

  // From a TOML file of mode 0600 with `user` and `password`, or with `key` and `server_key`. `key` is the path of a
  // key file; a relative one begins at the folder of this file. Throws credentials_error, also if other users can read
  // it.
  static credentials from_file(const std::string& path);

  // From environment variables: GATE_CREDENTIALS (such a TOML file), or GATE_USER and GATE_PASSWORD, or GATE_KEY (a key
  // file) and GATE_SERVER_KEY. If none is set, the result is none. An empty variable counts as not set. Throws
  // credentials_error, also if one of a pair is missing, or if more than one way is set.
  static credentials from_environment();

  kind what() const noexcept;
  bool empty() const noexcept { return what() == kind::none; }
  // The user of plain(); empty for any other kind.
  std::string_view user() const noexcept;

  // For the library itself.
  explicit credentials(std::shared_ptr<const material> m) noexcept : material_(std::move(m)) {}
  const material* secrets() const noexcept { return material_.get(); }

 private:
  std::shared_ptr<const material> material_;
};

// Overwrites GATE_PASSWORD where the process got it, and takes it out of the environment. For programs that have read
// it: their children would inherit it, and other processes of the user can look at it. Not thread-safe: no other thread
// may use the environment at the same time.
void forget_password_in_environment() noexcept;

// A text for logs, without the secret: "none", "user alice", "public key rq:rM>...".
std::string to_string(const credentials& c);

}  // namespace gate
