// The content of the credential store at one moment: principals, their credentials and their rights. It never changes.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "broker/credential_store/pattern.hpp"
#include "common/base/text_map.hpp"
#include "common/credentials/curve_key.hpp"
#include "common/protocol/qualified_name.hpp"

namespace gate::security {

// One pattern of `call`: "billing", "billing.read_*", "prod/billing.*".
struct call_grant {
  std::optional<pattern> name_space;  // absent: each namespace that the principal is granted
  pattern service;
  pattern method;
};
struct offer_grant {
  std::optional<pattern> name_space;
  pattern service;
};

// The rights that a role grants, or that a principal has directly. `written` is the file's text, to find changes.
struct grants {
  std::vector<call_grant> call;
  std::vector<offer_grant> offer;
  bool operate = false;
  std::string written;
};

call_grant parse_call_grant(std::string_view text);
offer_grant parse_offer_grant(std::string_view text);

// A user or a program that may log in. The name is unique in the store.
struct principal {
  std::string name;
  // Any of them is accepted. There are two while a new password replaces an old one
  std::vector<std::string> password_hashes;
  std::vector<curve_key> keys;
  std::vector<std::string> name_spaces;  // names without a namespace belong to the first; "*" grants all
  grants granted;                        // all roles together

  // The namespace of names that are given without one.
  std::string_view home() const noexcept;
  bool is_granted(std::string_view name_space) const noexcept;
};

struct curve_key_hash {
  std::size_t operator()(const curve_key& key) const noexcept {
    std::size_t value = 0;
    std::memcpy(&value, key.data(), sizeof value);
    return value;
  }
};

// The principal of peers that connect without a login, if the store has a principal of this name.
inline constexpr std::string_view anonymous_name = "anonymous";

class snapshot {
 public:
  // Names and keys must be unique. The reader of the files checks that.
  explicit snapshot(std::vector<principal> principals);
  // No copies: the tables point into this object.
  snapshot(const snapshot&) = delete;
  snapshot& operator=(const snapshot&) = delete;
  snapshot(snapshot&&) noexcept = default;
  snapshot& operator=(snapshot&&) = delete;
  ~snapshot() = default;

  const principal* find(std::string_view name) const noexcept;
  const principal* find(const curve_key& key) const noexcept;
  const std::vector<principal>& principals() const noexcept { return principals_; }

  // A hash that no password fits. It costs as much to check as the most expensive hash here.
  const std::string& dummy_hash() const noexcept { return dummy_hash_; }
  // The number of hashes of the principal that has most, at least 1. Each login checks that many, even for an unknown
  // user.
  std::size_t hashes_most() const noexcept { return hashes_most_; }

 private:
  std::vector<principal> principals_;
  std::unordered_map<std::string_view, const principal*, text_hash, std::equal_to<>> by_name_;
  std::unordered_map<curve_key, const principal*, curve_key_hash> by_key_;
  std::string dummy_hash_;
  std::size_t hashes_most_ = 1;
};

// One change of a principal between two snapshots, for the audit log.
struct principal_change {
  std::string principal;
  std::string_view what;  // "added", "removed", "password", "keys", "roles"
};
// A null snapshot has no principals.
std::vector<principal_change> differences(const snapshot* before, const snapshot* after);

}  // namespace gate::security
