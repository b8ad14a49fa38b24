// How a client or a worker proves to its broker who it is.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace gate {

// Credentials that cannot be had or make no sense. The text names the file and line, or the variable, says what to do,
// and never quotes what stands there.
class credentials_error final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Nothing, a user with a password (PLAIN), or a CURVE key pair with the public key of the broker.
//
//   options.credentials = gate::credentials::from_file("/etc/gate/billing.toml");
//
// A cheap copy; copies share what is secret, which is kept apart from other memory and wiped with the last of them.
// Made once, it does not change: who has new credentials makes a new client or worker. Thread-safe.
class credentials {
 public:
  enum class kind : std::uint8_t { none, plain, curve };
  struct material;

  credentials() noexcept = default;  // none

  // 1 to 255 octets each. The password's octets are wiped here: move it in, and no copy is left. It crosses the network
  // in clear text. Throws credentials_error.
  static credentials plain(std::string_view user, std::string password);

  // `key_file` is what `gate keygen` writes, of mode 0600; `server_key` is the public key of the broker, 40 characters
  // of Z85, which `gate keygen` has printed. Throws credentials_error, also when others can read the file.
  static credentials curve(const std::string& key_file, std::string_view server_key);

  // From a TOML file of mode 0600: `user` and `password`, or `key` (a key file, looked for beside this file) and
  // `server_key`. Throws credentials_error, also when others can read it.
  static credentials from_file(const std::string& path);

  // From GATE_CREDENTIALS (such a file), or GATE_USER and GATE_PASSWORD, or GATE_KEY (a key file) and GATE_SERVER_KEY;
  // none when none of them is set. A variable that is empty counts as not set. Throws credentials_error, also when
  // there is one of a pair without the other, or more than one way.
  static credentials from_environment();

  kind what() const noexcept;
  bool empty() const noexcept { return what() == kind::none; }
  // Empty unless plain.
  std::string_view user() const noexcept;

  // For the library's own use.
  explicit credentials(std::shared_ptr<const material> m) noexcept : material_(std::move(m)) {}
  const material* secrets() const noexcept { return material_.get(); }

 private:
  std::shared_ptr<const material> material_;
};

// For logs: "none", "user alice", "public key rq:rM>...". Never what is secret.
std::string to_string(const credentials& c);

}  // namespace gate
