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
  using bound = bound_addresses;

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
