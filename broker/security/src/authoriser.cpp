#include "broker/security/authoriser.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace gate::security {
namespace {

// Peers choose the names, so the number of remembered services is limited. At the limit all are forgotten.
constexpr std::size_t services_remembered_max = 1024;

// The broker's own service. It exists in every namespace.
constexpr std::string_view own_service = "gate";

bool concerns(const std::optional<pattern>& wanted, std::string_view name_space) noexcept {
  return !wanted || wanted->matches(name_space);
}

// True if the name can stand in a pattern of the store as it is.
bool is_plain(std::string_view name) noexcept {
  return std::none_of(name.begin(), name.end(), [](char c) {
    return c == '*' || c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
}

// Returns `call = ["billing"]`. Empty if the name cannot stand in a pattern.
std::string line_of(std::string_view key, const std::string& pattern) {
  return is_plain(pattern) ? std::string(key) + " = [\"" + pattern + "\"]" : std::string();
}

}  // namespace

std::string_view to_text(permission p) noexcept {
  switch (p) {
    case permission::granted:
      return "granted";
    case permission::nobody:
      return "the principal is not known (any more)";
    case permission::closed_namespace:
      return "the namespace is closed to this principal";
    case permission::not_granted:
      return "not granted by any role";
  }
  return "";
}

authoriser::authoriser(std::shared_ptr<const snapshot> current) : current_(std::move(current)) {}

void authoriser::replace(std::shared_ptr<const snapshot> current) {
  found_.clear();  // they point into the old store
  current_ = std::move(current);
}

authoriser::of_principal* authoriser::known(std::string_view name) {
  if (const auto seen = found_.find(name); seen != found_.end()) return &seen->second;
  const principal* const who = current_->find(name);
  if (who == nullptr) return nullptr;
  of_principal& made = found_[std::string(name)];
  made.who = who;
  return &made;
}

authoriser::of_service authoriser::decide(const principal& who, std::string_view name_space, std::string_view service) {
  of_service result;
  const bool own = service == own_service;
  if (!own && !who.is_granted(name_space)) {
    result.whole = permission::closed_namespace;
    return result;
  }
  for (const call_grant& grant : who.granted.call) {
    // The pattern "*" means services of workers. Methods of the broker are granted only by the broker's exact name.
    const bool meant = own ? grant.service.is_exact() : concerns(grant.name_space, name_space);
    if (!meant || !grant.service.matches(service)) continue;
    result.all_methods = result.all_methods || grant.method.matches_all();
    result.methods.push_back(&grant.method);
  }
  if (own && who.granted.operate) result.all_methods = true;
  if (!result.all_methods && result.methods.empty()) result.whole = permission::not_granted;
  return result;
}

permission authoriser::may_call(std::string_view principal, std::string_view name_space, std::string_view service,
                                std::string_view method) {
  if (!current_) return permission::granted;
  of_principal* const who = known(principal);
  if (who == nullptr) return permission::nobody;
  const of_service& of = service_of(*who, name_space, service);
  if (of.whole != permission::granted) return of.whole;
  const bool fits = of.all_methods || std::any_of(of.methods.begin(), of.methods.end(),
                                                  [&](const pattern* p) { return p->matches(method); });
  return fits ? permission::granted : permission::not_granted;
}

const authoriser::of_service& authoriser::service_of(of_principal& who, std::string_view name_space,
                                                     std::string_view service) {
  key_.assign(name_space);
  key_ += '/';
  key_ += service;
  auto found = who.services.find(key_);
  if (found == who.services.end()) {
    if (who.services.size() >= services_remembered_max) who.services.clear();
    found = who.services.emplace(key_, decide(*who.who, name_space, service)).first;
  }
  return found->second;
}

permission authoriser::may_see(std::string_view principal, std::string_view name_space, std::string_view service) {
  if (!current_ || service == own_service) return permission::granted;
  of_principal* const who = known(principal);
  if (who == nullptr) return permission::nobody;
  if (who->who->granted.operate) return permission::granted;
  const permission as_caller = service_of(*who, name_space, service).whole;
  return as_caller == permission::granted ? as_caller : may_offer(principal, name_space, service);
}

permission authoriser::may_offer(std::string_view principal, std::string_view name_space,
                                 std::string_view service) const {
  if (!current_) return permission::granted;
  const security::principal* const who = current_->find(principal);
  if (who == nullptr) return permission::nobody;
  if (!who->is_granted(name_space)) return permission::closed_namespace;
  const bool fits = std::any_of(who->granted.offer.begin(), who->granted.offer.end(), [&](const offer_grant& grant) {
    return concerns(grant.name_space, name_space) && grant.service.matches(service);
  });
  return fits ? permission::granted : permission::not_granted;
}

permission authoriser::may_operate(std::string_view principal) const {
  if (!current_) return permission::granted;
  const security::principal* const who = current_->find(principal);
  if (who == nullptr) return permission::nobody;
  return who->granted.operate ? permission::granted : permission::not_granted;
}

std::string authoriser::way_to_call(std::string_view principal, std::string_view name_space, std::string_view service,
                                    std::string_view method) const {
  std::string pattern(service);
  if (service == own_service) {
    if (method.find('.') != std::string_view::npos) return {};
    return way_to(principal, {}, line_of("call", pattern.append(".").append(method)));
  }
  // The method of a pattern stands behind the last dot. So this name can only be granted with all methods.
  if (service.find('.') != std::string_view::npos && is_plain(service)) {
    return way_to(principal, name_space, "call = [\"" + pattern + ".*\"]");
  }
  return way_to(principal, name_space, line_of("call", pattern));
}

std::string authoriser::way_to_offer(std::string_view principal, std::string_view name_space,
                                     std::string_view service) const {
  return way_to(principal, name_space, line_of("offer", std::string(service)));
}

std::string authoriser::way_to(std::string_view principal, std::string_view name_space, std::string line) const {
  const security::principal* const who = current_ ? current_->find(principal) : nullptr;
  if (who == nullptr || principal == anonymous_name) return "connect with the credentials of a user who may";
  if (!name_space.empty() && !who->is_granted(name_space)) {
    line = is_plain(name_space) ? "namespaces = [\"" + std::string(name_space) + "\"]" : std::string();
  }
  if (line.empty()) return {};
  return "the operator grants it by " + line + " for '" + std::string(principal) + "' in the broker's credential store";
}

std::string_view authoriser::home(std::string_view principal) const noexcept {
  const security::principal* const who = current_ ? current_->find(principal) : nullptr;
  return who == nullptr ? std::string_view() : who->home();
}

}  // namespace gate::security
