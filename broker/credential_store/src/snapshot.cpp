#include "broker/credential_store/snapshot.hpp"

#include <algorithm>

#include "broker/credential_store/password.hpp"

namespace gate::security {
namespace {

// "prod/x" gives the namespace's pattern. `rest` is the text behind the last slash.
std::optional<pattern> take_name_space(std::string_view text, std::string_view& rest) {
  const qualified_name split = split_name(text);
  rest = split.name;
  if (!split.name_space) return std::nullopt;
  return pattern(*split.name_space);
}

}  // namespace

call_grant parse_call_grant(std::string_view text) {
  std::string_view rest;
  std::optional<pattern> name_space = take_name_space(text, rest);
  const std::size_t point = rest.rfind('.');
  const bool has_method = point != std::string_view::npos;
  return {std::move(name_space), pattern(has_method ? rest.substr(0, point) : rest),
          pattern(has_method ? rest.substr(point + 1) : "*")};
}

offer_grant parse_offer_grant(std::string_view text) {
  std::string_view rest;
  std::optional<pattern> name_space = take_name_space(text, rest);
  return {std::move(name_space), pattern(rest)};
}

std::string_view principal::home() const noexcept {
  return name_spaces.empty() || name_spaces.front() == "*" ? std::string_view() : name_spaces.front();
}

bool principal::is_granted(std::string_view name_space) const noexcept {
  if (name_spaces.empty()) return name_space.empty();
  return std::any_of(name_spaces.begin(), name_spaces.end(),
                     [&](const std::string& each) { return each == "*" || each == name_space; });
}

snapshot::snapshot(std::vector<principal> principals) : principals_(std::move(principals)) {
  hash_cost dearest = usual_cost;
  bool any = false;
  for (const principal& p : principals_) {
    by_name_.emplace(p.name, &p);
    for (const curve_key& key : p.keys) by_key_.emplace(key, &p);
    hashes_most_ = std::max(hashes_most_, p.password_hashes.size());
    for (const std::string& hash : p.password_hashes) {
      const auto cost = cost_of(hash);
      if (cost && (!any || cost->work() > dearest.work())) dearest = *cost;
      any = any || cost.has_value();
    }
  }
  dummy_hash_ = make_dummy_hash(dearest);
}

const principal* snapshot::find(std::string_view name) const noexcept {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

const principal* snapshot::find(const curve_key& key) const noexcept {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : found->second;
}

std::vector<principal_change> differences(const snapshot* before, const snapshot* after) {
  std::vector<principal_change> found;
  const snapshot none({});
  const snapshot& old = before != nullptr ? *before : none;
  const snapshot& now = after != nullptr ? *after : none;
  for (const principal& p : old.principals()) {
    if (now.find(p.name) == nullptr) found.push_back({p.name, "removed"});
  }
  for (const principal& p : now.principals()) {
    const principal* const was = old.find(p.name);
    if (was == nullptr) {
      found.push_back({p.name, "added"});
      continue;
    }
    if (was->password_hashes != p.password_hashes) found.push_back({p.name, "password"});
    if (was->keys != p.keys) found.push_back({p.name, "keys"});
    if (was->granted.written != p.granted.written || was->name_spaces != p.name_spaces) {
      found.push_back({p.name, "roles"});
    }
  }
  return found;
}

}  // namespace gate::security
