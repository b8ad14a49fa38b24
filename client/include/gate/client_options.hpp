#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <gate/broker_dialect.hpp>
#include <gate/credentials.hpp>
#include <gate/default_service.hpp>
#include <gate/limits.hpp>

namespace gate {

// What happens to a call if client_options::in_flight_max calls are in flight.
enum class when_full : std::uint8_t {
  wait,    // it waits its turn, first come first served, within its budget; then it ends as `timed_out`
  refuse,  // it ends at once as `busy`
};

// The broker's address and the limits of a Client. Most programs set only `endpoint`. The Client copies the options;
// later changes have no effect.
struct client_options {
  client_options() = default;
  client_options(std::string_view broker) : endpoint(broker) {}  // NOLINT: an endpoint is all that most clients say
  client_options(const char* broker) : endpoint(broker) {}       // NOLINT
  client_options(std::string broker) : endpoint(std::move(broker)) {}  // NOLINT

  // The broker's frontend: "tcp://host:port" or "ipc:///path". A host name is looked up again for each connection.
  // The Client's constructor throws Error(invalid_argument) if the address cannot be parsed.
  std::string endpoint = "tcp://127.0.0.1:5555";
  // How this client logs in; none by default. If the broker refuses it, all calls end as `unauthenticated`, and the
  // client does not try again: make a new one.
  gate::credentials credentials;
  // The protocol of that broker. Under gate-rpc (docs/dialects.md, "Outward"):
  //   - A call with a stream of items, metadata or an idempotency key ends as `unsupported`.
  //   - Only this client enforces budgets, and a cancel does not reach the worker.
  //   - A stream whose reader is too slow ends as `too_slow`.
  broker_dialect dialect = broker_dialect::gate2;
  gaterpc_codec gaterpc_compression = gaterpc_codec::gzip;  // under gate-rpc: of HugeData; must be that of all peers

  // The service that Client::method() calls.
  std::string service{default_service};

  // The name that operators see; up to 255 bytes.
  std::string name;

  // The most calls that are in flight at once, open streams included. `full` says what happens to the next one.
  std::size_t in_flight_max = limits::client_in_flight_max;
  when_full full = when_full::wait;

  // The budget of a call without within(): the time that it may take altogether. If both are absent, the call may take
  // `idle_timeout` to its first answer and between two items. Beyond either the call ends as `timed_out`.
  std::optional<std::chrono::milliseconds> default_budget;
  std::chrono::milliseconds idle_timeout = limits::idle_timeout;

  // How structs in an answer are read. True: an unknown field, or a missing one that is no std::optional, throws
  // Error(errc::invalid_argument). False: an unknown field is ignored, and a missing one keeps its default.
  // PendingCall::strict() sets it for one call.
  bool strict = false;

  // The most items and bytes that a worker may send before the reader of a stream has read them. The client begins with
  // 1024 items and 256 KiB, or less if these are less, and allows more while the reader is fast. PendingCall::window()
  // sets fixed numbers for one call. Under gate-rpc and Majordomo brokers the numbers are fixed, items at 1024 at most.
  std::uint32_t window_items = limits::stream_window_items_max;
  std::uint32_t window_bytes = limits::stream_window_bytes;

  // Arguments and answers of any size: docs/hugedata.md, "Limits".
  std::size_t huge_threshold = limits::huge_threshold;              // encoded arguments above it travel in chunks
  std::uint32_t huge_window_bytes = limits::huge_window_bytes;      // sent before the reader of an answer has read them
  std::size_t huge_value_bytes_max = limits::huge_value_bytes_max;  // of one answer that is collected in memory
  std::uint64_t huge_peer_bytes_max = limits::huge_peer_bytes_max;  // of all collected answers together
  std::uint64_t huge_bytes_max = limits::huge_bytes_max;            // of any answer, before compression
  std::uint32_t huge_ratio_max = limits::huge_ratio_max;            // growth by decompression; see limits.hpp

  // The time that a call waits for a connection; then it ends as `unavailable`. Also the time that one attempt to
  // connect may take.
  std::chrono::milliseconds connect_timeout = limits::connect_timeout;
  // The pause before connecting again. It starts at the first value and doubles at each failure up to the second, with
  // jitter.
  std::chrono::milliseconds reconnect_pause_min = limits::reconnect_pause_min;
  std::chrono::milliseconds reconnect_pause_max = limits::reconnect_pause_max;
  // How often one idempotent call is sent at most. It is sent again if the connection is lost under it.
  std::uint32_t attempts_max = limits::attempts_max;
  // The bytes of requests that the client keeps, to send them again or until there is a connection. Beyond it a call
  // that needs a connection ends as `busy`, and a call that can be sent is sent only once.
  std::size_t kept_bytes_max = limits::client_bytes_max;

  // The heartbeat that the client proposes. The broker's value is in force.
  std::chrono::milliseconds heartbeat_interval = limits::heartbeat_interval;
  std::uint32_t heartbeat_liveness = limits::heartbeat_liveness;
  // The transport's own pings: docs/liveness.md.
  std::chrono::milliseconds transport_heartbeat_interval = limits::transport_heartbeat_interval;
  std::chrono::milliseconds transport_heartbeat_timeout = limits::transport_heartbeat_timeout;

  // The largest frame from the broker, in bytes. Beyond it the transport closes the connection.
  std::size_t frame_bytes_max = limits::frame_bytes_max;
  // The bytes that wait to be sent. Beyond it streams of items and transfers wait; requests do not.
  std::size_t out_queue_bytes_max = std::size_t{4} << 20;
  // The messages that are read in one turn of the loop.
  std::size_t messages_per_turn_max = limits::messages_per_turn_max;
};

}  // namespace gate
