#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <gate/error.hpp>
#include <gate/interface.hpp>
#include <gate/limits.hpp>
#include <gate/loop.hpp>
#include <gate/task.hpp>

namespace gate {

namespace broker {
class hooks;
}

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
  std::chrono::milliseconds credit_timeout = limits::credit_timeout;
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

// An address could not be bound, or must not be, or what is to decide about logins is not in order. what() is one line
// that names the port's role, the address and the reason: "cannot bind frontend tcp://127.0.0.1:5555: Address already
// in use"; or the file, its line and what is wrong there.
class bind_error final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A broker as a part of a program (gate-broker is such a program).
//
//   gate::loop loop;
//   gate::Broker broker(options);
//   broker.bind(loop);              // from here on endpoints() says what is bound
//   loop.run(broker.run());         // until drained
//
// Everything but the constructor belongs to the loop's thread. The loop must outlive it.
//
// Subclass it to extend it (docs/extending.md):
//
//   class MyBroker : public gate::Broker {
//    public:
//     using Broker::Broker;
//    private:
//     GATE_INTERFACE_ON(gate::run_on::loop, requests_done)
//     std::uint64_t requests_done() const { return done_; }
//     void on_request_done(const request_record&) override { ++done_; }
//     std::uint64_t done_ = 0;
//   };
//   int main(int argc, char** argv) { return gate::run_broker<MyBroker>(argc, argv); }  // gate/run_broker.hpp
//
// Methods that are marked with GATE_INTERFACE answer under the internal service `gate`, beside (or, under the same
// name, instead of) the broker's own ping, services, workers, describe, stats and info. A gate::Call& tells them who
// calls, from which address, and under which number. Without a credential store every client may call them, with one
// operators and whom a role names them for: one that is for fewer looks at Call::caller(). Coroutines, their streams,
// and plain methods with gate::run_on::loop run on the broker's loop, between messages: they must not block, and share
// members with the hooks without a lock. Other plain methods, gate::generator included, run in a pool of their own
// (internal_threads), so that they may block; what they share needs a lock.
class Broker : public Interface {
 public:
  // Addresses as they are: a wildcard port has become a number.
  struct bound {
    std::vector<std::string> frontend, backend;
  };

  explicit Broker(broker_options options = {});
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;
  ~Broker() override;

  // Binds all addresses or none. Throws bind_error, and std::logic_error when the GATE_INTERFACE or GATE_DOC lines of a
  // subclass contradict each other. Messages are read from run() on.
  void bind(loop& where);
  const bound& endpoints() const noexcept;

  // Serves until it is drained, stopped or cancelled; binds first if bind() was not called. On its end every call has
  // had its answer, every peer its bye, and the addresses are free.
  task<void> run();

  // Asks for an orderly end: peers are told, no new call is accepted, those in flight have drain_timeout to end.
  // Harmless when repeated. Loop's thread only; from another, loop::post it. From within a hook it takes effect right
  // after it, as stop() does.
  void drain();
  // Ends at once: calls that wait are answered `unavailable`, those that run `worker_lost`.
  void stop();

  // Reads the credential store again and opens the audit log again; a change of the store's files does the former by
  // itself. A broken store leaves the one before in force, and is logged. Loop's thread only, between bind() and the
  // end of run(), and else without effect.
  void reload();

  const broker_options& options() const noexcept;

  // The views of both are valid during the hook only. Services are named with their namespace: "prod/billing".
  struct worker_event {
    std::uint64_t worker;                     // its number, as in `gate workers`: never used again
    std::string_view service, name, address;  // the name is what it calls itself
  };
  struct request_record {
    std::string_view service, method, caller;
    errc status;                                       // what the caller was told; ok for a result
    std::chrono::microseconds queue_time, total_time;  // until a worker got it; until it ended
    bool one_way;                                      // the caller did not wait for it
  };

 protected:
  // Hooks: told on the loop's thread, in the midst of the broker's work, of what happened. They must not block: a hook
  // that takes a microsecond for each request costs that much of the broker's throughput. They may wake coroutines
  // (async_event), drain() and stop(). What they throw is logged, counted as hook_failures in stats, and changes
  // nothing else. A Broker that is not subclassed does not call them at all.

  // A worker registered, and when it is the first of its service, so did the service. Not told of the internal service.
  virtual void on_worker_up(const worker_event& /*worker*/) {}
  virtual void on_service_up(std::string_view /*service*/) {}
  // A worker is gone, and why: its connection ended, or it said so. When the last one of a service drains or is gone,
  // so is the service; this may come well before on_worker_down, since a draining worker ends its calls first.
  virtual void on_worker_down(const worker_event& /*worker*/, std::string_view /*why*/) {}
  virtual void on_service_down(std::string_view /*service*/) {}
  // Its heartbeats are late: it gets no new calls; with false, they came again.
  virtual void on_worker_stalled(const worker_event& /*worker*/, bool /*stalled*/) {}
  // A request that the broker had accepted has ended, each exactly once, those to the internal service included. What
  // it refused at once (no such service or method, a full queue) is counted in stats alone.
  virtual void on_request_done(const request_record& /*request*/) {}
  // drain() or stop() was called, the first time: end streams of your own that have no end, else they keep the broker
  // for as long as drain_timeout.
  virtual void on_drain() {}

 private:
  friend class broker::hooks;
  class impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace gate
