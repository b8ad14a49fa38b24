// One message of each type with each of its fields, for tests of the dialects and for the seeds of the fuzz corpora.
#pragma once

#include <string>
#include <tuple>
#include <vector>

#include <gate/protocol.hpp>

namespace gate::samples {

inline std::string metadata() {
  std::string encoded;
  append_metadata(encoded, "tenant", "blue");
  append_metadata(encoded, "", "");
  append_metadata(encoded, "bytes", std::string("\0\xff\n", 3));
  return encoded;
}

inline message of(message_type type, std::uint64_t call) {
  message m;
  m.type = type;
  m.call = call_id{call};
  return m;
}

// A request with all fields that a request may have. The views point to constants.
inline message request() {
  static const std::string encoded = metadata();
  message m = of(message_type::request, 0x0102030405060708u);
  m.flags = message_flag::idempotent | message_flag::wants_stream | message_flag::client_stream | message_flag::named;
  m.service = "calculator";
  m.method = "add";
  m.budget = std::chrono::milliseconds(1500);
  m.attempt = 2;
  m.priority = 7;
  m.accept = 0x0f;
  m.idempotency_key = "3f2a";
  m.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  m.tracestate = "vendor=x";
  m.caller = "alice";
  m.metadata = metadata_view(encoded);
  m.credit_items = 1024;
  m.credit_bytes = 1u << 20;
  m.payload = payload_view("\x92\x01\x02");
  return m;
}

inline message part() {
  message m = of(message_type::part, 9);
  m.flags = message_flag::end_of_parts;
  m.encoding = 2;
  m.total_bytes = 5'000'000'000;
  m.etag = "v1";
  m.payload = payload_view("\xa1x");
  return m;
}

inline message huge_request() {
  message m = of(message_type::request, 11);
  m.flags = message_flag::client_stream;
  m.service = "files";
  m.method = "put";
  m.accept = payload_encoding::all;
  m.content = huge_content::raw;
  m.total_bytes = 6'000'000'000;
  m.offset = 4'294'967'296;
  m.etag = "6000000000-1700000000";
  m.payload = payload_view("\x91\xc7\0\x48");
  return m;
}

inline message huge_head() {
  message m = of(message_type::part, 11);
  m.flags = message_flag::no_payload;
  m.content = huge_content::value;
  m.encoding = payload_encoding::gzip;
  m.total_bytes = 0;
  m.offset = 0;
  m.etag = "v2";
  return m;
}

inline message chunk() {
  message m = of(message_type::part, 11);
  m.encoding = payload_encoding::zstd;
  m.offset = 262'144;
  m.checksum = 0xfedcba9876543210u;
  m.payload = payload_view("bytes");
  return m;
}

inline message huge_final() {
  message m = of(message_type::final, 11);
  m.flags = message_flag::no_payload;
  m.total_bytes = 6'000'000'000;
  return m;
}

inline message final() {
  static const std::string encoded = metadata();
  message m = of(message_type::final, 9);
  m.encoding = 1;
  m.queue_time = std::chrono::microseconds(15);
  m.service_time = std::chrono::microseconds(70'000);
  m.metadata = metadata_view(encoded);
  m.payload = payload_view("\x03");
  return m;
}

inline message error() {
  message m = of(message_type::error, 9);
  m.status = errc::failed;
  m.text = "no such file";
  m.remote_type = "std::runtime_error";
  m.origin = origin::worker;
  m.queue_time = std::chrono::microseconds(1);
  m.service_time = std::chrono::microseconds(2);
  return m;
}

inline message credit() {
  message m = of(message_type::credit, 9);
  m.credit_items = 12;
  m.credit_bytes = 4096;
  return m;
}

inline message worker_hello() {
  message m = of(message_type::hello, 0);
  m.version_min = 1;
  m.version_max = 3;
  m.capabilities = capability::streams;
  m.role = peer_role::worker;
  m.service = "calculator";
  m.name = "calculator@host:77";
  m.capacity = 64;
  m.heartbeat_interval = std::chrono::milliseconds(1000);
  m.liveness = 3;
  m.payload = payload_view("\x80");
  return m;
}

inline message client_hello() {
  message m = of(message_type::hello, 0);
  m.version_min = m.version_max = 1;
  m.role = peer_role::client;
  return m;
}

inline message welcome() {
  message m = of(message_type::welcome, 0);
  m.version_min = m.version_max = 1;
  m.capabilities = capability::streams;
  m.name = "broker";
  m.heartbeat_interval = std::chrono::milliseconds(250);
  m.liveness = 4;
  m.payload_bytes_max = 16u << 20;
  return m;
}

inline message bye() {
  message m = of(message_type::bye, 0);
  m.status = errc::unsupported;
  m.text = "version 9";
  return m;
}

inline message minimal_request() {
  message m = of(message_type::request, 1);
  m.service = "s";
  m.method = "m";
  return m;
}

inline message ended_parts() {
  message m = of(message_type::part, 10);
  m.flags = message_flag::end_of_parts | message_flag::no_payload;
  return m;
}

inline std::vector<message> all() {
  message returned = request();
  returned.type = message_type::returned;
  message one_way = minimal_request();
  one_way.flags = message_flag::one_way;
  message void_final = of(message_type::final, 4);
  void_final.flags = message_flag::no_payload;
  return {request(),
          returned,
          minimal_request(),
          one_way,
          part(),
          ended_parts(),
          final(),
          void_final,
          error(),
          credit(),
          of(message_type::cancel, 9),
          worker_hello(),
          client_hello(),
          welcome(),
          of(message_type::heartbeat, 0),
          of(message_type::drain, 0),
          of(message_type::drained, 0),
          bye(),
          huge_request(),
          huge_head(),
          chunk(),
          huge_final()};
}

// True if all fields of two messages are equal.
inline bool same(const message& a, const message& b) {
  const auto all_of = [](const message& m) {
    return std::tuple(m.type, m.flags, m.call, m.payload.single(), m.service, m.method, m.budget, m.attempt, m.priority,
                      m.accept, m.idempotency_key, m.traceparent, m.tracestate, m.caller, m.metadata.encoded(),
                      m.encoding, m.total_bytes, m.offset, m.checksum, m.content, m.etag, m.credit_items,
                      m.credit_bytes, m.queue_time, m.service_time, m.status, m.text, m.remote_type, m.origin,
                      m.version_min, m.version_max, m.capabilities, m.role, m.name, m.capacity, m.heartbeat_interval,
                      m.liveness, m.payload_bytes_max);
  };
  return all_of(a) == all_of(b) && a.payload.frames() == b.payload.frames();
}

}  // namespace gate::samples
