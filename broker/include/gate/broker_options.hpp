// What a broker is told when it is made.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <gate/limits.hpp>

namespace gate {

// Everything that a broker can be told. Each field is a key of the same name in gate-broker's configuration file, where
// docs/limits.md says what it bounds and what happens beyond it.
struct broker_options {
  // Addresses to bind: tcp://host:port (port * is chosen by the system), ipc://path, inproc://name. Either port serves
  // clients and workers; an address that stands in both lists is bound once.
  // "?dialect=" and gate2, gate-rpc, mdp01 or mdp02 behind an address admits that dialect alone, "?auth=" says how
  // peers prove who they are there: "tcp://0.0.0.0:5555?auth=curve&dialect=gate2".
  std::vector<std::string> frontend{"tcp://127.0.0.1:5555"};
  std::vector<std::string> backend{"tcp://127.0.0.1:5556"};
  // Admit anybody on addresses that other machines can reach.
  bool insecure = false;

  // Who may come in (docs/security.md). How peers prove who they are where an address does not say: none, plain, curve
  // or in-message. An inproc address asks nobody.
  std::string auth = "none";
  std::string credentials;            // the store: a file or a folder; empty: none
  std::string curve_key;              // the broker's own key file
  std::string zap_service;            // an external ZAP service that decides logins; empty: the store does
  std::vector<std::string> zap_bind;  // addresses where others may ask this broker about logins, by ZAP
  std::string audit_log;              // a file; empty: none
  // Whether clients are told what a worker's failure says of its insides, its traceback, on every address: else it is
  // on those alone that only this machine can reach and where nobody logs in.
  bool remote_details = false;

  std::string name = "gate-broker";
  std::string log_level =
      "info";  // for gate-broker; a Broker in another program logs as spdlog's default logger is set
  std::chrono::milliseconds drain_timeout = limits::drain_timeout;

  std::chrono::milliseconds heartbeat_interval = limits::heartbeat_interval;
  std::uint32_t heartbeat_liveness = limits::heartbeat_liveness;
  std::chrono::milliseconds hello_timeout = limits::hello_timeout;
  std::chrono::milliseconds gaterpc_heartbeat_interval = limits::gaterpc_heartbeat_interval;
  std::chrono::milliseconds mdp_heartbeat_interval = limits::mdp_heartbeat_interval;
  // How gate-rpc peers are set to compress HugeData, which their messages do not tell: gzip, bz2 or lzma.
  std::string gaterpc_compression = "gzip";
  std::chrono::milliseconds transport_heartbeat_interval = limits::transport_heartbeat_interval;
  std::chrono::milliseconds transport_heartbeat_timeout = limits::transport_heartbeat_timeout;

  std::size_t queue_max = limits::queue_max;
  std::size_t queue_bytes_max = limits::queue_bytes_max;
  std::size_t queue_total_max = limits::queue_total_max;
  std::size_t queue_total_bytes_max = limits::queue_total_bytes_max;
  std::chrono::milliseconds queue_age_max = limits::queue_age_max;
  std::size_t client_calls_max = limits::client_calls_max;
  std::size_t client_bytes_max = limits::client_bytes_max;
  std::chrono::milliseconds idle_timeout = limits::idle_timeout;
  std::chrono::milliseconds budget_max = limits::budget_max;
  std::chrono::milliseconds service_grace = limits::service_grace;
  std::size_t services_max = limits::services_max;
  std::size_t peers_max = limits::peers_max;
  std::uint32_t worker_capacity_max = limits::worker_capacity_max;
  std::uint32_t attempts_max = limits::attempts_max;
  std::chrono::milliseconds slot_timeout = limits::slot_timeout;
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

  std::size_t payload_bytes_max = limits::payload_bytes_max;
  std::size_t frame_bytes_max = limits::frame_bytes_max;
  std::size_t frames_max = limits::frames_max;
  std::size_t messages_per_turn_max = limits::messages_per_turn_max;
  std::size_t out_queue_bytes_max = limits::out_queue_bytes_max;
  std::chrono::milliseconds out_queue_age_max = limits::out_queue_age_max;
  std::size_t out_queue_total_bytes_max = std::size_t{512} << 20;
};

// Addresses as they are bound: a wildcard port has become a number.
struct bound_addresses {
  std::vector<std::string> frontend, backend;
};

}  // namespace gate
