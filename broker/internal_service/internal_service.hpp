// The service `gate`, by which the broker answers questions about itself. For the core it is a worker like others.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <gate/interface.hpp>
#include <gate/thread_pool.hpp>
#include <gate/value.hpp>

#include "broker/engine/engine.hpp"
#include "broker/internal_service/description_cache.hpp"
#include "common/interface/dispatcher.hpp"
#include "common/protocol/window.hpp"

namespace gate::broker {

// The results of the methods: maps with these keys.
struct service_report {
  std::string name, description;
  std::size_t workers = 0, stalled = 0, queued = 0, queued_bytes = 0, in_flight = 0;
  std::uint32_t capacity = 0;
  MSGPACK_DEFINE_MAP(name, description, workers, stalled, queued, queued_bytes, in_flight, capacity)
};

struct worker_report {
  std::uint64_t id = 0;
  std::string service, name, dialect, address, host, version;  // the name is made up if the dialect has none
  std::uint32_t pid = 0, capacity = 0, threads = 0, in_flight = 0;
  std::uint64_t slots_given_back = 0;
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
  std::string kind;  // "unary" or "stream"
  bool client_stream = false;
  std::vector<parameter_report> parameters;
  std::string result, doc;
  MSGPACK_DEFINE_MAP(name, kind, client_stream, parameters, result, doc)
};

struct service_description {
  std::string name, description, version;
  std::map<std::string, std::string> labels;
  bool described = false;  // whether one of its workers described its methods
  std::vector<method_report> methods;
  MSGPACK_DEFINE_MAP(name, description, version, labels, described, methods)
};

struct broker_info {
  std::string name, version, host;
  std::uint32_t pid = 0;
  std::int64_t uptime_ms = 0;
  std::vector<std::string> frontend, backend;
  MSGPACK_DEFINE_MAP(name, version, host, pid, uptime_ms, frontend, backend)
};

using numbers = std::map<std::string, std::uint64_t>;
struct broker_stats {
  std::string version;
  std::int64_t uptime_ms = 0;
  numbers now;        // present counts
  numbers calls;      // since the start: how calls ended
  numbers ended;      // accepted calls, by status
  numbers refused;    // calls that were not accepted, by status
  numbers reasons;    // requests, peers and connections that were refused, by reason
  numbers transport;  // messages, connections, and closed connections
  numbers logins;     // accepted and refused logins, and the credential store
  numbers limits;     // those in force: milliseconds, bytes, or a count
  MSGPACK_DEFINE_MAP(version, uptime_ms, now, calls, ended, refused, reasons, transport, logins, limits)
};

class operator_methods final : public Interface {
 public:
  operator_methods(const engine& about, const broker_options& options, std::function<std::uint64_t()> hook_failures);

 private:
  GATE_INTERFACE_ON(gate::run_on::loop, ping, services, workers, stats, info)
  GATE_INTERFACE_AS("describe", describe_service, task<encoded_description>(Call&, const std::string&))
  GATE_DOC(ping, "answers at once: the broker is alive")
  GATE_DOC(services, "the services with workers or waiting calls, if the caller may know of them")
  GATE_DOC(workers, "the workers that are connected")
  GATE_DOC(describe, "the methods of a service, as one of its workers describes them", service)
  GATE_DOC(stats, "counters since the start, present figures, and the limits in force")
  GATE_DOC(info, "the broker's name, version, age and addresses")

  void ping() const {}
  std::vector<service_report> services(Call& call) const;
  std::vector<worker_report> workers() const;
  task<encoded_description> describe_service(Call& call, const std::string& service);
  broker_stats stats() const;
  broker_info info() const;

  const engine& engine_;
  const broker_options& options_;
  std::function<std::uint64_t()> hook_failures_;
  instant started_;
  description_cache descriptions_;
};

// Registers the service `gate` with the core, and answers its calls. `more`: the methods of a class derived from
// Broker. They hide methods of the same name above. Plain ones run in a pool of options.internal_threads threads.
// `hook_failures` counts the exceptions of hooks, for `stats`.
class internal_service final : private answers {
 public:
  internal_service(engine& owner, const broker_options& options, Interface& more,
                   std::function<std::uint64_t()> hook_failures);
  internal_service(const internal_service&) = delete;
  internal_service& operator=(const internal_service&) = delete;
  ~internal_service();

 private:
  bool window_open(call_id call) const noexcept override;
  bool writable() const noexcept override { return true; }
  bool part(call_id call, payload_view item) override;
  bool huge_part(const message& m) override;
  bool final(const message& m) override;
  bool error(const message& m) override;
  bool grant(call_id call, std::uint32_t items, std::uint32_t byte_count) override;

  void register_service();
  void handle(const message& m);
  dispatcher& of(std::string_view method);
  call_origin origin_of(call_id call) const;

  engine& engine_;
  Interface& more_;
  operator_methods own_;
  thread_pool pool_;
  std::unordered_map<call_id, gate::peer::window> windows_;  // of open calls
  dispatcher own_calls_;
  dispatcher more_calls_;
};

}  // namespace gate::broker
