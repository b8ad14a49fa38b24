// The typed messages that peers exchange, independent of any dialect: what a dialect's parser makes of frames, and what
// the broker's core and the two sessions decide on. docs/protocol.md says what each one means and who may send it when.
//
// Everything here borrows: views point into the frames that a message was parsed from (or into the buffers of whoever
// composes it) and are valid for the duration of the call that hands them over. Copy what must live longer.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <gate/bytes.hpp>
#include <gate/error.hpp>

namespace gate {

// Names a call on one connection: chosen by the client on its own connection, by the broker on a worker's.
// Unique among the calls that are open on that connection.
enum class call_id : std::uint64_t {};

enum class message_type : std::uint8_t {
  hello = 1,      // peer -> broker: first message of every connection
  welcome = 2,    // broker -> peer: the hello is accepted
  request = 3,    // a call
  part = 4,       // one item of a stream, in either direction
  final = 5,      // the call ended well; carries the result
  error = 6,      // the call ended badly
  credit = 7,     // the consumer of a stream can take more
  cancel = 8,     // the caller gave up
  heartbeat = 9,  // sent at the agreed interval, whatever else is sent
  drain = 10,     // I take no new work
  drained = 11,   // broker -> worker: nothing more will be sent to you
  returned = 12,  // worker -> broker: a request handed back unread
  bye = 13,       // the connection ends, with the reason
  recall = 14,    // broker -> worker: hand that request back if its method has not begun
};

inline constexpr std::uint8_t message_type_max = 14;

std::string_view to_string(message_type type) noexcept;

// Flags of a message. Unknown bits are ignored by whoever reads them and passed on by nobody.
namespace message_flag {
inline constexpr std::uint8_t idempotent = 0x01;     // request: may be executed more than once
inline constexpr std::uint8_t one_way = 0x02;        // request: nobody waits for an answer
inline constexpr std::uint8_t wants_stream = 0x04;   // request: the caller takes parts
inline constexpr std::uint8_t client_stream = 0x08;  // request: parts from the caller follow
inline constexpr std::uint8_t end_of_parts = 0x10;   // part: the caller's last (half-close); its payload may be absent
inline constexpr std::uint8_t no_payload = 0x20;     // part, final: carries no value
inline constexpr std::uint8_t external = 0x40;       // any: the payload is the frame behind the batch
inline constexpr std::uint8_t named = 0x80;          // request: the payload is [positional, {name: value}]
}  // namespace message_flag

enum class peer_role : std::uint8_t { client = 1, worker = 2 };

// What the octets of a huge payload are.
enum class huge_content : std::uint8_t {
  octets = 0,  // no more than octets
  value = 1,   // one msgpack value
};

// Encodings of a payload: the bits of accept, one of them in encoding.
namespace payload_encoding {
inline constexpr std::uint8_t plain = 0;
inline constexpr std::uint8_t zstd = 0x01;
inline constexpr std::uint8_t gzip = 0x02;
inline constexpr std::uint8_t bz2 = 0x04;
inline constexpr std::uint8_t lzma = 0x08;
inline constexpr std::uint8_t all = zstd | gzip | bz2 | lzma;
}  // namespace payload_encoding

// What an end of a connection can do beyond the first version; a bit is in force when both sides have it.
namespace capability {
inline constexpr std::uint32_t streams = 0x01;
inline constexpr std::uint32_t recall = 0x02;  // of a worker: it may be sent message_type::recall
}  // namespace capability

// A payload: the octets of one value, undecoded. It is a list of frames because the bodies of other dialects are;
// gate/2 has one.
class payload_view {
 public:
  constexpr payload_view() noexcept = default;
  constexpr payload_view(bytes_view only) noexcept : first_(only), count_(1) {}  // NOLINT: a frame is a payload
  constexpr payload_view(bytes_view first, std::span<const bytes_view> rest) noexcept
      : first_(first), rest_(rest), count_(1 + rest.size()) {}

  constexpr std::size_t frames() const noexcept { return count_; }
  constexpr bytes_view operator[](std::size_t i) const noexcept { return i == 0 ? first_ : rest_[i - 1]; }
  constexpr bytes_view single() const noexcept { return first_; }
  constexpr std::size_t size_bytes() const noexcept {
    std::size_t n = first_.size();
    for (bytes_view f : rest_) n += f.size();
    return n;
  }

