// A service: a class with methods that clients call through the broker.
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

// How a worker is served. Every field has a flag and a configuration key of its name in run_worker(), but for the
// functions and labels; that of the credentials names their file.
struct worker_options {
  worker_options() = default;  // so it is no aggregate: see docs/gcc12.md

  std::string broker = "tcp://127.0.0.1:5556";  // the broker's address for workers
  // What the broker is to know the worker by; it may ask for none.
  gate::credentials credentials;
  // What that broker speaks. Under gate-rpc there is no drain that the broker knows of, no cancel, no deadline and no
  // metadata; see docs/dialects.md, "Outward".
  broker_dialect dialect = broker_dialect::gate2;
  gaterpc_codec gaterpc_compression = gaterpc_codec::gzip;  // of HugeData, as all peers of that broker are set to
  std::string service;                                      // empty: Worker::service_name(), or the default service
  std::string name;                                         // what operators see; empty: host:pid
  std::map<std::string, std::string> labels;                // told to operators

  std::uint32_t capacity = limits::worker_capacity;  // calls taken at once; the broker sends no more
  std::size_t threads = limits::pool_threads;        // of the pool; 0: one a core, at least two
  // Time that calls in hand have to end once drain() was called; then they are left to the broker, which answers for
  // them.
  std::chrono::milliseconds drain_timeout = limits::drain_timeout;

  // A plain method that runs on for stuck_after once its call has ended is stuck, and keeps its thread. When more than
  // stuck_max are, or every thread of the pool is held by one, on_stuck is called.
  std::size_t stuck_max = limits::stuck_max;
  std::chrono::milliseconds stuck_after{10'000};

  // A struct among the arguments is refused for a field that the method's struct does not have, a misspelt one for
  // example, and for one that is missing and not a std::optional. Otherwise the first is ignored, and the second keeps
  // its default, so that callers and methods may be of different ages.
  bool strict = false;

  std::chrono::milliseconds heartbeat_interval = limits::heartbeat_interval;  // proposed; the broker's is in force
  std::uint32_t heartbeat_liveness = limits::heartbeat_liveness;
  std::chrono::milliseconds connect_timeout = limits::connect_timeout;
  std::chrono::milliseconds reconnect_pause_min = limits::reconnect_pause_min;  // doubled, with jitter, up to
  std::chrono::milliseconds reconnect_pause_max = limits::reconnect_pause_max;
  std::size_t out_queue_bytes_max = std::size_t{4} << 20;  // above it streams wait for the connection

  // Results and arguments of any size (docs/hugedata.md): bytes of an encoded result above which it leaves in chunks;
  // bytes that a caller may send ahead of the reader of one argument; bounds of arguments that are collected in memory,
  // of all such together, and of any.
  std::size_t huge_threshold = limits::huge_threshold;
  std::uint32_t huge_window_bytes = limits::huge_window_bytes;
  std::size_t huge_value_bytes_max = limits::huge_value_bytes_max;
  std::size_t huge_peer_bytes_max = limits::huge_peer_bytes_max;
  std::size_t huge_bytes_max = limits::huge_bytes_max;
  std::uint32_t huge_ratio_max = limits::huge_ratio_max;

  // Called on the loop's thread: at each registration; and when too many methods are stuck (run_worker exits then).
  // What they throw is logged.
  std::function<void()> on_registered;
  std::function<void()> on_stuck;
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
