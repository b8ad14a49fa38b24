// What a gate-rpc broker tells of its services, under --dialect gate-rpc: their names, their descriptions, and what
// each service's get_interfaces says. Who its workers are it does not tell.
#pragma once

#include <string>
#include <vector>

#include <gate/client.hpp>
#include <gate/reports.hpp>

#include "cli/context/settings.hpp"

namespace gate::cli {

// Those that have a worker, with their descriptions; everything else is left at its default. Throws Error.
std::vector<service_report> foreign_services(const Client& client, const settings& common);

// A service and its methods. Throws Error(errc::unavailable) when it has no worker, and what else the calls end with.
service_description foreign_description(const Client& client, const settings& common, const std::string& service);

}  // namespace gate::cli
