// `gate services`, `describe`, `workers` and `ping`: each asks the broker's service `gate`. Tables show a part of the
// answers, -o json shows all.
#pragma once

#include <string>

#include <gate/client.hpp>
#include <gate/reports.hpp>

#include "cli/context/settings.hpp"

namespace gate::cli {

// Each asks the broker that `common` names and prints the answer; gives the exit code, or throws Error and what
// connect() throws.
int show_services(const settings& common);
int show_description(const settings& common, const std::string& service);
int show_workers(const settings& common, const std::string& service);  // of all services when it is empty
int show_ping(const settings& common, unsigned count);

// What the broker tells of a service and its methods. Throws Error when it tells nothing, or the service has no worker.
service_description describe(const Client& client, const settings& common, const std::string& service);

// "add(a: int32, b: int32) -> int32"; "-> stream<match>" for a stream of answers.
std::string signature_of(const method_report& method);

}  // namespace gate::cli
