// What the service `gate` of a broker answers, for programs that watch a broker:
//
//   auto workers = client["gate"]["workers"]().get<std::vector<gate::worker_report>>();
//
// Each struct travels as a map with the names of its members as keys. Members that a broker of another version does not
// send keep their defaults; keys that are not listed here are ignored. An operator sees all; any other caller gets
// Error(errc::permission_denied), except for `ping`, `services` and `describe`, which tell what concerns the caller.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <gate/value.hpp>

namespace gate {

// `services` answers a list of these: services that have workers, or calls that wait for one.
struct service_report {
  std::string name, description;
  std::uint64_t workers = 0;
  std::uint64_t stalled = 0;  // workers whose heartbeat is late: they get no new calls
  std::uint64_t queued = 0, queued_bytes = 0;
  std::uint64_t in_flight = 0;  // calls that its workers hold
  std::uint64_t capacity = 0;   // calls that its workers can hold
  MSGPACK_DEFINE_MAP(name, description, workers, stalled, queued, queued_bytes, in_flight, capacity)
};

// `workers` answers a list of these.
struct worker_report {
  std::uint64_t id = 0;
  std::string service;
  std::string name;  // the broker makes one up if the worker's dialect has none
  std::string dialect, address, host, version;
  std::uint64_t pid = 0;  // 0: the worker's dialect does not tell it
  std::uint64_t capacity = 0, threads = 0, in_flight = 0;
  std::uint64_t slots_given_back = 0;  // slots that were freed while the worker owed the answer
  bool stalled = false, draining = false;
  std::int64_t up_ms = 0, last_heartbeat_ms = 0;
  MSGPACK_DEFINE_MAP(id, service, name, dialect, address, host, version, pid, capacity, threads, in_flight,
                     slots_given_back, stalled, draining, up_ms, last_heartbeat_ms)
};

struct parameter_report {
  std::string name, type;
  MSGPACK_DEFINE_MAP(name, type)
};

struct method_report {
  std::string name;
  std::string kind;            // "unary" or "stream"
  bool client_stream = false;  // its last parameter is a stream
  std::vector<parameter_report> parameters;
  std::string result, doc;
  MSGPACK_DEFINE_MAP(name, kind, client_stream, parameters, result, doc)
};

// `describe` answers this for the name of a service.
struct service_description {
  std::string name, description, version;
  std::map<std::string, std::string> labels;
  bool described = false;  // one of its workers described its methods
  std::vector<method_report> methods;
  MSGPACK_DEFINE_MAP(name, description, version, labels, described, methods)
};

// `info` answers this.
struct broker_info {
  std::string name, version, host;
  std::uint64_t pid = 0;
  std::int64_t uptime_ms = 0;
  std::vector<std::string> frontend, backend;  // addresses
  MSGPACK_DEFINE_MAP(name, version, host, pid, uptime_ms, frontend, backend)
};

// Counters by name. docs/operations.md lists them.
using report_counters = std::map<std::string, std::uint64_t>;

// `stats` answers this.
struct broker_stats {
  std::string version;
  std::int64_t uptime_ms = 0;
  report_counters now;        // what there is at the moment
  report_counters calls;      // since the start: what became of calls
  report_counters ended;      // accepted calls, by status
  report_counters refused;    // calls that were not accepted, by status
  report_counters reasons;    // requests, peers and connections that were refused, by reason
  report_counters transport;  // messages, connections, and connections that the broker closed
  report_counters logins;     // logins that were accepted and refused, and the credential store
  report_counters limits;     // those in force: milliseconds, bytes, or a count
  MSGPACK_DEFINE_MAP(version, uptime_ms, now, calls, ended, refused, reasons, transport, logins, limits)
};

}  // namespace gate
