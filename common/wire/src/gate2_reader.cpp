#include <bit>
#include <concepts>
#include <cstring>

#include <gate/limits.hpp>

#include "common/wire/gate2.hpp"
#include "common/wire/src/gate2_format.hpp"

namespace gate::wire::gate2 {
namespace {

// Reads a little-endian number at any alignment.
template <std::unsigned_integral T> T load(const char* from) noexcept {
  T value = 0;
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(&value, from, sizeof value);
  } else {
    for (std::size_t i = sizeof(T); i-- > 0;) value = static_cast<T>(value << 8 | static_cast<std::uint8_t>(from[i]));
  }
  return value;
}

template <std::unsigned_integral T> parse_error read(bytes_view value, T& out) noexcept {
  if (value.size() != sizeof(T)) return parse_error::bad_field;
  out = load<T>(value.data());
  return parse_error::none;
}

template <std::unsigned_integral T> parse_error read_pair(bytes_view value, T& first, T& second) noexcept {
  if (value.size() != 2 * sizeof(T)) return parse_error::bad_field;
  first = load<T>(value.data());
  second = load<T>(value.data() + sizeof(T));
  return parse_error::none;
}

parse_error read_text(bytes_view value, std::size_t bytes_max, std::string_view& out) noexcept {
  if (value.size() > bytes_max) return parse_error::too_large;
  out = value;
  return parse_error::none;
}

parse_error read_name(bytes_view value, std::string_view& out) noexcept {
  if (value.empty()) return parse_error::bad_field;
  return read_text(value, limits::name_bytes_max, out);
}

parse_error read_budget(bytes_view value, message& m) noexcept {
  std::uint32_t number = 0;
  const parse_error error = read(value, number);
  m.budget = std::chrono::milliseconds(number);
  return error;
}

parse_error read_metadata(bytes_view value, message& m) noexcept {
  if (value.size() > limits::metadata_bytes_max) return parse_error::too_large;
  m.metadata = metadata_view(value);
  return m.metadata.well_formed() ? parse_error::none : parse_error::bad_field;
}

parse_error read_encoding(bytes_view value, message& m) noexcept {
  const parse_error error = read(value, m.encoding);
  if (error != parse_error::none) return error;
  return std::popcount(m.encoding) <= 1 ? parse_error::none : parse_error::bad_field;
}

parse_error read_optional(bytes_view value, std::optional<std::uint64_t>& out) noexcept {
  std::uint64_t number = 0;
  const parse_error error = read(value, number);
  out = number;
  return error;
}

parse_error read_content(bytes_view value, message& m) noexcept {
  std::uint8_t number = 0;
  const parse_error error = read(value, number);
  if (error != parse_error::none) return error;
  if (number > static_cast<std::uint8_t>(huge_content::value)) return parse_error::bad_field;
  m.content = static_cast<huge_content>(number);
  return parse_error::none;
}

parse_error read_times(bytes_view value, message& m) noexcept {
  std::uint32_t queue = 0, service = 0;
  const parse_error error = read_pair(value, queue, service);
  m.queue_time = std::chrono::microseconds(queue);
  m.service_time = std::chrono::microseconds(service);
  return error;
}

parse_error read_status(bytes_view value, message& m) noexcept {
  std::uint8_t number = 0;
  const parse_error error = read(value, number);
  m.status = to_errc(number).value_or(errc::internal);
  return error;
}

parse_error read_origin(bytes_view value, message& m) noexcept {
  std::uint8_t number = 0;
  const parse_error error = read(value, number);
  if (error != parse_error::none) return error;
  if (number != 1 && number != 2) return parse_error::bad_field;
  m.origin = static_cast<origin>(number);
  return parse_error::none;
}

parse_error read_role(bytes_view value, message& m) noexcept {
  std::uint8_t number = 0;
  const parse_error error = read(value, number);
  if (error != parse_error::none) return error;
  if (number != 1 && number != 2) return parse_error::bad_field;
  m.role = static_cast<peer_role>(number);
  return parse_error::none;
}

parse_error read_versions(bytes_view value, message& m) noexcept {
  const parse_error error = read_pair(value, m.version_min, m.version_max);
  if (error != parse_error::none) return error;
  return m.version_min <= m.version_max ? parse_error::none : parse_error::bad_field;
}

parse_error read_heartbeat(bytes_view value, message& m) noexcept {
  std::uint32_t interval = 0;
  const parse_error error = read_pair(value, interval, m.liveness);
  if (error != parse_error::none) return error;
  m.heartbeat_interval = std::chrono::milliseconds(interval);
  // A welcome puts the values into force. With an interval or a liveness of 0 both ends would spin or give up at once.
  const bool in_force = m.type == message_type::welcome;
  return in_force && (interval == 0 || m.liveness == 0) ? parse_error::bad_field : parse_error::none;
}

parse_error read_field(std::uint8_t which, bytes_view value, message& m) noexcept {
  switch (which) {
    case tag_service:
      return read_name(value, m.service);
    case tag_method:
      return read_name(value, m.method);
    case tag_budget:
      return read_budget(value, m);
    case tag_attempt:
      return read(value, m.attempt);
    case tag_priority:
      return read(value, m.priority);
    case tag_accept:
      return read(value, m.accept);
    case tag_idempotency_key:
      return read_text(value, limits::idempotency_key_bytes_max, m.idempotency_key);
    case tag_traceparent:
      return read_text(value, text_bytes_max, m.traceparent);
    case tag_tracestate:
      return read_text(value, tracestate_bytes_max, m.tracestate);
    case tag_caller:
      return read_text(value, text_bytes_max, m.caller);
    case tag_metadata:
      return read_metadata(value, m);
    case tag_encoding:
      return read_encoding(value, m);
    case tag_total:
      return read_optional(value, m.total_bytes);
    case tag_etag:
      return read_text(value, text_bytes_max, m.etag);
    case tag_credit:
      return read_pair(value, m.credit_items, m.credit_bytes);
    case tag_times:
      return read_times(value, m);
    case tag_status:
      return read_status(value, m);
    case tag_text:
      return read_text(value, limits::error_text_bytes_max, m.text);
    case tag_remote_type:
      return read_text(value, text_bytes_max, m.remote_type);
    case tag_origin:
      return read_origin(value, m);
    case tag_versions:
      return read_versions(value, m);
    case tag_capabilities:
      return read(value, m.capabilities);
    case tag_role:
      return read_role(value, m);
    case tag_name:
      return read_text(value, limits::name_bytes_max, m.name);
    case tag_capacity:
      return read(value, m.capacity);
    case tag_heartbeat:
      return read_heartbeat(value, m);
    case tag_payload_max:
      return read(value, m.payload_bytes_max);
    case tag_offset:
      return read_optional(value, m.offset);
    case tag_checksum:
      return read_optional(value, m.checksum);
    case tag_content:
      return read_content(value, m);
    default:
      return parse_error::none;
  }
}

parse_error read_fields(bytes_view fields, const rule& r, message& m) noexcept {
  std::uint32_t seen = 0;
  while (!fields.empty()) {
    if (fields.size() < field_header_bytes) return parse_error::bad_size;
    const auto which = static_cast<std::uint8_t>(fields[0]);
    const std::size_t length = load<std::uint16_t>(fields.data() + 1);
    if (length > fields.size() - field_header_bytes) return parse_error::bad_size;
    if (which <= tag_max && (r.known & bit(which)) != 0) {
      const parse_error error = read_field(which, bytes_view(fields.data() + field_header_bytes, length), m);
      if (error != parse_error::none) return error;
      seen |= bit(which);
    }
    fields.remove_prefix(field_header_bytes + length);
  }
  if ((seen & r.required) != r.required) return parse_error::missing_field;
  const bool worker_hello = m.type == message_type::hello && m.role == peer_role::worker;
  if (worker_hello && (seen & bits(tag_service, tag_capacity)) != bits(tag_service, tag_capacity)) {
    return parse_error::missing_field;
  }
  return parse_error::none;
}

// The number behind the flags and the size of the fields: the id of a call, the magic of a hello, or without meaning.
parse_error read_call(std::uint64_t number, const rule& r, message& m) noexcept {
  if (r.call) {
    m.call = call_id{number};
    return number != 0 ? parse_error::none : parse_error::missing_field;
  }
  const bool magic_missing = m.type == message_type::hello && number != gate2_magic;
  return magic_missing ? parse_error::bad_field : parse_error::none;
}

constexpr message blank{};

}  // namespace