 private:
  bytes_view first_;
  std::span<const bytes_view> rest_;
  std::size_t count_ = 0;
};

// Key-value pairs that travel with a request or a final, still in their wire form:
// *( key-length:u8 key value-length:u16le value ). Build it with append_metadata, read it by iterating.
class metadata_view {
 public:
  struct entry {
    std::string_view key, value;
  };
  // Forward iteration; a malformed tail ends it (the parser refuses one, so it is never met behind the parser).
  class iterator {
   public:
    using value_type = entry;
    using difference_type = std::ptrdiff_t;
    iterator() noexcept = default;
    explicit iterator(bytes_view rest) noexcept : rest_(rest) { step(); }
    const entry& operator*() const noexcept { return current_; }
    const entry* operator->() const noexcept { return &current_; }
    iterator& operator++() noexcept {
      step();
      return *this;
    }
    void operator++(int) noexcept { step(); }
    bool operator==(std::nullptr_t) const noexcept { return done_; }

   private:
    void step() noexcept;
    bytes_view rest_;
    entry current_;
    bool done_ = false;
  };

  constexpr metadata_view() noexcept = default;
  explicit constexpr metadata_view(bytes_view encoded) noexcept : encoded_(encoded) {}
  iterator begin() const noexcept { return iterator(encoded_); }
  std::nullptr_t end() const noexcept { return nullptr; }
  bool empty() const noexcept { return encoded_.empty(); }
  bytes_view encoded() const noexcept { return encoded_; }
  // The first value of that key, if there is one.
  std::optional<std::string_view> find(std::string_view key) const noexcept;
  // Whether the octets are a well-formed sequence of entries.
  bool well_formed() const noexcept;

 private:
  bytes_view encoded_;
};

// Appends one entry to an encoded metadata buffer. False, and nothing appended, when key or value is too long for its
// length field, or the whole would exceed limits::metadata_bytes_max.
bool append_metadata(std::string& encoded, std::string_view key, std::string_view value);

// One message. Which fields count depends on its type; the others stay at their defaults.
struct message {
  message_type type{};
  std::uint8_t flags = 0;
  call_id call{};  // 0 where the message concerns the connection

  payload_view payload;

  // request (and returned, which carries the same)
  std::string_view service;
  std::string_view method;
  // Time the caller still allows the call; absent: the idle timeout rules.
  std::optional<std::chrono::milliseconds> budget;
  std::uint32_t attempt = 0;  // 0 for the first
  std::uint8_t priority = 0;  // carried, not yet acted on
  std::uint8_t accept = 0;    // payload encodings that the caller can decode; not 0: it takes a huge answer
  std::string_view idempotency_key;
  std::string_view traceparent;  // W3C trace context
  std::string_view tracestate;
  std::string_view caller;  // broker -> worker: the principal that calls, stamped by the broker
  metadata_view metadata;   // also on final

  // part: how its payload is encoded (0: plain, else one bit of accept). What follows belongs to huge payloads.
  std::uint8_t encoding = 0;
  std::optional<std::uint64_t> total_bytes;  // of the whole: as announced, and on its end as sent
  std::optional<std::uint64_t> offset;       // part: of its octets in the whole; request: where to go on
  std::optional<std::uint64_t> checksum;     // part: XXH64 of its octets before compression
  std::optional<huge_content> content;       // request, part: a huge payload begins here
  std::string_view etag;                     // names the state of the whole, as a file's size and time

  // credit; on request: the window that the consumer opens with
  std::uint32_t credit_items = 0;
  std::uint32_t credit_bytes = 0;

  // final
  std::chrono::microseconds queue_time{0};    // stamped by the broker
  std::chrono::microseconds service_time{0};  // stamped by the worker

  // error, bye
  errc status = errc::ok;
  std::string_view text;
  std::string_view remote_type;  // type of the exception that the method threw
  gate::origin origin = gate::origin::local;

  // hello, welcome
  std::uint16_t version_min = 0, version_max = 0;  // welcome: both are the version agreed on
  std::uint32_t capabilities = 0;
  peer_role role = peer_role::client;
  std::string_view name;                            // what the peer calls itself, for logs and operators
  std::uint32_t capacity = 0;                       // worker: calls it takes at once
  std::chrono::milliseconds heartbeat_interval{0};  // welcome: the one in force
  std::uint32_t liveness = 0;                       // welcome
  std::uint64_t payload_bytes_max = 0;              // welcome: larger ones are refused as too_large

  bool has(std::uint8_t flag) const noexcept { return (flags & flag) != 0; }
  // The part that begins a huge answer.
  bool is_head() const noexcept {
    return type == message_type::part && content.has_value() && has(message_flag::no_payload);
  }
};

// The first message of a gate/2 connection names the dialect in the hello's call field: "gate/2" CR LF, read as octets.
inline constexpr std::uint64_t gate2_magic = 0x0a0d322f65746167u;
inline constexpr std::uint16_t gate2_version = 1;

}  // namespace gate

template <> struct std::hash<gate::call_id> {
  std::size_t operator()(gate::call_id id) const noexcept {
    // Ids are counters: spread them, since hash tables take the low bits.
    return static_cast<std::size_t>(static_cast<std::uint64_t>(id) * 0x9e3779b97f4a7c15u);
  }
};
