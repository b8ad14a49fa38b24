// The default limits of the system. docs/limits.md says which of them are fixed, and what happens beyond each. Those
// of the broker have a configuration key of the same name; those of a worker or a client a field of their options.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gate::limits {

using namespace std::chrono_literals;

// --- messages

// Bytes of one frame. If a peer sends a longer one, libzmq closes its connection (ZMQ_MAXMSGSIZE).
inline constexpr std::size_t frame_bytes_max = 64u << 20;

// Frames of one message. The broker discards a longer message, counts it, and cuts its peer. libzmq holds a message
// whole before the broker sees it: its bytes, and 64 bytes for each frame.
inline constexpr std::size_t frames_max = 64;

// Bytes of one payload (arguments, a result, one stream item).
inline constexpr std::size_t payload_bytes_max = 16u << 20;

// Bytes of a batch. The next envelope begins a new batch. One envelope alone may be longer. A larger target would let
// sender, broker and receiver wait for each other in turn; a smaller one costs more than it gains.
inline constexpr std::size_t batch_bytes_target = 32u << 10;

// Bytes from which on a payload travels as a frame of its own, behind the batch.
inline constexpr std::size_t external_payload_bytes_min = 256u << 10;

// How often a connection may say hello again. Each hello replaces the one before. After one more the peer is cut.
inline constexpr std::uint8_t hellos_again_max = 8;

// Bytes of the name of a service, a method or a peer.
inline constexpr std::size_t name_bytes_max = 255;

// Services that one hello of a worker may offer. A hello with more is malformed.
inline constexpr std::size_t services_per_hello_max = 64;

// Bytes of all metadata of one message: keys, values, and 3 bytes for each entry.
inline constexpr std::size_t metadata_bytes_max = 16u << 10;

// Bytes of the text of an error. The sender cuts a longer one.
inline constexpr std::size_t error_text_bytes_max = 4096;

// Bytes of an idempotency key.
inline constexpr std::size_t idempotency_key_bytes_max = 255;

// Nesting of arrays and maps in a decoded value.
inline constexpr std::size_t value_depth_max = 128;

// Bytes of the encoded descriptor in a hello. A hello with a longer one is malformed.
inline constexpr std::size_t descriptor_bytes_max = 1u << 20;

// Bytes of a worker's description of its service.
inline constexpr std::size_t description_bytes_max = 4096;

// Arguments in one gate::argument_list that a method receives.
inline constexpr std::size_t arguments_max = 65'535;

// Methods of one worker.
inline constexpr std::size_t methods_max = 1024;

// Methods of all workers of one service together. Workers that offer the same methods count once.
inline constexpr std::size_t service_methods_max = 8192;

// --- liveness

// Time between two heartbeats. Both sides send them, whatever else they send.
inline constexpr auto heartbeat_interval = 1000ms;

// Intervals without a heartbeat. After them the broker counts a worker as stalled (it gets no new calls), and a client
// or worker counts its broker as lost.
inline constexpr std::uint32_t heartbeat_liveness = 3;

// The heartbeat intervals of gate-rpc and MDP peers, whose messages do not say them. The broker gives up an idle worker
// of theirs that is silent for heartbeat_liveness intervals. A client or worker under a gate-rpc broker takes the first
// value, or its own interval if that is longer.
inline constexpr auto gaterpc_heartbeat_interval = 5000ms;
inline constexpr auto mdp_heartbeat_interval = 2500ms;

// Time that an accepted connection has to say hello. Then it is cut.
inline constexpr auto hello_timeout = 5000ms;

// Time between two pings of the transport (ZMQ_HEARTBEAT_IVL), and time that an answer may take. The kernel's counters
// decide whether a peer is alive: docs/liveness.md.
inline constexpr auto transport_heartbeat_interval = 1000ms;
inline constexpr auto transport_heartbeat_timeout = 3000ms;

// --- the broker

