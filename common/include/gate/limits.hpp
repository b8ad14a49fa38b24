// Every default limit of the system, in one place: a sentence and a unit each. The broker's are configuration keys of
// the same name (docs/limits.md); the worker's and the client's are fields of their options.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gate::limits {

using namespace std::chrono_literals;

// Of the wire:

// Bytes of one frame that libzmq accepts from a peer before it cuts the connection (ZMQ_MAXMSGSIZE).
inline constexpr std::size_t frame_bytes_max = 64u << 20;

// Frames of one message that we look at; a message of more is discarded as it is read, counted, and its peer cut.
// libzmq holds a message whole, 64 bytes a frame, before we see it.
inline constexpr std::size_t frames_max = 64;

// Bytes of one payload (arguments, a result, one stream item).
inline constexpr std::size_t payload_bytes_max = 16u << 20;

// Bytes of a batch of envelopes that is being filled; a fuller one is closed and another begun. A single envelope may
// exceed it.
inline constexpr std::size_t batch_bytes_target = 128u << 10;

// A payload of at least so many bytes travels as a frame of its own behind the batch.
inline constexpr std::size_t external_payload_bytes_min = 256u << 10;

// Times that a connection may say hello again, which replaces what it said before; at one more it is cut.
inline constexpr std::uint8_t hellos_again_max = 8;

// Bytes of a service name, of a method name, of a peer's name.
inline constexpr std::size_t name_bytes_max = 255;

// Bytes of all metadata of one message, keys and values and their lengths.
inline constexpr std::size_t metadata_bytes_max = 16u << 10;

// Bytes of an error's text; a longer one is cut at the sender.
inline constexpr std::size_t error_text_bytes_max = 4096;

// Bytes of an idempotency key.
inline constexpr std::size_t idempotency_key_bytes_max = 255;

// Nesting of arrays and maps in a decoded value.
inline constexpr std::size_t value_depth_max = 128;

// Bytes of what a peer says of itself in its hello, as encoded; beyond it the hello is malformed.
inline constexpr std::size_t descriptor_bytes_max = 1u << 20;

// Bytes of a worker's description of its service: it is listed with all the others.
inline constexpr std::size_t description_bytes_max = 4096;

// Arguments of one call that a method takes as a gate::argument_list.
inline constexpr std::size_t arguments_max = 65'535;

// Methods that one worker may describe.
inline constexpr std::size_t methods_max = 1024;

// Methods of all workers of one service; those of workers that offer the same ones count once.
inline constexpr std::size_t service_methods_max = 8192;

// Of liveness:

// Time between two heartbeats of either side, whatever else is sent.
inline constexpr auto heartbeat_interval = 1000ms;

// Intervals without a heartbeat after which a worker counts as stalled (no new work), and a broker as lost.
inline constexpr std::uint32_t heartbeat_liveness = 3;

// What peers of other dialects are set to, which their messages do not say. The broker gives up an idle worker of
// theirs that is silent for heartbeat_liveness times as long; a session under a gate-rpc broker counts with the first,
// or with its own interval where that is longer.
inline constexpr auto gaterpc_heartbeat_interval = 5000ms;
inline constexpr auto mdp_heartbeat_interval = 2500ms;

// Time that an accepted connection has to say hello before it is cut.
inline constexpr auto hello_timeout = 5000ms;

// The transport's own pings (ZMQ_HEARTBEAT_IVL), and the time that an answer may take. Each end judges by the kernel's
// counters; the transport does not: docs/liveness.md.
inline constexpr auto transport_heartbeat_interval = 1000ms;
inline constexpr auto transport_heartbeat_timeout = 3000ms;

// Of the broker:

// Calls, and bytes of their arguments, that wait for a worker: per service, and in total.
inline constexpr std::size_t queue_max = 131'072;
inline constexpr std::size_t queue_bytes_max = 256u << 20;
inline constexpr std::size_t queue_total_max = 524'288;
inline constexpr std::size_t queue_total_bytes_max = 512u << 20;

// Time that a call waits for a worker at the most, whatever its budget.
inline constexpr auto queue_age_max = 60'000ms;

// Calls of one client that are queued or running: seven eighths of queue_max, so that one that floods leaves room.
inline constexpr std::size_t client_calls_max = 114'688;

// Bytes of arguments that one client may have queued or kept for a second attempt.
inline constexpr std::size_t client_bytes_max = 128u << 20;

// Time that one call may take to its first answer, and between two parts, when its caller states no budget.
inline constexpr auto idle_timeout = 60'000ms;

// Time that the answer of a running call may wait for its caller's credit. It holds a place at its worker meanwhile.
inline constexpr auto credit_timeout = 1h;

// The longest budget a caller may state; a longer one counts as this.
inline constexpr auto budget_max = 24h;

// Time for which the calls to a service whose last worker left, or to any name after the broker's start, are queued
// before they end as unavailable.
inline constexpr auto service_grace = 5000ms;

// Services, and peers of one broker.
inline constexpr std::size_t services_max = 4096;
inline constexpr std::size_t peers_max = 16'384;

// Bytes that wait in the broker for one peer, and time in which it takes none of them; over either it is cut.
inline constexpr std::size_t out_queue_bytes_max = 64u << 20;
inline constexpr auto out_queue_age_max = 10'000ms;

// Calls that may run at one worker at once, whatever it announces.
inline constexpr std::uint32_t worker_capacity_max = 65'535;

// Work that a worker is given beyond what its threads can begin at once, by its own service time.
inline constexpr auto work_ahead = 5ms;

