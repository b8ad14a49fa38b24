// Answers requests of other dialects to the broker itself: the service "Gate" of gate-rpc, and the services "mmi.*" of
// Majordomo. docs/dialects.md lists them.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/core/access.hpp"
#include "broker/core/core.hpp"
#include "common/dialects/dialect.hpp"

namespace gate::broker {

class foreign_services {
 public:
  // `rights` tell who may know of which service. Null: every peer may know of all.
  foreign_services(const core& about, access* rights);

  // A request that is answered here. Valid as long as the request and the principal's name, until the next event of the
  // core.
  class question {
   private:
    friend class foreign_services;
    question(dialect its, std::string_view who, std::string_view where, const message& what)
        : speaks(its), asker(who), home(where), request(&what) {}

    dialect speaks;
    std::string_view asker, home;
    const message* request;
    const descriptor* described = nullptr;  // the service that `get_interfaces` asks about
  };

  // The question of a client's request to the broker itself. Nothing if the request is for the core. Composes no
  // answer.
  std::optional<question> recognise(dialect speaks, std::string_view principal, const message& request) const;
  // A final or an error. Its views are valid until the next call.
  message answer(const question& q);

  // The core's name for that service. gate-rpc calls the broker's own service "Gate".
  static std::string_view core_name(dialect speaks, std::string_view service) noexcept;

 private:
  // The name of a service that the asker may know of.
  struct meant {
    std::string_view space, name;
  };
  bool may_see(const question& q, std::string_view space, std::string_view name) const;
  std::optional<meant> find(const question& q, bytes_view said) const;
  std::size_t workers_of(const question& q, bytes_view said) const;
  std::vector<std::string> names(const question& q) const;

  const descriptor* methods_of(const question& q) const;
  message gate(const question& q);
  message interfaces(const question& q);
  message mmi(const question& q);
  message final(const message& request) const;
  message wrong(const message& request, std::string_view text) const;

  const core& core_;
  access* const rights_;
  std::array<char, 16> id_{};  // by which gate-rpc peers know this broker
  std::string result_;
};

}  // namespace gate::broker
