// Decides what a principal may do. It is asked at each call, so it remembers its decisions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/credential_store/snapshot.hpp"
#include "common/base/text_map.hpp"

namespace gate::security {

enum class permission : std::uint8_t {
  granted,
  nobody,            // the store does not know the principal (any more)
  closed_namespace,  // the principal is not granted that namespace
  not_granted,       // no pattern of the principal's roles fits
};

// For the peer and the log: "not granted by any role". It does not show whether the service exists.
std::string_view to_text(permission p) noexcept;

// One thread. With a store, everything is refused that the store does not grant. Without a store, everything is
// granted.
class authoriser {
 public:
  // `current` is null if there is no store.
  explicit authoriser(std::shared_ptr<const snapshot> current);

  // Puts another store in force, also for peers that are connected now.
  void replace(std::shared_ptr<const snapshot> current);

  // Names as the broker has them: the namespace and the service are separate.
  permission may_call(std::string_view principal, std::string_view name_space, std::string_view service,
                      std::string_view method);
  permission may_offer(std::string_view principal, std::string_view name_space, std::string_view service) const;
  permission may_operate(std::string_view principal) const;
  // True if the principal may know that the service exists: it may call a method of it, or offer it, or operate the
  // broker.
  permission may_see(std::string_view principal, std::string_view name_space, std::string_view service);

  // Says what the operator writes into the store to grant the right, as a clause for the refused principal: "the
  // operator grants it by call = ["billing"] in ...". It shows nothing of the store's content. A peer without a login
  // is advised to log in.
  std::string way_to_call(std::string_view principal, std::string_view name_space, std::string_view service,
                          std::string_view method) const;
  std::string way_to_offer(std::string_view principal, std::string_view name_space, std::string_view service) const;

  // The namespace of the principal's services that are named without one. "" if the store does not know the principal.
  std::string_view home(std::string_view principal) const noexcept;

 private:
  // The rights of one principal on one service.
  struct of_service {
    permission whole = permission::granted;  // if not granted, no method is granted
    bool all_methods = false;
    std::vector<const pattern*> methods;
  };
  struct of_principal {
    const principal* who = nullptr;
    text_map<of_service> services;
  };

  std::string way_to(std::string_view principal, std::string_view name_space, std::string line) const;
  of_principal* known(std::string_view name);
  const of_service& service_of(of_principal& who, std::string_view name_space, std::string_view service);
  static of_service decide(const principal& who, std::string_view name_space, std::string_view service);

  std::shared_ptr<const snapshot> current_;
  text_map<of_principal> found_;
  std::string key_;  // a member so that its memory is reused
};

}  // namespace gate::security