// Time for which a worker of another dialect may owe the answer to a call that has ended; then its slot is given back.
inline constexpr auto slot_timeout = 30'000ms;

// Time that a draining broker waits for the calls in flight.
inline constexpr auto drain_timeout = 30'000ms;

// Threads for the plain methods that a broker of one's own adds to its internal service.
inline constexpr std::size_t internal_threads = 2;

// Times that one idempotent call is given to a worker at the most.
inline constexpr std::uint32_t attempts_max = 3;

// Of one principal: requests a second on average, as many of them at once, and bytes of the arguments of its open
// calls. 0: no limit; of the burst: as many as in one second.
inline constexpr std::size_t requests_per_second_max = 0;
inline constexpr std::size_t requests_burst_max = 0;
inline constexpr std::size_t principal_bytes_max = 0;

// Connections of one address (of IPv6: of its first 64 bits), this machine's own excepted. 0: no limit.
inline constexpr std::size_t peers_per_address_max = 4096;

// Failed logins of one user at one address, or of all unknown users there, before they have to wait.
inline constexpr std::uint32_t login_failures_max = 5;
// How long they wait at first. Each further failure doubles the pause.
inline constexpr auto login_pause = 1000ms;
// The longest pause.
inline constexpr auto login_pause_max = 60'000ms;

// Time that an external ZAP service has to answer, and for which its yes counts.
inline constexpr auto zap_timeout = 5000ms;
inline constexpr auto zap_cache_time = 10'000ms;

// Messages read from one socket in one turn of the loop, so that no peer starves another.
inline constexpr std::size_t messages_per_turn_max = 256;

// Of a worker:

// Calls that a worker takes at once unless it says otherwise.
inline constexpr std::uint32_t worker_capacity = 1024;

// Threads of the pool on which plain methods run; 0 means one a core, at least two.
inline constexpr std::size_t pool_threads = 0;

// Plain methods that outlive their call's end and so hold a thread; beyond it the worker says so and exits.
inline constexpr std::size_t stuck_max = 2;

// Of a stream:

// Items, and bytes, that the producer of a stream may have under way before its consumer asks for more.
inline constexpr std::uint32_t stream_window_items = 1024;
inline constexpr std::uint32_t stream_window_bytes = 1u << 20;

// Of brokers of gate-rpc, under which our workers and clients may live:

// What waits in a client for the reader of a stream, since nobody can be told to pause: as many of the reader's
// windows, or these items and bytes where that is more. Beyond them the call ends as too_slow.
inline constexpr std::uint32_t gaterpc_backlog_windows = 8;
inline constexpr std::uint32_t gaterpc_backlog_items = 1024;
inline constexpr std::uint32_t gaterpc_backlog_bytes = 1u << 20;
// The same of a HugeData, compressed, for which a worker does not wait either.
inline constexpr std::size_t gaterpc_huge_backlog_bytes = 64u << 20;

// After connecting, calls to services that the broker does not know yet are held for so many of the client's
// heartbeats, and up to so many bytes: workers may still be on their way to it.
inline constexpr std::uint32_t gaterpc_held_heartbeats = 5;
inline constexpr std::size_t gaterpc_held_bytes_max = 16u << 20;

// Of a huge transfer (docs/hugedata.md):

// Bytes of an encoded value above which it travels as a huge transfer by itself, where the peer takes one.
inline constexpr std::size_t huge_threshold = 1u << 20;

// Bytes of a chunk before compression, unless its sender says otherwise; and of one that a receiver takes.
inline constexpr std::size_t huge_chunk_bytes = 256u << 10;
inline constexpr std::size_t huge_chunk_bytes_max = 1u << 20;

// The level of zstd at which chunks are compressed unless their sender says otherwise.
inline constexpr int huge_zstd_level = 1;

// Bytes on the wire, and chunks, that the sender of one transfer may have under way before its reader asks for more.
inline constexpr std::uint32_t huge_window_bytes = 4u << 20;
inline constexpr std::uint32_t huge_window_items = 4096;

// The same of all transfers that one end receives over one connection; when they share it, each has at least a chunk.
inline constexpr std::uint64_t huge_windows_bytes = 24u << 20;

// Chunks that either end has read, compressed or decompressed before they are asked for.
inline constexpr std::size_t huge_chunks_ahead = 4;

// Bytes of a transfer that is collected in memory, as an ordinary value is.
inline constexpr std::size_t huge_value_bytes_max = 256u << 20;

// Bytes that all collected transfers from one peer may hold.
inline constexpr std::uint64_t huge_peer_bytes_max = 512u << 20;

// Bytes of a transfer as a whole, before compression. The default is no bound.
inline constexpr std::uint64_t huge_bytes_max = 1ull << 63;

// Times that a transfer which does not state its size may grow by decompression, beyond its first
// huge_ratio_free_bytes.
inline constexpr std::uint32_t huge_ratio_max = 200;
inline constexpr std::uint64_t huge_ratio_free_bytes = 1u << 20;

// Of a client:

// Calls of one client that await their reply; the next one waits, or is refused as busy, by option.
inline constexpr std::size_t client_in_flight_max = 16'384;

// Time that a call waits for a connection before it ends as unavailable.
inline constexpr auto connect_timeout = 5000ms;

// Time that a broker has to answer the credentials of a peer, which then connects again: a broker that puts a login off
// says nothing at all.
inline constexpr auto login_timeout = 2000ms;

// Pause before the first attempt to connect again; doubled, with jitter, up to the second value.
inline constexpr auto reconnect_pause_min = 20ms;
inline constexpr auto reconnect_pause_max = 500ms;

}  // namespace gate::limits
