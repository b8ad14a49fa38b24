// The numbers of gate/2, each in one table: types of messages, flags, fields, capabilities. The rules by which the
// reader and the composer work are computed from these tables. gate2_tables_test.cpp compares them with sections 3 to 5
// of docs/protocol.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include <gate/limits.hpp>
#include <gate/protocol.hpp>

#include "common/protocol/gate2_own.hpp"

namespace gate::wire::gate2 {

inline constexpr std::size_t size_field_bytes = 4;
inline constexpr std::size_t header_bytes = 12;  // of an envelope, behind its size
inline constexpr std::size_t field_header_bytes = 3;
inline constexpr std::size_t text_bytes_max = 255;
inline constexpr std::size_t tracestate_bytes_max = 512;
inline constexpr std::size_t services_bytes_max = (limits::services_per_hello_max - 1) * (1 + limits::name_bytes_max);

// --- types -----------------------------------------------------------------------------------------------------------

// A set of types of messages: bit n is the type with the number n.
using type_set = std::uint32_t;
static_assert(type_max < std::numeric_limits<type_set>::digits);

template <class... Types> constexpr type_set types(Types... each) noexcept {
  return ((type_set{1} << static_cast<unsigned>(each)) | ... | type_set{0});
}

constexpr bool contains(type_set set, message_type type) noexcept {
  return (set >> static_cast<unsigned>(type) & 1) != 0;
}

struct type_row {
  std::uint8_t number = 0;
  std::string_view name;
  bool call = false;  // concerns a call, so its id is not 0
};

// Number n stands at place n.
inline constexpr std::array<type_row, type_max + 1> type_rows{{
    {},
    {1, "hello"},
    {2, "welcome"},
    {3, "request", true},
    {4, "part", true},
    {5, "final", true},
    {6, "error", true},
    {7, "credit", true},
    {8, "cancel", true},
    {9, "heartbeat"},
    {10, "drain"},
    {11, "drained"},
    {12, "returned", true},
    {13, "bye"},
    {14, "recall", true},
    {15, "piece"},
    {16, "mark"},
    {17, "marked"},
    {18, "answering", true},
}};

// The types that flags and fields are on.
namespace on {
inline constexpr type_set hello = types(message_type::hello);
inline constexpr type_set welcome = types(message_type::welcome);
inline constexpr type_set request = types(message_type::request, message_type::returned);
inline constexpr type_set part = types(message_type::part);
inline constexpr type_set final = types(message_type::final);
inline constexpr type_set error = types(message_type::error);
inline constexpr type_set credit = types(message_type::credit);
inline constexpr type_set bye = types(message_type::bye);
inline constexpr type_set piece = types(type_piece);
inline constexpr type_set marks = types(type_mark, type_marked);
}  // namespace on

// --- flags -----------------------------------------------------------------------------------------------------------

// The revisions of version 1. What a newer one adds, an older peer ignores.
inline constexpr std::string_view first_revision = "1.0", second_revision = "1.1";

struct flag_row {
  std::uint32_t bits = 0;
  std::string_view name;
  type_set on = 0;  // other types are read without it
  std::string_view since;
};

// `external` is on any type that has a payload, and says where the payload is. The reader does not hand it on.
inline constexpr std::array flag_rows{
    flag_row{message_flag::idempotent, "idempotent", on::request, first_revision},
    flag_row{message_flag::one_way, "one-way", on::request, first_revision},
    flag_row{message_flag::wants_stream, "wants-stream", on::request, first_revision},
    flag_row{message_flag::client_stream, "client-stream", on::request, first_revision},
    flag_row{message_flag::end_of_parts, "end-of-parts", on::part | on::piece, first_revision},
    flag_row{message_flag::no_payload, "no-payload", on::part | on::final, first_revision},
    flag_row{message_flag::external, "external", 0, first_revision},
    flag_row{message_flag::named, "named", on::request, first_revision},
    flag_row{message_flag::end_to_end, "end-to-end", on::request | on::part | on::final | on::error, second_revision},
};

// --- fields ----------------------------------------------------------------------------------------------------------

enum tag : std::uint8_t {
  tag_service = 1,
  tag_method = 2,
  tag_budget = 3,
  tag_attempt = 4,
  tag_priority = 5,
  tag_accept = 6,
  tag_idempotency_key = 7,
  tag_traceparent = 8,
  tag_tracestate = 9,
  tag_caller = 10,
  tag_metadata = 11,
  tag_encoding = 12,
  tag_total = 13,
  tag_etag = 14,
  tag_credit = 15,
  tag_times = 16,
  tag_status = 17,
  tag_text = 18,
  tag_remote_type = 19,
  tag_origin = 20,
  tag_versions = 21,
  tag_capabilities = 22,
  tag_role = 23,
  tag_name = 24,
  tag_capacity = 25,
  tag_heartbeat = 26,
  tag_payload_max = 27,
  tag_offset = 28,
  tag_checksum = 29,
  tag_content = 30,
  tag_flags = 31,
  tag_services = 32,
};
inline constexpr std::uint8_t tag_max = tag_services;

// A set of fields: bit n is the field with the tag n.
using tag_set = std::uint64_t;
static_assert(tag_max < std::numeric_limits<tag_set>::digits);

constexpr tag_set bit(std::uint8_t tag) noexcept { return tag_set{1} << tag; }

template <class... Tags> constexpr tag_set bits(Tags... tags) noexcept { return (bit(tags) | ... | tag_set{0}); }

// The form of a field's value. Numbers are unsigned and little-endian.
enum class form : std::uint8_t { u8, u32, u64, two_u16, two_u32, text, bytes };

struct field_row {
  tag number{};
  std::string_view name;
  form value{};
  std::size_t bytes_min = 0, bytes_max = 0;
  type_set on = 0;        // types that carry it; in others it is skipped unread
  type_set required = 0;  // types that must carry it
  std::string_view since;
  std::string_view older;  // what a peer of an older revision does; empty: there is none
};

namespace detail {

constexpr field_row number(tag which, std::string_view name, form value, type_set on, type_set required = 0) noexcept {
  std::size_t size = 8;
  if (value == form::u8) size = 1;
  if (value == form::u32 || value == form::two_u16) size = 4;
  return {which, name, value, size, size, on, required, first_revision, {}};
}

constexpr field_row text(tag which, std::string_view name, std::size_t bytes_max, type_set on,
                         std::size_t bytes_min = 0, type_set required = 0) noexcept {
  return {which, name, form::text, bytes_min, bytes_max, on, required, first_revision, {}};
}

constexpr field_row bytes(tag which, std::string_view name, std::size_t bytes_max, type_set on) noexcept {
  return {which, name, form::bytes, 0, bytes_max, on, 0, first_revision, {}};
}

constexpr field_row newer(field_row row, std::string_view older) noexcept {
  row.since = second_revision;
  row.older = older;
  return row;
}

}  // namespace detail

// The field with the tag n stands at place n - 1.
inline constexpr std::array<field_row, tag_max> field_rows{
    detail::text(tag_service, "service", limits::name_bytes_max, on::request | on::hello, 1, on::request),
    detail::text(tag_method, "method", limits::name_bytes_max, on::request, 1, on::request),
    detail::number(tag_budget, "budget", form::u32, on::request),
    detail::number(tag_attempt, "attempt", form::u32, on::request),
    detail::number(tag_priority, "priority", form::u8, on::request),
    detail::number(tag_accept, "accept", form::u8, on::request),
    detail::bytes(tag_idempotency_key, "idempotency key", limits::idempotency_key_bytes_max, on::request),
    detail::text(tag_traceparent, "traceparent", text_bytes_max, on::request),
    detail::text(tag_tracestate, "tracestate", tracestate_bytes_max, on::request),
    detail::text(tag_caller, "caller", text_bytes_max, on::request),
    detail::bytes(tag_metadata, "metadata", limits::metadata_bytes_max, on::request | on::final),
    detail::number(tag_encoding, "encoding", form::u8, on::part | on::final),
    detail::number(tag_total, "total", form::u64, on::request | on::part | on::final),
    detail::bytes(tag_etag, "etag", text_bytes_max, on::request | on::part),
    detail::number(tag_credit, "credit", form::two_u32, on::request | on::credit, on::credit),
    detail::number(tag_times, "times", form::two_u32, on::final | on::error),
    detail::number(tag_status, "status", form::u8, on::error | on::bye, on::error | on::bye),
    detail::text(tag_text, "text", limits::error_text_bytes_max, on::error | on::bye),
    detail::text(tag_remote_type, "remote type", text_bytes_max, on::error),
    detail::number(tag_origin, "origin", form::u8, on::error),
    detail::number(tag_versions, "versions", form::two_u16, on::hello | on::welcome, on::hello | on::welcome),
    detail::number(tag_capabilities, "capabilities", form::u32, on::hello | on::welcome),
    detail::number(tag_role, "role", form::u8, on::hello, on::hello),
    detail::text(tag_name, "name", limits::name_bytes_max, on::hello | on::welcome),
    detail::number(tag_capacity, "capacity", form::u32, on::hello),
    detail::number(tag_heartbeat, "heartbeat", form::two_u32, on::hello | on::welcome, on::welcome),
    detail::number(tag_payload_max, "payload max", form::u64, on::welcome),
    detail::number(tag_offset, "offset", form::u64, on::request | on::part | on::marks, on::marks),
    detail::number(tag_checksum, "checksum", form::u64, on::part),
    detail::number(tag_content, "content", form::u8, on::request | on::part),
    detail::newer(detail::number(tag_flags, "flags", form::u32, on::request | on::part | on::final | on::error),
                  "ignores it, and does not pass the flags on"),
    detail::newer(detail::bytes(tag_services, "services", services_bytes_max, on::hello),
                  "ignores it: it registers the service of tag 1 alone"),
};

// --- capabilities ----------------------------------------------------------------------------------------------------

struct capability_row {
  std::uint32_t bit = 0;
  std::string_view name;
  std::string_view since;
};

inline constexpr std::array capability_rows{
    capability_row{capability::streams, "streams", first_revision},
    capability_row{capability::recall, "recall", first_revision},
    capability_row{capability_pieces, "pieces", first_revision},
    capability_row{capability::services, "services", second_revision},
};

// --- the rules of each type ------------------------------------------------------------------------------------------

struct rule {
  tag_set known = 0;        // fields that count; others are skipped unread
  tag_set required = 0;     // fields that must be there
  std::uint32_t flags = 0;  // flags that count; others are cleared
  bool call = false;        // concerns a call, so its id is not 0
};

constexpr std::array<rule, type_max + 1> make_rules() noexcept {
  std::array<rule, type_max + 1> all{};
  for (const type_row& row : type_rows) {
    const auto type = static_cast<message_type>(row.number);
    rule& r = all[row.number];
    r.call = row.call;
    for (const flag_row& f : flag_rows) r.flags |= contains(f.on, type) ? f.bits : 0;
    for (const field_row& f : field_rows) {
      if (contains(f.on, type)) r.known |= bit(f.number);
      if (contains(f.required, type)) r.required |= bit(f.number);
    }
  }
  return all;
}

inline constexpr std::array<rule, type_max + 1> rules = make_rules();

}  // namespace gate::wire::gate2
