// Messages that all foreign dialects give to the core in the same form.
#pragma once

#include <string_view>

#include "common/dialects/foreign_peer.hpp"

namespace gate::wire {

inline message client_hello() {
  message m;
  m.type = message_type::hello;
  m.role = peer_role::client;
  m.version_min = m.version_max = gate2_version;
  m.capabilities = capability::streams;
  return m;
}

inline message worker_hello(std::string_view service, std::uint32_t capacity) {
  message m = client_hello();
  m.role = peer_role::worker;
  m.service = service;
  m.capacity = capacity;
  return m;
}

inline message of_type(message_type type, call_id call = call_id{}) {
  message m;
  m.type = type;
  m.call = call;
  return m;
}

inline message error_of(call_id call, errc status, std::string_view text) {
  message m = of_type(message_type::error, call);
  m.status = status;
  m.text = text;
  m.origin = origin::worker;
  return m;
}

inline received taken(const message& m) {
  received r;
  r.add(m);
  return r;
}

inline received wrong(received::outcome what, std::string_view why) {
  received r;
  r.what = what;
  r.why = why;
  return r;
}

inline composed said() { return {composed::outcome::sent, false, {}}; }
inline composed unsaid() { return {}; }

// The fault of such an answer of a gate-rpc worker.
inline constexpr std::string_view two_kinds = "an answer that is both a generator and a HugeData";

// The one value in a call's payload. Every reader that feeds the core makes one value of what it reads.
inline bytes_view value_of(const message& m) noexcept {
  GATE_ASSERT(m.payload.frames() <= 1);
  return m.payload.single();
}

}  // namespace gate::wire
