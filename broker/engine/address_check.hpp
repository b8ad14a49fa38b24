// Checks the addresses of a configuration before they are bound. Does not disturb a broker that has them bound now.
#pragma once

#include <string>
#include <vector>

#include <gate/broker_options.hpp>

namespace gate::broker {

// Throws bind_error if an address cannot be bound here: the host is not of this machine, the user may not have the
// port, the folder of a path is missing or closed to the user, or a file is in the way. Throws it also if the audit log
// cannot be written. Other processes do not notice the check, and no file is made. Returns the addresses that another
// process has bound at the moment.
std::vector<std::string> check_addresses(const broker_options& options);

}  // namespace gate::broker
