#include <algorithm>
#include <bit>
#include <concepts>
#include <cstring>
#include <limits>

#include <gate/assert.hpp>
#include <gate/limits.hpp>

#include "common/wire/gate2.hpp"
#include "common/wire/src/gate2_format.hpp"

namespace gate::wire::gate2 {
namespace {

template <std::unsigned_integral To, class From> To saturated(From value) noexcept {
  if (value <= 0) return 0;
  using wide = std::uint64_t;
  return static_cast<To>(std::min<wide>(static_cast<wide>(value), std::numeric_limits<To>::max()));
}

// The first bytes of a text, at most `bytes_max`. It does not cut a UTF-8 character in two.
std::string_view cut(std::string_view text, std::size_t bytes_max) noexcept {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

// The first pass counts the bytes of the fields.
class counter {
 public:
  void data(std::uint8_t, bytes_view value) noexcept { size_ += field_header_bytes + value.size(); }
  template <std::unsigned_integral... T> void numbers(std::uint8_t, T...) noexcept {
    size_ += field_header_bytes + (sizeof(T) + ...);
  }
  std::size_t size_bytes() const noexcept { return size_; }

 private:
  std::size_t size_ = 0;
};

// The second pass writes the fields into the memory that was reserved.
class writer {
 public:
  explicit writer(char* to) noexcept : to_(to) {}

  template <std::unsigned_integral T> void number(T value) noexcept {
    if constexpr (std::endian::native == std::endian::little) {
      std::memcpy(to_, &value, sizeof value);
    } else {
      for (std::size_t i = 0; i < sizeof(T); ++i)
        to_[i] = static_cast<char>(static_cast<std::uint8_t>(value >> (8 * i)));
    }
    to_ += sizeof(T);
  }
  void data(std::uint8_t which, bytes_view value) noexcept {
    number(which);
    number(static_cast<std::uint16_t>(value.size()));
    std::memcpy(to_, value.data(), value.size());
    to_ += value.size();
  }
  template <std::unsigned_integral... T> void numbers(std::uint8_t which, T... values) noexcept {
    number(which);
    number(static_cast<std::uint16_t>((sizeof(T) + ...)));
    (number(values), ...);
  }

 private:
  char* to_;
};

template <class Sink> void text(Sink& to, std::uint8_t which, std::string_view value) {
  if (!value.empty()) to.data(which, value);
}

template <class Sink, std::unsigned_integral T> void nonzero(Sink& to, std::uint8_t which, T value) {
  if (value != 0) to.numbers(which, value);
}

template <class Sink> void whole_to(Sink& to, const message& m) {
  if (m.total_bytes) to.numbers(tag_total, *m.total_bytes);
  if (m.offset) to.numbers(tag_offset, *m.offset);
  text(to, tag_etag, m.etag);
}

template <class Sink> void content_to(Sink& to, const message& m) {
  if (m.content) to.numbers(tag_content, static_cast<std::uint8_t>(*m.content));
}

template <class Sink> void request_to(Sink& to, const message& m) {
  to.data(tag_service, m.service);
  to.data(tag_method, m.method);
  if (m.budget) to.numbers(tag_budget, saturated<std::uint32_t>(m.budget->count()));
  nonzero(to, tag_attempt, m.attempt);
  nonzero(to, tag_priority, m.priority);
  nonzero(to, tag_accept, m.accept);
  text(to, tag_idempotency_key, m.idempotency_key);
  text(to, tag_traceparent, m.traceparent);
  text(to, tag_tracestate, m.tracestate);
  text(to, tag_caller, m.caller);
  text(to, tag_metadata, m.metadata.encoded());
  if (m.credit_items != 0 || m.credit_bytes != 0) to.numbers(tag_credit, m.credit_items, m.credit_bytes);
  whole_to(to, m);
  content_to(to, m);
}

template <class Sink> void times_to(Sink& to, const message& m) {
  if (m.queue_time.count() == 0 && m.service_time.count() == 0) return;
  to.numbers(tag_times, saturated<std::uint32_t>(m.queue_time.count()),
             saturated<std::uint32_t>(m.service_time.count()));
}

template <class Sink> void hello_to(Sink& to, const message& m) {
  to.numbers(tag_versions, m.version_min, m.version_max);
  to.numbers(tag_role, static_cast<std::uint8_t>(m.role));
  nonzero(to, tag_capabilities, m.capabilities);
  text(to, tag_name, cut(m.name, limits::name_bytes_max));
  const bool worker = m.role == peer_role::worker;
  if (worker || !m.service.empty()) to.data(tag_service, m.service);
  if (worker || m.capacity != 0) to.numbers(tag_capacity, m.capacity);
  if (m.heartbeat_interval.count() > 0 || m.liveness != 0) {
    to.numbers(tag_heartbeat, saturated<std::uint32_t>(m.heartbeat_interval.count()), m.liveness);
  }
}

template <class Sink> void welcome_to(Sink& to, const message& m) {
  to.numbers(tag_versions, m.version_min, m.version_max);
  to.numbers(tag_heartbeat, saturated<std::uint32_t>(m.heartbeat_interval.count()), m.liveness);
  nonzero(to, tag_capabilities, m.capabilities);
  text(to, tag_name, cut(m.name, limits::name_bytes_max));
  nonzero(to, tag_payload_max, m.payload_bytes_max);
}

template <class Sink> void status_to(Sink& to, const message& m) {
  to.numbers(tag_status, static_cast<std::uint8_t>(m.status));
  text(to, tag_text, cut(m.text, limits::error_text_bytes_max));
}

// Passes the fields of a message to a counter or a writer, so that the two cannot differ.
template <class Sink> void fields_to(Sink& to, const message& m) {
  switch (m.type) {
    case message_type::hello:
      return hello_to(to, m);
    case message_type::welcome:
      return welcome_to(to, m);
    case message_type::request:
    case message_type::returned:
      return request_to(to, m);
    case message_type::part:
      nonzero(to, tag_encoding, m.encoding);
      whole_to(to, m);
      if (m.checksum) to.numbers(tag_checksum, *m.checksum);
      return content_to(to, m);
    case message_type::final:
      nonzero(to, tag_encoding, m.encoding);
      times_to(to, m);
      if (m.total_bytes) to.numbers(tag_total, *m.total_bytes);
      return text(to, tag_metadata, m.metadata.encoded());
    case message_type::error:
      status_to(to, m);
      text(to, tag_remote_type, cut(m.remote_type, text_bytes_max));
      if (m.origin != origin::local) to.numbers(tag_origin, static_cast<std::uint8_t>(m.origin));
      return times_to(to, m);
    case message_type::credit:
      return to.numbers(tag_credit, m.credit_items, m.credit_bytes);
    case message_type::bye:
      return status_to(to, m);
    case message_type::cancel:
    case message_type::heartbeat:
    case message_type::drain:
    case message_type::drained:
    case message_type::recall:
      return;
  }
  if (m.type != type_mark && m.type != type_marked) return;
  GATE_ASSERT(m.offset.has_value());
  to.numbers(tag_offset, *m.offset);
}

bool carries_request(message_type type) noexcept {
  return type == message_type::request || type == message_type::returned;
}

// What a receiver would refuse is a fault of whoever composes it, and shows here rather than at the far end.
void check(const message& m, const rule& r) {
  GATE_ASSERT(!r.call || m.call != call_id{});
  const bool named = carries_request(m.type) || (m.type == message_type::hello && m.role == peer_role::worker);
  GATE_ASSERT(m.service.size() <= limits::name_bytes_max && !(named && m.service.empty()));
  if (carries_request(m.type)) {
    GATE_ASSERT(!m.method.empty() && m.method.size() <= limits::name_bytes_max);
    GATE_ASSERT(m.idempotency_key.size() <= limits::idempotency_key_bytes_max);
    GATE_ASSERT(m.traceparent.size() <= text_bytes_max && m.tracestate.size() <= tracestate_bytes_max);
    GATE_ASSERT(m.caller.size() <= text_bytes_max);
  }
  GATE_ASSERT(m.etag.size() <= text_bytes_max);
  GATE_ASSERT(m.metadata.encoded().size() <= limits::metadata_bytes_max);
}

}  // namespace

void append(std::string& batch, const message& m, bool external) {
  const auto type = static_cast<std::uint8_t>(m.type);
  GATE_ASSERT(type != 0 && type <= type_max);
  const rule& r = rules[type];
  check(m, r);
  GATE_ASSERT(!m.has(message_flag::no_payload) || (m.payload.frames() == 0 && !external));

  counter counted;
  fields_to(counted, m);
  const std::size_t fields_bytes = counted.size_bytes();
  const std::size_t payload_bytes = external ? 0 : m.payload.size_bytes();
  const std::size_t size = header_bytes + fields_bytes + payload_bytes;
  GATE_ASSERT(size <= std::numeric_limits<std::uint32_t>::max());

  // Memory for header and payload is reserved at once. The payload is appended: to resize first would write it twice.
  const std::size_t begin = batch.size();
  const std::size_t end = begin + size_field_bytes + size;
  if (batch.capacity() < end) batch.reserve(std::max(end, 2 * batch.capacity()));
  batch.resize(begin + size_field_bytes + header_bytes + fields_bytes);
  writer to(batch.data() + begin);
  to.number(static_cast<std::uint32_t>(size));
  to.number(type);
  to.number(static_cast<std::uint8_t>((m.flags & r.flags) | (external ? message_flag::external : 0)));
  to.number(static_cast<std::uint16_t>(fields_bytes));
  const auto call = r.call ? static_cast<std::uint64_t>(m.call) : 0;
  to.number(m.type == message_type::hello ? gate2_magic : call);
  fields_to(to, m);
  if (external) return;
  for (std::size_t i = 0; i < m.payload.frames(); ++i) batch.append(m.payload[i]);
}

}  // namespace gate::wire::gate2
