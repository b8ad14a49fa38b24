// Connects to the broker that a subcommand talks to.
#pragma once

#include <string_view>
#include <utility>

#include <gate/client.hpp>

#include "cli/context/outcome.hpp"
#include "cli/context/settings.hpp"

namespace gate::cli {

// The client options for these settings. Throws what credentials_of() throws.
client_options options_of(const settings& common);

// Returns a client whose broker has answered. Throws usage_error if the address is wrong; broker_unreachable; Error if
// the broker refuses us; and what credentials_of() throws.
Client connect(const settings& common);

// True if the broker speaks gate-rpc only: see cli/context/foreign.hpp.
inline bool is_foreign(const settings& common) { return common.dialect == broker_dialect::gate_rpc; }

// Calls a method of the service `gate`. Not for a foreign broker.
template <class... A> value ask(const Client& client, const settings& common, std::string_view method, A&&... args) {
  return client["gate"][method](std::forward<A>(args)...).within(common.timeout).template get<value>();
}

}  // namespace gate::cli
