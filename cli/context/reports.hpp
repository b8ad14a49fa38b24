// `gate services`, `describe`, `workers` and `ping`, and what the broker's service `gate` answers to them, as far as it
// is shown in tables; -o json shows all of it. Fields that a broker does not send keep their defaults.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <gate/client.hpp>
#include <gate/value.hpp>

#include "cli/context/settings.hpp"

namespace gate::cli {

struct service_line {
  std::string name, description;
  std::uint64_t workers = 0, stalled = 0, queued = 0, in_flight = 0, capacity = 0;
  MSGPACK_DEFINE_MAP(name, description, workers, stalled, queued, in_flight, capacity)
};

struct worker_line {
  std::string service, name, dialect, address, host, version;
  std::uint64_t pid = 0, capacity = 0, in_flight = 0;
  std::uint64_t slots_given_back = 0;  // whose answer it still owes
  bool stalled = false, draining = false;
  std::int64_t up_ms = 0;
  MSGPACK_DEFINE_MAP(service, name, dialect, address, host, version, pid, capacity, in_flight, slots_given_back,
                     stalled, draining, up_ms)
};

struct parameter_line {
  std::string name, type;
  MSGPACK_DEFINE_MAP(name, type)
};

struct method_line {
  std::string name, kind, result, doc;
  bool client_stream = false;
  std::vector<parameter_line> parameters;
  MSGPACK_DEFINE_MAP(name, kind, result, doc, client_stream, parameters)
};

struct service_lines {
  std::string name, description, version;
  bool described = false;
  std::vector<method_line> methods;
  MSGPACK_DEFINE_MAP(name, description, version, described, methods)
};

struct broker_line {
  std::string name, version, host;
  std::uint64_t pid = 0;
  std::int64_t uptime_ms = 0;
  MSGPACK_DEFINE_MAP(name, version, host, pid, uptime_ms)
};

// Each asks the broker that `common` names and prints the answer; gives the exit code, or throws Error and what
// connect() throws.
int show_services(const settings& common);
int show_description(const settings& common, const std::string& service);
int show_workers(const settings& common, const std::string& service);  // of all services when it is empty
int show_ping(const settings& common, unsigned count);

// What the broker tells of a service and its methods. Throws Error when it tells nothing, or the service has no worker.
service_lines describe(const Client& client, const settings& common, const std::string& service);

// "add(a: int32, b: int32) -> int32"; "-> stream<match>" for a stream of answers.
std::string signature_of(const method_line& method);

}  // namespace gate::cli