// Calls that wait for a worker, and bytes of their arguments: for one service, and for all services (total).
inline constexpr std::size_t queue_max = 131'072;
inline constexpr std::size_t queue_bytes_max = 256u << 20;
inline constexpr std::size_t queue_total_max = 524'288;
inline constexpr std::size_t queue_total_bytes_max = 512u << 20;

// Time that a call waits for a worker, whatever its budget. Then it ends as `unavailable`.
inline constexpr auto queue_age_max = 60'000ms;

// Calls of one client that are queued or running. It is seven eighths of queue_max, so a client that floods a service
// leaves room for others.
inline constexpr std::size_t client_calls_max = 114'688;

// Bytes of arguments that the broker holds for one client, queued or kept for a second attempt.
inline constexpr std::size_t client_bytes_max = 128u << 20;

// Time that a call without a budget may take to its first answer, and between two items.
inline constexpr auto idle_timeout = 60'000ms;

// Time that the answer of a running call may wait for its caller's credit. The call holds a place at its worker
// meanwhile. Then it ends.
inline constexpr auto credit_timeout = 1h;

// The longest budget of a call. A longer one counts as this.
inline constexpr auto budget_max = 24h;

// Time that calls wait for a service whose last worker has left, or, after the broker's start, for any service. Then
// they end as `unavailable`.
inline constexpr auto service_grace = 5000ms;

// Services of one broker, and peers.
inline constexpr std::size_t services_max = 4096;
inline constexpr std::size_t peers_max = 16'384;

// Bytes that wait in the broker for one peer, and time in which the peer takes none of them. Beyond either it is cut.
inline constexpr std::size_t out_queue_bytes_max = 64u << 20;
inline constexpr auto out_queue_age_max = 10'000ms;

// Calls that run at one worker at once, whatever capacity it announces.
inline constexpr std::uint32_t worker_capacity_max = 65'535;

// Work of plain methods that the broker gives to a worker whose threads are all busy: as many calls as the worker does
// in this time, by its mean service time.
inline constexpr auto work_ahead = 5ms;

// Time that a worker of another dialect has to answer a call that has ended for its caller. Then its slot is free
// again.
inline constexpr auto slot_timeout = 30'000ms;

// Time that a draining broker or worker waits for the calls in flight.
inline constexpr auto drain_timeout = 30'000ms;

// Threads for the plain methods that a broker of your own adds to the internal service.
inline constexpr std::size_t internal_threads = 2;

// How often one idempotent call is given to a worker; in a client, how often it is sent to a broker.
inline constexpr std::uint32_t attempts_max = 3;

// Of one principal: requests a second on average, requests at once after a rest, and bytes of the arguments of its open
// calls. 0 is no limit; for the burst 0 is the requests of one second.
inline constexpr std::size_t requests_per_second_max = 0;
inline constexpr std::size_t requests_burst_max = 0;
inline constexpr std::size_t principal_bytes_max = 0;

// Connections from one address; for IPv6, from the same first 64 bits. Addresses of this machine have no limit. 0 is no
// limit.
inline constexpr std::size_t peers_per_address_max = 4096;

// Failed logins of one user at one address, or of all unknown users there. After them the next login has to wait.
inline constexpr std::uint32_t login_failures_max = 5;
// The first wait. Each further failure doubles it.
inline constexpr auto login_pause = 1000ms;
// The longest wait.
inline constexpr auto login_pause_max = 60'000ms;

// Time that an external ZAP service has to answer, and time for which its yes counts.
inline constexpr auto zap_timeout = 5000ms;
inline constexpr auto zap_cache_time = 10'000ms;

// Messages that are read from one socket in one turn of the loop. Then other sockets have their turn.
inline constexpr std::size_t messages_per_turn_max = 256;

// --- workers

// Calls that a worker takes at once.
inline constexpr std::uint32_t worker_capacity = 1024;

