// class Broker: a broker as a part of a program.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

#include <gate/bind_error.hpp>
#include <gate/broker_options.hpp>
#include <gate/error.hpp>
#include <gate/interface.hpp>
#include <gate/loop.hpp>
#include <gate/task.hpp>

namespace gate {

namespace broker {
class hooks;
}

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
  // The addresses that are bound: gate/broker_options.hpp.
  using bound = bound_addresses;

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

  // The arguments of the hooks below. The views are valid only during the hook. The name of a service includes its
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
