// The messages between peers, independent of any dialect. The parser of a dialect makes them of frames. The broker's
// core and the sessions of client and worker act on them. docs/protocol.md says what each message means, and who may
// send it when.
//
// The messages own nothing. Their views point into the frames that were parsed, or into the buffers of the code that
// composes them. A message that is passed to a function is valid until that function returns. Copy what must live
// longer.
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

// The number of a call, unique among the open calls of its connection. On a client's connection the client chooses it,
// on a worker's connection the broker.
enum class call_id : std::uint64_t {};

enum class message_type : std::uint8_t {
  hello = 1,      // peer -> broker: first message of every connection
  welcome = 2,    // broker -> peer: the hello is accepted
  request = 3,    // a call
  part = 4,       // one item of a stream, in either direction
  final = 5,      // the call succeeded; carries the result
  error = 6,      // the call failed
  credit = 7,     // the reader of a stream can take more
  cancel = 8,     // the caller gave up
  heartbeat = 9,  // sent at the agreed interval, also if other messages are sent
  drain = 10,     // the sender takes no new calls
  drained = 11,   // broker -> worker: the broker sends no more calls
  returned = 12,  // worker -> broker: a request handed back unread
  bye = 13,       // the connection ends, with the reason
  recall = 14,    // broker -> worker: hand that request back if its method has not begun
};

inline constexpr std::uint8_t message_type_max = 14;

std::string_view to_string(message_type type) noexcept;

// Flags of a message. A receiver ignores unknown bits and does not pass them on.
namespace message_flag {
inline constexpr std::uint8_t idempotent = 0x01;     // request: may be executed more than once
inline constexpr std::uint8_t one_way = 0x02;        // request: nobody waits for an answer
inline constexpr std::uint8_t wants_stream = 0x04;   // request: the caller takes parts
inline constexpr std::uint8_t client_stream = 0x08;  // request: parts from the caller follow
inline constexpr std::uint8_t end_of_parts = 0x10;   // part: the last one of the caller; its payload may be absent
inline constexpr std::uint8_t no_payload = 0x20;     // part, final: carries no value
inline constexpr std::uint8_t external = 0x40;       // any: the payload is the frame behind the batch
inline constexpr std::uint8_t named = 0x80;          // request: the payload is [positional, {name: value}]
}  // namespace message_flag

enum class peer_role : std::uint8_t { client = 1, worker = 2 };

// The content of a huge payload.
enum class huge_content : std::uint8_t {
  raw = 0,    // the bytes as they are
  value = 1,  // one msgpack value
};

// Encodings of a payload. message::accept is a set of these bits, message::encoding is one of them.
namespace payload_encoding {
inline constexpr std::uint8_t plain = 0;
inline constexpr std::uint8_t zstd = 0x01;
inline constexpr std::uint8_t gzip = 0x02;
inline constexpr std::uint8_t bz2 = 0x04;
inline constexpr std::uint8_t lzma = 0x08;
inline constexpr std::uint8_t all = zstd | gzip | bz2 | lzma;
}  // namespace payload_encoding

// What an end of a connection can do beyond version 1. A bit is in force if both ends have it.
namespace capability {
inline constexpr std::uint32_t streams = 0x01;
inline constexpr std::uint32_t recall = 0x02;  // of a worker: the broker may send it message_type::recall
}  // namespace capability

// The received frame that holds a payload's bytes. Who passes the payload on can share the frame instead of copying it.
// Defined where frames are received.
class payload_owner;

// A payload: the bytes of one value, undecoded. In gate/2 it is one frame. In other dialects it may be several. A view:
// the bytes, and the owner if there is one, are valid as long as the message in which they came. Who keeps a payload
// for longer copies the bytes into a view without an owner.
class payload_view {
 public:
  constexpr payload_view() noexcept = default;
  constexpr payload_view(bytes_view only, payload_owner* owner = nullptr) noexcept  // NOLINT: a frame is a payload
      : first_(only), count_(1), owner_(owner) {}
  constexpr payload_view(bytes_view first, std::span<const bytes_view> rest) noexcept
      : first_(first), rest_(rest.data()), count_(1 + rest.size()) {}

  constexpr std::size_t frames() const noexcept { return count_; }
  constexpr bytes_view operator[](std::size_t i) const noexcept { return i == 0 ? first_ : rest_[i - 1]; }
  constexpr bytes_view single() const noexcept { return first_; }
  constexpr std::size_t size_bytes() const noexcept {
    std::size_t n = first_.size();
    for (std::size_t i = 1; i < count_; ++i) n += rest_[i - 1].size();
    return n;
  }
  // The frame of which the payload is the whole. Null: nobody can share it.
  constexpr payload_owner* owner() const noexcept { return owner_; }

