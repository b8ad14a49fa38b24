// What a principal may do: asked at each call, so it remembers what it found out.
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

// For the peer and the log: "not granted by any role". Says nothing of what exists.
std::string_view to_text(permission p) noexcept;

// One thread. Deny by default; but without a store nobody is asked who he is, and all is granted.
class authoriser {
 public:
  // Null: there is no store.
  explicit authoriser(std::shared_ptr<const snapshot> current);

  // From now on that one counts, for those who are connected too.
  void replace(std::shared_ptr<const snapshot> current);

  // Names as the broker knows them: the namespace apart from the service.
  permission may_call(std::string_view principal, std::string_view name_space, std::string_view service,
                      std::string_view method);
  permission may_offer(std::string_view principal, std::string_view name_space, std::string_view service) const;
  permission may_operate(std::string_view principal) const;
  // Whether the principal may know of the service: it may call something of it, or offer it, or operate the broker.
  permission may_see(std::string_view principal, std::string_view name_space, std::string_view service);

  // What the operator writes into the store to grant that, as a clause for the refused principal: "the operator grants
  // it by call = ["billing"] in ...". Shows nothing that the store says. A peer without a login is told to log in.
  std::string way_to_call(std::string_view principal, std::string_view name_space, std::string_view service,
                          std::string_view method) const;
  std::string way_to_offer(std::string_view principal, std::string_view name_space, std::string_view service) const;

  // Where a service belongs that a peer named without a namespace, or "" for whom the store does not know.
  std::string_view home(std::string_view principal) const noexcept;

 private:
  // What is granted of one service to one principal.
  struct of_service {
    permission whole = permission::granted;  // when it is not granted, no method is
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
  std::string key_;  // kept for its memory
};

}  // namespace gate::security
