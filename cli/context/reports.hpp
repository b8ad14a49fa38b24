// `gate services`, `describe`, `workers` and `ping`: the fields of the `gate` service's replies that the tables show.
// -o json shows all fields. A field that a broker does not send keeps its default.
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
  std::uint64_t slots_given_back = 0;  // their reply is still to come
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

// Each asks the broker in `common`, prints the answer and returns the exit code. Throws Error, and what connect()
// throws.
int show_services(const settings& common);
int show_description(const settings& common, const std::string& service);
int show_workers(const settings& common, const std::string& service);  // of all services if empty
int show_ping(const settings& common, unsigned count);

// The broker's description of a service and its methods. Throws Error if there is none, or the service has no worker.
service_lines describe(const Client& client, const settings& common, const std::string& service);

// "add(a: int32, b: int32) -> int32"; "-> stream<match>" if the method returns a stream.
std::string signature_of(const method_line& method);

}  // namespace gate::cli
