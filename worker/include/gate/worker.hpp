// Workers: a worker offers a service, a class with methods that clients call through the broker.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include <gate/broker_dialect.hpp>
#include <gate/credentials.hpp>
#include <gate/default_service.hpp>
#include <gate/interface.hpp>
#include <gate/limits.hpp>
#include <gate/loop.hpp>
#include <gate/task.hpp>
#include <gate/unique_function.hpp>

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

// How a worker is served. In run_worker() each field has a flag and a configuration key of the same name, except
// `labels` and the functions. The flag and key `credentials` take the path of a file.
struct worker_options {
  worker_options() = default;  // so it is no aggregate: see docs/gcc12.md

  std::string broker = "tcp://127.0.0.1:5556";  // the broker's address for workers
  // How this worker logs in at the broker; none by default.
  gate::credentials credentials;
  // The protocol of that broker. Under gate-rpc the worker gets no cancel, no deadline and no metadata, and the broker
  // does not hear of a drain; see docs/dialects.md, "Outward".
  broker_dialect dialect = broker_dialect::gate2;
  gaterpc_codec gaterpc_compression = gaterpc_codec::gzip;  // under gate-rpc: of HugeData; must be that of all peers
  std::string service;                                      // empty: Worker::service_name()
  std::string name;                                         // the name that operators see; empty: host:pid
  std::map<std::string, std::string> labels;                // shown to operators; at most 255

  std::uint32_t capacity = limits::worker_capacity;  // calls at once, at least 1; the broker sends no more
  std::size_t threads = limits::pool_threads;        // of the pool; 0: one for each core, at least two
  // The time that calls in hand have to end after drain(). Then the broker answers their callers.
  std::chrono::milliseconds drain_timeout = limits::drain_timeout;

  // A plain method is stuck if it still runs `stuck_after` after its call has ended, for example after a timeout. It
  // keeps its thread. on_stuck is called if more than `stuck_max` methods are stuck, or if they hold all threads.
  std::size_t stuck_max = limits::stuck_max;
  std::chrono::milliseconds stuck_after{10'000};

  // How structs among the arguments are read. True: an unknown field (a spelling mistake, for example), or a missing
  // one that is no std::optional, ends the call as `invalid_argument`. False: an unknown field is ignored, and a
  // missing one keeps its default, so callers and methods may be of different versions.
  bool strict = false;

  // The heartbeat that the worker proposes. The broker's value is in force.
  std::chrono::milliseconds heartbeat_interval = limits::heartbeat_interval;
  std::uint32_t heartbeat_liveness = limits::heartbeat_liveness;
  // The time that one attempt to connect and register may take.
  std::chrono::milliseconds connect_timeout = limits::connect_timeout;
  // The pause before connecting again. It starts at the first value and doubles at each failure up to the second, with
  // jitter.
  std::chrono::milliseconds reconnect_pause_min = limits::reconnect_pause_min;
  std::chrono::milliseconds reconnect_pause_max = limits::reconnect_pause_max;
  // The bytes that wait to be sent. Beyond it streams of items and transfers wait; results and errors do not.
  std::size_t out_queue_bytes_max = std::size_t{4} << 20;

  // Arguments and results of any size: docs/hugedata.md, "Limits".
  std::size_t huge_threshold = limits::huge_threshold;              // an encoded result above it leaves in chunks
  std::uint32_t huge_window_bytes = limits::huge_window_bytes;      // sent before the method has read them
  std::size_t huge_value_bytes_max = limits::huge_value_bytes_max;  // of one call's arguments, collected in memory
  std::size_t huge_peer_bytes_max = limits::huge_peer_bytes_max;    // of all collected arguments together
  std::size_t huge_bytes_max = limits::huge_bytes_max;              // of any argument, before compression
  std::uint32_t huge_ratio_max = limits::huge_ratio_max;            // growth by decompression; see limits.hpp

  // Called on the loop's thread. An exception of either is logged, and nothing else.
  std::function<void()> on_registered;  // at each registration, also after a new connection
  std::function<void()> on_stuck;       // too many methods are stuck; run_worker() exits with 3
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