std::string_view to_string(parse_error error) noexcept {
  switch (error) {
    case parse_error::none:
      return "none";
    case parse_error::truncated:
      return "truncated";
    case parse_error::bad_size:
      return "bad_size";
    case parse_error::unknown_type:
      return "unknown_type";
    case parse_error::bad_field:
      return "bad_field";
    case parse_error::too_large:
      return "too_large";
    case parse_error::missing_field:
      return "missing_field";
    case parse_error::stray_payload:
      return "stray_payload";
    case parse_error::bad_frames:
      return "bad_frames";
  }
  return "unknown";
}

bool reader::next(message& out) noexcept {
  if (error_ != parse_error::none) return false;
  if (rest_.empty() && started_) {
    if (external_) error_ = parse_error::stray_payload;
    return false;
  }
  started_ = true;
  error_ = read_envelope(out);
  return error_ == parse_error::none;
}

parse_error reader::read_envelope(message& m) noexcept {
  if (rest_.size() < size_field_bytes) return parse_error::truncated;
  const std::size_t size = load<std::uint32_t>(rest_.data());
  if (size > rest_.size() - size_field_bytes) return parse_error::truncated;
  if (size < header_bytes) return parse_error::bad_size;
  const bytes_view envelope = rest_.substr(size_field_bytes, size);
  rest_.remove_prefix(size_field_bytes + size);

  const auto type = static_cast<std::uint8_t>(envelope[0]);
  const auto flags = static_cast<std::uint8_t>(envelope[1]);
  const std::size_t fields_bytes = load<std::uint16_t>(envelope.data() + 2);
  if (type == 0 || type > type_max) return parse_error::unknown_type;
  if (fields_bytes > size - header_bytes) return parse_error::bad_size;

  const rule& r = rules[type];
  m = blank;
  m.type = static_cast<message_type>(type);
  m.flags = flags & r.flags;
  parse_error error = read_call(load<std::uint64_t>(envelope.data() + 4), r, m);
  if (error != parse_error::none) return error;
  error = read_fields(envelope.substr(header_bytes, fields_bytes), r, m);
  if (error != parse_error::none) return error;
  return read_payload(envelope.substr(header_bytes + fields_bytes), (flags & message_flag::external) != 0, m);
}

