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

// All settings of a broker. Each field is also a key of the same name in gate-broker's configuration file.
// docs/limits.md has a row for each key: what it bounds, and what happens beyond the bound.
struct broker_options {
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

  std::string name = "gate-broker";  // what the broker calls itself towards its peers
  // Used by gate-broker and run_broker(). Any other program sets the level of spdlog's default logger instead.
  std::string log_level = "info";
  std::chrono::milliseconds drain_timeout = limits::drain_timeout;

  std::chrono::milliseconds heartbeat_interval = limits::heartbeat_interval;
  std::uint32_t heartbeat_liveness = limits::heartbeat_liveness;
  std::chrono::milliseconds hello_timeout = limits::hello_timeout;
  std::chrono::milliseconds gaterpc_heartbeat_interval = limits::gaterpc_heartbeat_interval;
  std::chrono::milliseconds mdp_heartbeat_interval = limits::mdp_heartbeat_interval;
  // How gate-rpc peers compress HugeData: "gzip", "bz2" or "lzma". Their messages do not say it, so set here what the
  // peers are set to.
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

// Thrown if a broker cannot start with its options. Either an address cannot be bound or is not safe, or there is a
// fault in the files that decide about logins. what() is one line:
//   - for an address its role, the address and the reason:
//     "cannot bind frontend tcp://127.0.0.1:5555: Address already in use"
//   - for a file its path, the line and the fault.
class bind_error final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A broker inside a program of your own. gate-broker is such a program.
//
//   gate::loop loop;
//   gate::Broker broker(options);
//   broker.bind(loop);              // now endpoints() returns the addresses
//   loop.run(broker.run());         // returns once the broker is drained
//
// Call the constructor on any thread, and everything else on the loop's thread. The loop must outlive the broker.
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
// GATE_INTERFACE adds methods to the internal service `gate`, next to the broker's own methods ping, services, workers,
// describe, stats and info. A method with one of these names replaces the broker's own.
//
// Who may call: without a credential store every client. With a store, operators and each role that names the method.
// To restrict a method further, check Call::caller(). A gate::Call& also gives the caller's address and the call's
// number.
//
// Where a method runs:
//   - A coroutine, its stream, and a plain method with gate::run_on::loop run on the broker's loop, between messages.
//     They must not block. They share members with the hooks without a lock.
//   - Any other plain method, also one that returns a gate::generator, runs in a pool of `internal_threads` threads. It
//     may block. Guard the members that it shares with a lock.
class Broker : public Interface {
 public:
  // The addresses that are bound. A port * is replaced by the number that the system chose.
  struct bound {
    std::vector<std::string> frontend, backend;
  };

  explicit Broker(broker_options options = {});
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;
  ~Broker() override;

  // Binds all addresses or none. The broker reads messages only once run() runs. Call it at most once.
  // Throws bind_error. Throws std::logic_error if the GATE_INTERFACE or GATE_DOC lines of a subclass contradict each
  // other.
  void bind(loop& where);
  // Empty before bind().
  const bound& endpoints() const noexcept;

  // Serves until the broker is drained, stopped or cancelled. Binds first if bind() was not called; then it throws what
  // bind() throws. When it ends, each call has its answer, each peer has its bye, and the addresses are free.
  task<void> run();

  // Asks for an orderly end. The broker tells its peers and accepts no new call. Calls in flight have `drain_timeout`
  // to end; then they end as after stop(). Calling it again does nothing. Call it on the loop's thread; from another
  // thread use loop::post(). Called within a hook, it takes effect right after the hook.
  void drain();
  // Ends at once. Calls that wait for a worker end as `unavailable`, calls at a worker as `worker_lost`. The rules for
  // threads and hooks are those of drain().
  void stop();

  // Reads the credential store again and opens the audit log again. If the store has a fault, the broker logs it and
  // keeps the store that it has. A change of the store's files is noticed without reload(). Call it on the loop's
  // thread. It has no effect before bind() and after run() has ended.
  void reload();

  const broker_options& options() const noexcept;

  // What the hooks below receive. The views are valid only during the hook. The name of a service includes its
  // namespace: "prod/billing".
  struct worker_event {
    std::uint64_t worker;                     // the worker's number, as in `gate workers`; never used again
    std::string_view service, name, address;  // `name` is what the worker calls itself
  };
  struct request_record {
    std::string_view service, method, caller;
    errc status;                                       // as the caller received it; ok for a result
    std::chrono::microseconds queue_time, total_time;  // until a worker received it; until it ended
    bool one_way;                                      // the caller does not wait for an answer
  };

 protected:
  // Hooks: the broker calls them on the loop's thread, in the middle of its work. They must not block: a microsecond in
  // a hook for each request is a microsecond less for the broker. A hook may wake coroutines (async_event), and may
  // call drain() and stop(). If a hook throws, the broker logs the exception, counts it in stats as hook_failures, and
  // goes on. A Broker that is not subclassed calls no hooks.

  // A worker has registered. Not called for the internal service.
  virtual void on_worker_up(const worker_event& /*worker*/) {}
  // The first worker of a service has registered. Not called for the internal service.
  virtual void on_service_up(std::string_view /*service*/) {}
  // A worker is gone: its connection ended, or it said bye. `why` is the reason, as text.
  virtual void on_worker_down(const worker_event& /*worker*/, std::string_view /*why*/) {}
  // The last worker of a service drains or is gone. This may come well before on_worker_down: a draining worker ends
  // its calls first.
  virtual void on_service_down(std::string_view /*service*/) {}
  // True: the worker's heartbeats are late, and it gets no new calls. False: the heartbeats have come again.
  virtual void on_worker_stalled(const worker_event& /*worker*/, bool /*stalled*/) {}
  // A request that the broker had accepted has ended. Called exactly once for each, also for the internal service. Not
  // called for a request that the broker refused at once (no such service or method, a full queue): stats counts those.
  virtual void on_request_done(const request_record& /*request*/) {}
  // drain() or stop() was called for the first time. End your own endless streams here; otherwise a drain waits for
  // them until `drain_timeout` is over.
  virtual void on_drain() {}

 private:
  friend class broker::hooks;
  class impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace gate
