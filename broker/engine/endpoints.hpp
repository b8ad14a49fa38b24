// Decides which addresses a broker may bind. No socket.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gate/broker_options.hpp>

#include "broker/security/endpoint_auth.hpp"
#include "common/dialects/dialect.hpp"

namespace gate::broker {

// Whether only this machine can reach the address: ipc, inproc, and TCP on a loopback address. Not so `*` and 0.0.0.0,
// which mean every interface, and names other than localhost.
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
// bind_error if a role has no address, if an address or an option is wrong, or if the logins there are not safe or not
// possible (security::fault_of).
std::vector<binding> plan_bindings(const broker_options& options);

// Whether the address is for peers of this process. The transport checks no logins there.
bool is_inproc(const binding& b) noexcept;

// Whether only this machine can reach the address, and no login is needed there.
bool is_private(const binding& b) noexcept;

// "frontend", "backend" or both, for messages.
std::string_view role_name(const binding& b) noexcept;

}  // namespace gate::broker