std::optional<header> read_header(bytes_view envelope) noexcept {
  if (envelope.size() < size_field_bytes + header_bytes) return std::nullopt;
  const char* const at = envelope.data() + size_field_bytes;
  return header{message_type{load<std::uint8_t>(at)}, load<std::uint8_t>(at + 1), call_id{load<std::uint64_t>(at + 4)}};
}

parse_error reader::read_payload(bytes_view inline_payload, bool external, message& m) noexcept {
  if (external) {
    if (!inline_payload.empty()) return parse_error::bad_size;
    if (!external_ || !rest_.empty()) return parse_error::stray_payload;
    m.payload = payload_view(*external_, owner_);
    external_.reset();
  } else if (!inline_payload.empty()) {
    m.payload = payload_view(inline_payload);
  }
  // Otherwise such a payload would not count against the credit of its stream.
  return m.has(message_flag::no_payload) && m.payload.frames() != 0 ? parse_error::bad_size : parse_error::none;
}

bool recognises(bytes_view first_frame) noexcept {
  constexpr std::size_t prefix_bytes = size_field_bytes + header_bytes;
  if (first_frame.size() < prefix_bytes) return false;
  return first_frame[4] == static_cast<char>(message_type::hello) &&
         load<std::uint64_t>(first_frame.data() + 8) == gate2_magic;
}

}  // namespace gate::wire::gate2
