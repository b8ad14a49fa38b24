// The numbers of gate/2 that reader and composer share: fields, and what each type of message may and must carry.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <gate/protocol.hpp>

#include "common/protocol/gate2_own.hpp"

namespace gate::wire::gate2 {

inline constexpr std::size_t size_field_bytes = 4;
inline constexpr std::size_t header_bytes = 12;  // of an envelope, behind its size
inline constexpr std::size_t field_header_bytes = 3;
inline constexpr std::size_t text_bytes_max = 255;
inline constexpr std::size_t tracestate_bytes_max = 512;

// docs/protocol.md, "Fields".
enum tag : std::uint8_t {
  tag_service = 1,
  tag_method,
  tag_budget,
  tag_attempt,
  tag_priority,
  tag_accept,
  tag_idempotency_key,
  tag_traceparent,
  tag_tracestate,
  tag_caller,
  tag_metadata,
  tag_encoding,
  tag_total,
  tag_etag,
  tag_credit,
  tag_times,
  tag_status,
  tag_text,
  tag_remote_type,
  tag_origin,
  tag_versions,
  tag_capabilities,
  tag_role,
  tag_name,
  tag_capacity,
  tag_heartbeat,
  tag_payload_max,
  tag_offset,
  tag_checksum,
  tag_content,
};
inline constexpr std::uint8_t tag_max = tag_content;

constexpr std::uint32_t bit(std::uint8_t tag) { return 1u << tag; }

template <class... Tags> constexpr std::uint32_t bits(Tags... tags) { return (bit(tags) | ... | 0u); }

// What a type may carry, what it must, and what it means: one row a type.
struct rule {
  std::uint32_t known = 0;     // fields that count; others are skipped unread
  std::uint32_t required = 0;  // fields that must be there
  std::uint8_t flags = 0;      // flags that count; others are cleared
  bool call = false;           // concerns a call, so its id is not 0
};

inline constexpr std::uint32_t request_fields = bits(
    tag_service, tag_method, tag_budget, tag_attempt, tag_priority, tag_accept, tag_idempotency_key, tag_traceparent,
    tag_tracestate, tag_caller, tag_metadata, tag_credit, tag_total, tag_etag, tag_offset, tag_content);
inline constexpr std::uint8_t request_flags = message_flag::idempotent | message_flag::one_way |
                                              message_flag::wants_stream | message_flag::client_stream |
                                              message_flag::named;
inline constexpr std::uint8_t part_flags = message_flag::end_of_parts | message_flag::no_payload;

inline constexpr std::array<rule, type_max + 1> rules{{
    {},
    {bits(tag_service, tag_versions, tag_capabilities, tag_role, tag_name, tag_capacity, tag_heartbeat),
     bits(tag_versions, tag_role), 0, false},  // hello
    {bits(tag_versions, tag_capabilities, tag_name, tag_heartbeat, tag_payload_max), bits(tag_versions, tag_heartbeat),
     0, false},                                                                                             // welcome
    {request_fields, bits(tag_service, tag_method), request_flags, true},                                   // request
    {bits(tag_encoding, tag_total, tag_etag, tag_offset, tag_checksum, tag_content), 0, part_flags, true},  // part
    {bits(tag_metadata, tag_encoding, tag_times, tag_total), 0, message_flag::no_payload, true},            // final
    {bits(tag_times, tag_status, tag_text, tag_remote_type, tag_origin), bits(tag_status), 0, true},        // error
    {bits(tag_credit), bits(tag_credit), 0, true},                                                          // credit
    {0, 0, 0, true},                                                                                        // cancel
    {},                                                                                                     // heartbeat
    {},                                                                                                     // drain
    {},                                                                                                     // drained
    {request_fields, bits(tag_service, tag_method), request_flags, true},                                   // returned
    {bits(tag_status, tag_text), bits(tag_status), 0, false},                                               // bye
    {0, 0, 0, true},                                                                                        // recall
    {0, 0, message_flag::end_of_parts, false},                                                              // piece
    {bits(tag_offset), bits(tag_offset), 0, false},                                                         // mark
    {bits(tag_offset), bits(tag_offset), 0, false},                                                         // marked
    {0, 0, 0, true},                                                                                        // answering
}};

}  // namespace gate::wire::gate2
