// A service: a class with methods that clients call through the broker.
#pragma once

#include <string>
#include <string_view>

#include <gate/credentials.hpp>
#include <gate/default_service.hpp>
#include <gate/interface.hpp>
#include <gate/loop.hpp>
#include <gate/task.hpp>
#include <gate/worker_options.hpp>

namespace gate {

namespace worker {
class runtime;
}

// The base class of services. List the methods with GATE_INTERFACE (see gate/interface.hpp), then serve it:
// run_worker<Calculator>(argc, argv) makes a whole program, serve() runs it on a loop of yours.
//
// Coroutine methods run on the loop, one at a time between their awaits. Plain methods run in a pool, many at once:
// what they share needs a lock (or one thread: worker_options::threads).
//
// Whatever a method throws ends its call and nothing else: an Error with its code, anything else as `failed`, with the
// type and the text of the exception. The same holds for what is thrown when arguments and results are decoded, encoded
// or destroyed. A plain method may even end its thread (pthread_exit): its call fails, and another thread takes over.
// Two things end the process, as in any program: an exception that leaves a destructor while another one passes, and
// pthread_exit() on the loop's thread.
class Worker : public Interface {
 public:
  // The name under which it is called, unless the options give another: the class's own in snake_case, "log_search" for
  // LogSearch. Where it is empty it is gate::default_service, which calls reach that name no service.
  virtual std::string service_name() const;
  // A sentence about the service, for those who list services.
  virtual std::string description() const { return {}; }

  // Runs on the loop before the worker registers: open what the methods need. What it throws, of whatever type, leaves
  // serve(); run_worker() then says it on stderr and exits with 1.
  virtual task<void> on_start() { co_return; }
  // Runs on the loop after the last call has ended. What it throws leaves serve() too.
  virtual task<void> on_stop() { co_return; }

  // Takes no new calls, ends those in hand, then serve() returns. On the loop's thread; no effect while not served.
  void drain();
  // Credentials for the next connection to the broker; the present one goes on. False if they are not used, because
  // nothing is served now or the dialect is gate-rpc, whose credentials count from the start.
  bool use_credentials(const credentials& own);
  // Whether the broker knows it and gives it calls. On the loop's thread.
  bool registered() const noexcept;

 protected:
  Worker() = default;

 private:
  friend class worker::runtime;
  worker::runtime* runtime_ = nullptr;
};

// Serves `what` on `where`, the loop on which this is awaited, until it is drained: connects, registers, runs calls,
// and comes back after a loss. Throws Error with the broker's reason when the broker will not have it (unsupported,
// unauthenticated, permission_denied), std::logic_error when the GATE_INTERFACE or GATE_DOC lines contradict each
// other, Error(invalid_argument) when options.broker is no address or the service has no name that can travel, and
// `cancelled`: then the connection is closed and methods are cancelled. Always waits for methods that run, the pool's
// included. Does not throw because no broker is there: it tries again until one is.
task<void> serve(loop& where, Worker& what, worker_options options);

namespace worker {
// "log_search" for "shop::LogSearch" or "LogSearch<int>"; "http_server" for "HTTPServer".
std::string service_name_of(std::string_view class_name);
}  // namespace worker

}  // namespace gate
