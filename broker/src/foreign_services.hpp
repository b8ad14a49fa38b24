// What the broker answers by itself to peers of other dialects, in their own terms: the service "Gate" of gate-rpc, and
// the services "mmi.*" of Majordomo. docs/dialects.md lists them.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/src/core/core.hpp"
#include "broker/src/dialects/dialect.hpp"
#include "broker/src/store_access.hpp"

namespace gate::broker {

class foreign_services {
 public:
  // `rights` say who may know of what; null: everybody of everything.
  foreign_services(const core& about, store_access* rights);

  // Whether a client's request is answered here; else it is the core's. Composes nothing.
  bool takes(dialect speaks, std::string_view principal, const message& request);
  // The answer to the request that takes() has just been asked about, a final or an error. Its views are valid until
  // the next call.
  message answer(dialect speaks, const message& request);

  // The service that the core knows under that name: the broker's own methods are gate-rpc's "Gate" too.
  static std::string_view core_name(dialect speaks, std::string_view service) noexcept;

 private:
  // A service that the asker may know of, as it calls it; nothing else has a name here.
  struct meant {
    std::string_view space, name;
  };
  std::optional<meant> find(bytes_view said);
  std::size_t workers_of(bytes_view said);
  std::vector<std::string> names();

  const descriptor* methods_of(const message& request);
  message gate(const message& request);
  message interfaces(const message& request);
  message mmi(const message& request);
  message final(const message& request) const;
  message wrong(const message& request, std::string_view text) const;

  const core& core_;
  store_access* const rights_;
  std::string_view asker_, home_;          // from takes() to the end of answer()
  const descriptor* described_ = nullptr;  // what `get_interfaces` asks about, for as long
  std::array<char, 16> id_{};              // by which gate-rpc peers know this broker
  std::string result_;
};

}  // namespace gate::broker