// Threads of the pool for plain methods. 0: one for each core, at least two.
inline constexpr std::size_t pool_threads = 0;

// Stuck methods: plain methods that still run some time after their calls have ended. With one more, a run_worker()
// program exits.
inline constexpr std::size_t stuck_max = 2;

// --- streams

// Items and bytes that the sender of a stream may have under way before the reader grants more.
inline constexpr std::uint32_t stream_window_items = 1024;
// The window of a fast reader of answers grows to this many items.
inline constexpr std::uint32_t stream_window_items_max = 16384;
inline constexpr std::uint32_t stream_window_bytes = 1u << 20;

// --- clients and workers under a gate-rpc broker

// What a client keeps for the reader of a stream, because such a worker cannot be told to pause: this many windows of
// the reader, or these items and bytes if that is more. Beyond it the call ends as `too_slow`.
inline constexpr std::uint32_t gaterpc_backlog_windows = 8;
inline constexpr std::uint32_t gaterpc_backlog_items = 1024;
inline constexpr std::uint32_t gaterpc_backlog_bytes = 1u << 20;
// Bytes that a client keeps for the reader of a HugeData, compressed. Beyond it the call ends as `too_slow`.
inline constexpr std::size_t gaterpc_huge_backlog_bytes = 64u << 20;

// After a client has connected, it holds calls to services that the broker does not know: their workers may still be on
// the way. It holds them for this many of its heartbeats and up to this many bytes, then sends them.
inline constexpr std::uint32_t gaterpc_held_heartbeats = 5;
inline constexpr std::size_t gaterpc_held_bytes_max = 16u << 20;

// --- huge transfers (docs/hugedata.md)

// Bytes of an encoded value above which it travels in chunks, if the peer takes chunks.
inline constexpr std::size_t huge_threshold = 1u << 20;

// Bytes of a chunk before compression: the default of a sender, and the most that a receiver accepts.
inline constexpr std::size_t huge_chunk_bytes = 256u << 10;
inline constexpr std::size_t huge_chunk_bytes_max = 1u << 20;

// The default level of zstd.
inline constexpr int huge_zstd_level = 1;

// Compressed bytes and chunks that the sender of one transfer may have under way before the reader grants more.
inline constexpr std::uint32_t huge_window_bytes = 4u << 20;
inline constexpr std::uint32_t huge_window_items = 4096;

// The same for all transfers together that one end receives over one connection. Each has at least one chunk.
inline constexpr std::uint64_t huge_windows_bytes = 24u << 20;

// Chunks that an end reads, compresses or decompresses in advance.
inline constexpr std::size_t huge_chunks_ahead = 4;

// Bytes of one transfer that is collected in memory.
inline constexpr std::size_t huge_value_bytes_max = 256u << 20;

// Bytes of all transfers from one peer that are collected in memory.
inline constexpr std::uint64_t huge_peer_bytes_max = 512u << 20;

// Bytes of one transfer before compression. The default is no limit.
inline constexpr std::uint64_t huge_bytes_max = 1ull << 63;

// How many times larger a transfer without a total may become by decompression. Its first huge_ratio_free_bytes do not
// count.
inline constexpr std::uint32_t huge_ratio_max = 200;
inline constexpr std::uint64_t huge_ratio_free_bytes = 1u << 20;

// --- clients

// Calls of one client that are in flight. client_options::full says what happens to the next one.
inline constexpr std::size_t client_in_flight_max = 16'384;

// Time that a call waits for a connection. Then it ends as `unavailable`.
inline constexpr auto connect_timeout = 5000ms;

// Time that a broker has to answer a login. Then the peer connects again. (A broker that puts a login off sends
// nothing.)
inline constexpr auto login_timeout = 2000ms;

// The first pause before connecting again, and the longest. It doubles at each failure, with jitter.
inline constexpr auto reconnect_pause_min = 20ms;
inline constexpr auto reconnect_pause_max = 500ms;

}  // namespace gate::limits
