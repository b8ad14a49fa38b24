// The settings of a broker.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <gate/broker_limits.hpp>
#include <gate/limits.hpp>
#include <gate/service_policy.hpp>

namespace gate {

// All settings of a broker: those by which it decides about calls (broker_limits), those of single services
// (service_policies), and those below. Each field is also a key of the same name in gate-broker's configuration file.
// docs/limits.md has a row for each key: what it bounds, and what happens beyond the bound.
struct broker_options : broker_limits, service_policies {
  // Addresses to bind: "tcp://host:port", "ipc://path" or "inproc://name". For port * the system chooses a free port.
  // Each address serves both clients and workers. An address that is in both lists is bound once.
  // Two settings may follow an address: "tcp://0.0.0.0:5555?auth=curve&dialect=gate2".
  //   dialect   admits only this dialect: gate2, gate-rpc, mdp01 or mdp02
  //   auth      how peers log in at this address, in place of `auth` below
  std::vector<std::string> frontend{"tcp://127.0.0.1:5555"};
  std::vector<std::string> backend{"tcp://127.0.0.1:5556"};
  // Allows addresses that other machines can reach and that ask for no login. Without it bind() throws bind_error for
  // such an address.
  bool insecure = false;

  // How peers log in (docs/security.md): "none", "plain", "curve" or "in-message". Holds for each address without an
  // "?auth=" of its own. No login is asked for at an inproc address.
  std::string auth = "none";
  std::string credentials;            // the credential store: a file or a folder; empty: no store
  std::string curve_key;              // the broker's own key file, needed for auth = curve
  std::string zap_service;            // address of an external ZAP service that decides logins; empty: the store does
  std::vector<std::string> zap_bind;  // addresses where other programs ask this broker about logins, by ZAP (RFC 27)
  std::string audit_log;              // path of the audit log; empty: no audit log
  // True: a client on any address receives the traceback of a worker's exception. False: only a client on a local
  // address without login receives it. An address is local if only this machine can reach it.
  bool remote_details = false;

  // Used by gate-broker and run_broker(). Any other program sets the level of spdlog's default logger instead.
  std::string log_level = "info";
  std::chrono::milliseconds drain_timeout = limits::drain_timeout;

  std::chrono::milliseconds gaterpc_heartbeat_interval = limits::gaterpc_heartbeat_interval;
  std::chrono::milliseconds mdp_heartbeat_interval = limits::mdp_heartbeat_interval;
  // How gate-rpc peers compress HugeData: "gzip", "bz2" or "lzma". Their messages do not say it, so set here what the
  // peers are set to.
  std::string gaterpc_compression = "gzip";
  std::chrono::milliseconds transport_heartbeat_interval = limits::transport_heartbeat_interval;
  std::chrono::milliseconds transport_heartbeat_timeout = limits::transport_heartbeat_timeout;

  std::size_t internal_threads = limits::internal_threads;

  std::size_t requests_per_second_max = limits::requests_per_second_max;
  std::size_t requests_burst_max = limits::requests_burst_max;
  std::size_t principal_bytes_max = limits::principal_bytes_max;
  std::size_t peers_per_address_max = limits::peers_per_address_max;
  std::uint32_t login_failures_max = limits::login_failures_max;
  std::chrono::milliseconds login_pause = limits::login_pause;
  std::chrono::milliseconds login_pause_max = limits::login_pause_max;
  std::chrono::milliseconds zap_timeout = limits::zap_timeout;
  std::chrono::milliseconds zap_cache_time = limits::zap_cache_time;

  std::size_t frame_bytes_max = limits::frame_bytes_max;
  std::size_t frames_max = limits::frames_max;
  std::size_t messages_per_turn_max = limits::messages_per_turn_max;
  std::size_t out_queue_bytes_max = limits::out_queue_bytes_max;
  std::chrono::milliseconds out_queue_age_max = limits::out_queue_age_max;
  std::size_t out_queue_total_bytes_max = std::size_t{512} << 20;
};

// The addresses that are bound. A port * is replaced by the number that the system chose.
struct bound_addresses {
  std::vector<std::string> frontend, backend;
};

}  // namespace gate
