// What the credential store said at one moment: principals, their credentials and what they may do. Never changes.
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

#include <gate/curve_key.hpp>

#include "broker/credential_store/pattern.hpp"
#include "common/base/text_map.hpp"
#include "common/protocol/qualified_name.hpp"

namespace gate::security {

// One pattern of `call`: "billing", "billing.read_*", "prod/billing.*".
struct call_grant {
  std::optional<pattern> name_space;  // absent: in each namespace that the principal is granted
  pattern service;
  pattern method;
};
struct offer_grant {
  std::optional<pattern> name_space;
  pattern service;
};

// What a role grants, or a principal directly. `written` is what the file says, to tell what has changed.
struct grants {
  std::vector<call_grant> call;
  std::vector<offer_grant> offer;
  bool operate = false;
  std::string written;
};

call_grant parse_call_grant(std::string_view text);
offer_grant parse_offer_grant(std::string_view text);

// Somebody who may log in. The name is unique in the store.
struct principal {
  std::string name;
  std::vector<std::string> password_hashes;  // any of them is right: two, while one replaces the other
  std::vector<curve_key> keys;
  std::vector<std::string> name_spaces;  // the first is where names without one are looked up; "*" grants all
  grants granted;                        // all roles together

  // Where a name without a namespace belongs.
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

// The principal that peers of endpoints without authentication are, when the store has one of this name.
inline constexpr std::string_view anonymous_name = "anonymous";

class snapshot {
 public:
  // Names and keys are unique (the reader of the files sees to it).
  explicit snapshot(std::vector<principal> principals);
  // Its tables point into itself.
  snapshot(const snapshot&) = delete;
  snapshot& operator=(const snapshot&) = delete;
  snapshot(snapshot&&) noexcept = default;
  snapshot& operator=(snapshot&&) = delete;
  ~snapshot() = default;

  const principal* find(std::string_view name) const noexcept;
  const principal* find(const curve_key& key) const noexcept;
  const std::vector<principal>& principals() const noexcept { return principals_; }

  // A hash that no password fits and that costs as much to check as the dearest here.
  const std::string& dummy_hash() const noexcept { return dummy_hash_; }
  // The most hashes that a principal has, 1 at least: so many are checked for everybody, known or not.
  std::size_t hashes_most() const noexcept { return hashes_most_; }

 private:
  std::vector<principal> principals_;
  std::unordered_map<std::string_view, const principal*, text_hash, std::equal_to<>> by_name_;
  std::unordered_map<curve_key, const principal*, curve_key_hash> by_key_;
  std::string dummy_hash_;
  std::size_t hashes_most_ = 1;
};

// What became of a principal from one snapshot to the next, for the audit log.
struct principal_change {
  std::string principal;
  std::string_view what;  // "added", "removed", "password", "keys", "roles"
};
// A null snapshot has no principals.
std::vector<principal_change> differences(const snapshot* before, const snapshot* after);

}  // namespace gate::security
