// Workers: a worker offers a service, a class with methods that clients call through the broker.
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

// The base class of services. List the methods with GATE_INTERFACE (see gate/interface.hpp). Then run_worker<T>() makes
// a whole program of it, and serve() runs it on a loop of yours.
//
// Threads: a coroutine method runs on the loop; other coroutines run while it awaits. Plain methods run in a pool, many
// at once. Guard what plain methods share with a lock, or set worker_options::threads to 1.
//
// Errors: an exception of a method ends only its call. An Error reaches the caller with its code. Any other exception
// reaches the caller as `failed`, with its type and text. The same holds if decoding the arguments, encoding the result
// or a destructor of either throws. If a plain method ends its thread with pthread_exit(), its call fails and the pool
// starts another thread.
// Two things end the process, as in any program: a destructor that throws while another exception passes, and
// pthread_exit() on the loop's thread.
class Worker : public Interface {
 public:
  // The name of the service if worker_options::service is empty. By default the name of the class in snake_case:
  // "log_search" for LogSearch. If it is empty the worker offers gate::default_service.
  virtual std::string service_name() const;
  // A sentence about the service, shown in lists of services. At most limits::description_bytes_max (4096) bytes.
  virtual std::string description() const { return {}; }

  // Runs on the loop before the worker registers. Open here what the methods need. If it throws, serve() throws the
  // same; run_worker() prints it on stderr and exits with 1.
  virtual task<void> on_start() { co_return; }
  // Runs on the loop after the last call has ended. If it throws, serve() throws the same.
  virtual task<void> on_stop() { co_return; }

  // The three functions below are for the loop's thread; from another thread use loop::post().

  // Takes no new calls and ends those in hand; then serve() returns. No effect outside serve().
  void drain();
  // Sets the credentials for the next connection to the broker. The present connection goes on. Returns false, and does
  // nothing, outside serve() and under gate-rpc, where the credentials of worker_options hold to the end.
  bool use_credentials(const credentials& own);
  // Whether the broker has welcomed this worker and gives it calls.
  bool registered() const noexcept;

 protected:
  Worker() = default;

 private:
  friend class worker::runtime;
  worker::runtime* runtime_ = nullptr;
};

// Serves `what` until it is drained: connects, registers, runs calls, and connects again after a loss. Await it on
// `where`; `where` and `what` must outlive it. If no broker is there it does not throw: it tries again until one is.
// Before it ends it waits for all methods that run, also those in the pool.
//
// Throws
//   - Error(invalid_argument) if options.broker cannot be parsed, the name of the service has more than 255 bytes, or
//     options.capacity is 0
//   - Error(too_large) if a description, a label or the whole hello exceeds a limit of docs/limits.md, "Messages"
//   - Error with the broker's reason if the broker refuses the worker: unsupported, unauthenticated, permission_denied
//   - std::logic_error if the GATE_INTERFACE or GATE_DOC lines contradict each other
//   - what on_start() or on_stop() throws
//   - `cancelled` if the awaiting coroutine is cancelled; then it closes the connection and cancels the methods.
task<void> serve(loop& where, Worker& what, worker_options options);

namespace worker {
// The service name of a class: "log_search" for "shop::LogSearch" or "LogSearch<int>", "http_server" for "HTTPServer".
std::string service_name_of(std::string_view class_name);
}  // namespace worker

}  // namespace gate
