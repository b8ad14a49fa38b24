// Answers the core's questions about rights from the credential store.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "broker/core/access.hpp"
#include "broker/security/authoriser.hpp"

namespace gate::broker {

// One thread.
class store_access final : public access {
 public:
  explicit store_access(std::shared_ptr<const security::snapshot> store) : rights_(std::move(store)) {}

  std::string_view may_call(std::string_view principal, std::string_view name_space, std::string_view service,
                            std::string_view method) override {
    return why_not(rights_.may_call(principal, name_space, service, method));
  }
  std::string_view may_offer(std::string_view principal, std::string_view name_space,
                             std::string_view service) override {
    return why_not(rights_.may_offer(principal, name_space, service));
  }

  std::string way_to_call(std::string_view principal, std::string_view name_space, std::string_view service,
                          std::string_view method) const override {
    return rights_.way_to_call(principal, name_space, service, method);
  }
  std::string way_to_offer(std::string_view principal, std::string_view name_space,
                           std::string_view service) const override {
    return rights_.way_to_offer(principal, name_space, service);
  }

  bool may_see(std::string_view principal, std::string_view name_space, std::string_view service) override {
    return rights_.may_see(principal, name_space, service) == security::permission::granted;
  }
  // The view lasts until replace().
  std::string_view home(std::string_view principal) const noexcept override { return rights_.home(principal); }

  void replace(std::shared_ptr<const security::snapshot> store) { rights_.replace(std::move(store)); }

 private:
  static std::string_view why_not(security::permission p) noexcept {
    return p == security::permission::granted ? std::string_view() : to_text(p);
  }

  security::authoriser rights_;
};

}  // namespace gate::broker
