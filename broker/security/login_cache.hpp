// Remembers accepted logins, so that the same login is not hashed again. It holds no password, only a keyed hash of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

#include <gate/bytes.hpp>
#include <gate/clock.hpp>

namespace gate::security {

// A hash of the mechanism, the user and the password, with a key that this process drew at its start.
using credential_digest = std::array<unsigned char, 32>;

class digester {
 public:
  digester();
  digester(const digester&) = delete;
  digester& operator=(const digester&) = delete;
  ~digester();
  credential_digest of(bytes_view mechanism, bytes_view user, bytes_view password) const noexcept;

 private:
  std::array<unsigned char, 32> key_;
};

struct digest_hash {
  std::size_t operator()(const credential_digest& d) const noexcept {
    std::size_t value = 0;
    std::memcpy(&value, d.data(), sizeof value);
    return value;
  }
};

// One thread. Keeps accepted logins only. Wrong passwords are the business of login_throttle, and an outage of a
// service is no answer.
class login_cache {
 public:
  explicit login_cache(std::size_t logins_max) : logins_max_(logins_max) {}

  struct remembered {
    std::string principal;
    instant expires;
  };
  // Empty if the login is not here, or has expired.
  std::optional<remembered> find(const credential_digest& digest, instant now);
  void add(const credential_digest& digest, const std::string& principal, instant expires);
  void clear() noexcept;
  std::size_t size() const noexcept { return logins_.size(); }

 private:
  struct login {
    credential_digest digest;
    std::string principal;
    instant expires;
  };
  std::size_t logins_max_;
  std::list<login> logins_;  // the one used last is in front
  std::unordered_map<credential_digest, std::list<login>::iterator, digest_hash> index_;
};

}  // namespace gate::security