 private:
  bytes_view first_;
  const bytes_view* rest_ = nullptr;
  std::size_t count_ = 0;
  payload_owner* owner_ = nullptr;
};

// Keys and values that travel with a request or a final, encoded as
// *( key-length:u8 key value-length:u16le value ). Build them with append_metadata, and read them by iterating.
class metadata_view {
 public:
  struct entry {
    std::string_view key, value;
  };
  // A forward iterator. Malformed bytes end the iteration. (The parser refuses messages with such bytes.)
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
  // The first value of that key; empty if there is none.
  std::optional<std::string_view> find(std::string_view key) const noexcept;
  // Whether the bytes are a well-formed sequence of entries.
  bool well_formed() const noexcept;

 private:
  bytes_view encoded_;
};

// Appends one entry to encoded metadata. Returns false, and appends nothing, if the key has more than 255 bytes, the
// value more than 65,535, or all entries more than limits::metadata_bytes_max.
bool append_metadata(std::string& encoded, std::string_view key, std::string_view value);

// One message. Each type uses some of the fields; the others have their defaults.
struct message {
  message_type type{};
  std::uint8_t flags = 0;
  call_id call{};  // 0 if the message is about the connection

  payload_view payload;

  // request, and returned, which has the same fields
  std::string_view service;
  std::string_view method;
  // The time that the call may still take. Absent: the idle timeout holds.
  std::optional<std::chrono::milliseconds> budget;
  std::uint32_t attempt = 0;  // 0 for the first
  std::uint8_t priority = 0;  // sent along, not yet used
  std::uint8_t accept = 0;    // payload encodings that the caller can decode; not 0: it takes a huge answer
  std::string_view idempotency_key;
  std::string_view traceparent;  // W3C trace context
  std::string_view tracestate;
  std::string_view caller;  // broker -> worker: the principal that calls; the broker sets it
  metadata_view metadata;   // also of a final

  // part: the encoding of its payload; 0: plain, otherwise one bit of accept
  std::uint8_t encoding = 0;
  // huge payloads
  std::optional<std::uint64_t> total_bytes;  // of the whole; at the start the announced size, at the end the sent one
  std::optional<std::uint64_t> offset;       // part: where its bytes begin in the whole; request: where to resume
  std::optional<std::uint64_t> checksum;     // part: XXH64 of its bytes before compression
  std::optional<huge_content> content;       // request, part: a huge payload begins here
  std::string_view etag;                     // a name for the state of the whole, such as size and time of a file

  // credit; of a request: the first window of the reader
  std::uint32_t credit_items = 0;
  std::uint32_t credit_bytes = 0;

  // final
  std::chrono::microseconds queue_time{0};    // the broker sets it
  std::chrono::microseconds service_time{0};  // the worker sets it

  // error, bye
  errc status = errc::ok;
  std::string_view text;
  std::string_view remote_type;  // type of the exception that the method threw
  gate::origin origin = gate::origin::local;

  // hello, welcome
  std::uint16_t version_min = 0, version_max = 0;  // welcome: both are the version agreed on
  std::uint32_t capabilities = 0;
  peer_role role = peer_role::client;
  std::string_view name;                            // of the peer, for logs and operators
  std::uint32_t capacity = 0;                       // worker: calls that it takes at once
  std::chrono::milliseconds heartbeat_interval{0};  // welcome: the one in force
  std::uint32_t liveness = 0;                       // welcome
  std::uint64_t payload_bytes_max = 0;              // welcome: larger ones are refused as too_large

  bool has(std::uint8_t flag) const noexcept { return (flags & flag) != 0; }
  // Whether this is the part that begins a huge answer.
  bool is_head() const noexcept {
    return type == message_type::part && content.has_value() && has(message_flag::no_payload);
  }
};

// The call field of the first hello of a connection names the dialect: the 8 bytes "gate/2" CR LF, as a little-endian
// number.
inline constexpr std::uint64_t gate2_magic = 0x0a0d322f65746167u;
inline constexpr std::uint16_t gate2_version = 1;

}  // namespace gate

template <> struct std::hash<gate::call_id> {
  std::size_t operator()(gate::call_id id) const noexcept {
    // Ids are counters, and hash tables use the low bits: spread them.
    return static_cast<std::size_t>(static_cast<std::uint64_t>(id) * 0x9e3779b97f4a7c15u);
  }
};
