// What a worker is told when it is served.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include <gate/broker_dialect.hpp>
#include <gate/credentials.hpp>
#include <gate/limits.hpp>

namespace gate {

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

}  // namespace gate
