// The settings of a worker.
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

}  // namespace gate
