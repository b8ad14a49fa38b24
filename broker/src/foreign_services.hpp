// What the broker answers by itself to peers of other dialects, in their own terms: the service "Gate" of gate-rpc, and
// the services "mmi.*" of Majordomo. docs/dialects.md lists them.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/src/core/access.hpp"
#include "broker/src/core/core.hpp"
#include "broker/src/dialects/dialect.hpp"

namespace gate::broker {

class foreign_services {
 public:
  // `rights` say who may know of what; null: everybody of everything.
  foreign_services(const core& about, access* rights);

  // A request that is answered here. Valid while the request and the principal's name are, until the core changes.
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

  // What a client's request asks of the broker itself; nothing when the request is the core's. Composes no answer.
  std::optional<question> recognise(dialect speaks, std::string_view principal, const message& request) const;
  // A final or an error. Its views are valid until the next call.
  message answer(const question& q);

  // The service that the core knows under that name: the broker's own methods are gate-rpc's "Gate" too.
  static std::string_view core_name(dialect speaks, std::string_view service) noexcept;

 private:
  // A service that the asker may know of, as it calls it; nothing else has a name here.
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
