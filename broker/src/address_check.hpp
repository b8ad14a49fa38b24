// Checks the addresses of a configuration before they are bound. A broker that has them now goes on undisturbed.
#pragma once

#include <string>
#include <vector>

#include <gate/broker_options.hpp>

namespace gate::broker {

// Throws bind_error for an address that this machine cannot bind: a host that is none of its own, a port that this user
// may not have, a path in a folder that is missing or closed to this user, or where a file is in the way; and for an
// audit log that cannot be written. Nothing is bound for others to see, no file is made. Returns those that another
// process has at the moment.
std::vector<std::string> check_addresses(const broker_options& options);

}  // namespace gate::broker
