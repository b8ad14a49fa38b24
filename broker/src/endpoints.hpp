// Which addresses a broker may bind: the policy alone, no socket.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gate/broker_options.hpp>

#include "broker/src/dialects/dialect.hpp"
#include "broker/src/security/endpoint_auth.hpp"

namespace gate::broker {

// Whether only this machine can reach the address: ipc, inproc, and TCP on a loopback address. `*` and 0.0.0.0 mean
// every interface; a name other than localhost may mean anything.
bool is_local(std::string_view endpoint) noexcept;

// One address to bind and the ports that it plays.
struct binding {
  std::string endpoint;
  bool frontend = false;
  bool backend = false;
  dialect only = dialect::unknown;  // what is spoken there; unknown: any that the broker knows
  security::auth how = security::auth::none;
};

// Every address once, in the order given, frontend first, without its options "?auth=curve&dialect=gate2". Throws
// bind_error when there is none for a role, when one is no address, or has an option that is none, or when nobody could
// be let in there, or anybody (security::fault_of).
std::vector<binding> plan_bindings(const broker_options& options);

// Within the process, where the transport asks nobody who a peer is.
bool is_inproc(const binding& b) noexcept;

// Only this machine can reach it, and nobody logs in: as on the machine of who tries things out.
bool is_private(const binding& b) noexcept;

// "frontend", "backend" or both, for messages.
std::string_view role_name(const binding& b) noexcept;

}  // namespace gate::broker
