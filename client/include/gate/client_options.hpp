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

// What happens to a call that finds client_options::in_flight_max others before it.
enum class when_full : std::uint8_t {
  wait,    // it waits its turn, first come first served, and no longer than its time
  refuse,  // it ends at once with errc::busy
};

// How a Client reaches its broker, and its limits. The defaults suit most programs; only the endpoint is a must. Not
// looked at again after the Client is made.
struct client_options {
  client_options() = default;
  client_options(std::string_view broker) : endpoint(broker) {}  // NOLINT: an endpoint is all that most clients say
  client_options(const char* broker) : endpoint(broker) {}       // NOLINT
  client_options(std::string broker) : endpoint(std::move(broker)) {}  // NOLINT

  // The broker's frontend: "tcp://host:port", "ipc:///path". A name that must be looked up is looked up anew for each
  // connection. What is no address lets the Client's constructor throw Error(invalid_argument).
  std::string endpoint = "tcp://127.0.0.1:5555";
  // What the broker is to know us by; it may ask for none. Refused, all calls end as `unauthenticated`, for good.
  gate::credentials credentials;
  // What that broker speaks. Under gate-rpc a call with a stream of items, metadata or an idempotency key ends as
  // `unsupported`, budgets are kept by this client alone, a worker is not told of a cancel, and a stream whose reader
  // does not keep up ends as `too_slow`; see docs/dialects.md, "Outward".
  broker_dialect dialect = broker_dialect::gate2;
  gaterpc_codec gaterpc_compression = gaterpc_codec::gzip;  // of HugeData, as all peers of that broker are set to

  // The service of Client::method(), by which a call names none.
  std::string service{default_service};

  // What operators see of this client; up to 255 bytes.
  std::string name;

  // Calls that await their answer at once, open streams included; and what happens to the next one.
  std::size_t in_flight_max = limits::client_in_flight_max;
  when_full full = when_full::wait;

  // Budget of a call that states none with within(). Without either, a call may take idle_timeout to its first answer
  // and between two items.
  std::optional<std::chrono::milliseconds> default_budget;
  std::chrono::milliseconds idle_timeout = limits::idle_timeout;

  // A struct in an answer is refused for a field that ours does not have, and for one that is missing and not a
  // std::optional; a call may say otherwise with strict(). Otherwise the first is ignored, and the second keeps its
  // default.
  bool strict = false;

  // Items and bytes that the worker may send ahead of a stream's reader, unless the call says window().
  std::uint32_t window_items = limits::stream_window_items;
  std::uint32_t window_bytes = limits::stream_window_bytes;

  // Answers and arguments of any size (docs/hugedata.md): bytes of encoded arguments above which they travel in chunks;
  // bytes that a worker may send ahead of the reader of one answer; bounds of an answer that is collected in memory, of
  // all such together, and of any.
  std::size_t huge_threshold = limits::huge_threshold;
  std::uint32_t huge_window_bytes = limits::huge_window_bytes;
  std::size_t huge_value_bytes_max = limits::huge_value_bytes_max;
  std::uint64_t huge_peer_bytes_max = limits::huge_peer_bytes_max;
  std::uint64_t huge_bytes_max = limits::huge_bytes_max;
  std::uint32_t huge_ratio_max = limits::huge_ratio_max;

  // Time that a call waits for a connection, and that one attempt to connect may take; then it is `unavailable`.
  std::chrono::milliseconds connect_timeout = limits::connect_timeout;
  // Pause before connecting again: doubled at each failure from the first to the second, with jitter.
  std::chrono::milliseconds reconnect_pause_min = limits::reconnect_pause_min;
  std::chrono::milliseconds reconnect_pause_max = limits::reconnect_pause_max;
  // Times that one idempotent call is sent at the most, when connections break under it; and the bytes of requests that
  // are kept for that, and while there is no connection. Beyond them a call that has to wait for a connection ends as
  // `busy`, and one that can be sent is sent once.
  std::uint32_t attempts_max = limits::attempts_max;
  std::size_t kept_bytes_max = limits::client_bytes_max;

  // The heartbeat proposed to the broker, which decides; and the transport's own.
  std::chrono::milliseconds heartbeat_interval = limits::heartbeat_interval;
  std::uint32_t heartbeat_liveness = limits::heartbeat_liveness;
  std::chrono::milliseconds transport_heartbeat_interval = limits::transport_heartbeat_interval;
  std::chrono::milliseconds transport_heartbeat_timeout = limits::transport_heartbeat_timeout;

  // Bytes of one frame that are accepted from the broker; bytes that wait to be sent before the items of client streams
  // are held back; messages read in one turn of the loop.
  std::size_t frame_bytes_max = limits::frame_bytes_max;
  std::size_t out_queue_bytes_max = std::size_t{4} << 20;
  std::size_t messages_per_turn_max = limits::messages_per_turn_max;
};

}  // namespace gate
