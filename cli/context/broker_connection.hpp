// The broker that a subcommand talks to.
#pragma once

#include <string_view>
#include <utility>

#include <gate/client.hpp>

#include "cli/context/outcome.hpp"
#include "cli/context/settings.hpp"

namespace gate::cli {

// How a client reaches the broker of those settings. Throws what credentials_of() throws.
client_options options_of(const settings& common);

// A client whose broker has answered. Throws usage_error for what is no address; broker_unreachable; Error when the
// broker will not have us; and what credentials_of() throws.
Client connect(const settings& common);

// The broker answers in gate-rpc's words alone: cli/context/foreign.hpp.
inline bool is_foreign(const settings& common) { return common.dialect == broker_dialect::gate_rpc; }

// What a method of the service `gate` answers, of a broker that is not foreign.
template <class... A> value ask(const Client& client, const settings& common, std::string_view method, A&&... args) {
  return client["gate"][method](std::forward<A>(args)...).within(common.timeout).template get<value>();
}

}  // namespace gate::cli
