// What a gate-rpc broker tells about its services (--dialect gate-rpc): their names, their descriptions, and the result
// of each service's get_interfaces. It does not tell who its workers are.
#pragma once

#include <string>
#include <vector>

#include <gate/client.hpp>

#include "cli/context/reports.hpp"
#include "cli/context/settings.hpp"

namespace gate::cli {

// The services that have a worker, with their descriptions; all other fields keep their defaults. Throws Error.
std::vector<service_line> foreign_services(const Client& client, const settings& common);

// A service and its methods. Throws Error(errc::unavailable) if it has no worker, and the other errors of the calls.
service_lines foreign_description(const Client& client, const settings& common, const std::string& service);

}  // namespace gate::cli
